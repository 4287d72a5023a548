"""What it saves that workers keep freed memory: back-propagation as workers run it against the C library's defaults.

Each round trains the network on random samples in two fresh processes, one after the other: one with the settings of
ffcl's workers, one without. What is printed is the median over rounds of the milliseconds a step and of the ratio.
Both must end with the same weights, bit for bit.

    python -m benchmarks.allocation [--rounds 5] [--hidden 1000] [--steps 200]
"""

from __future__ import annotations

import argparse
import hashlib
import os
import statistics
import subprocess
import sys
import time

import torch

from benchmarks.arguments import positive
from ffcl.tender import MALLOC
from ffcl_bp.hyperparameters import BPHyperparameters
from ffcl_bp.learner import BP


def train(hidden: int, steps: int) -> None:
    """Print the milliseconds a step, and a digest of the weights."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    learner = BP((1, 32, 32), BPHyperparameters(hidden=hidden, precision="auto"))
    learner.begin_experience(tuple(range(10)))
    optimizer = learner.optimizer()
    x, y = torch.randn(128, 1, 32, 32), torch.randint(10, (128,))
    began = 0.0
    for step in range(steps + 20):
        if step == 20:
            began = time.perf_counter()
        optimizer.zero_grad()
        learner.loss(x, y, None).backward()
        optimizer.step()
    milliseconds = 1e3 * (time.perf_counter() - began) / steps
    digest = hashlib.sha256(b"".join(p.detach().numpy().tobytes() for p in learner.parameters())).hexdigest()
    print(milliseconds, digest)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=positive, default=5)
    parser.add_argument("--hidden", type=positive, default=1000)
    parser.add_argument("--steps", type=positive, default=200)
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        train(arguments.hidden, arguments.steps)
        return
    settings = ["--hidden", str(arguments.hidden), "--steps", str(arguments.steps)]
    command = [sys.executable, "-m", "benchmarks.allocation", "--child", *settings]
    plain = {name: value for name, value in os.environ.items() if name not in MALLOC}
    rounds = []
    for _ in range(arguments.rounds):
        ends = [
            subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout.split()
            for env in (plain, plain | MALLOC)
        ]
        if ends[0][1] != ends[1][1]:
            sys.exit("The weights differ.")
        rounds.append((float(ends[0][0]), float(ends[1][0])))
    before, after = (statistics.median(times) for times in zip(*rounds, strict=True))
    ratio = statistics.median(default / kept for default, kept in rounds)
    print(f"defaults {before:.2f} ms a step, kept {after:.2f} ms: {ratio:.2f} times as fast")


if __name__ == "__main__":
    main()
