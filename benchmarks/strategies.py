"""What each strategy costs: its training throughput as a ratio to that of no strategy.

Every learner is trained with every strategy it can take, for one pass over split-mnist, one after the other in one
process and on one thread; the samples are those of the stream, without the ones that a strategy adds. What is printed
is the median over rounds of the ratio to ``none`` in the same round.

    python -m benchmarks.strategies --data-root DIR [--rounds 3] [--learner bp] [--batch-size 64]
"""

from __future__ import annotations

import argparse
import statistics
import warnings
from pathlib import Path

import torch

from benchmarks.arguments import positive
from ffcl.configuration import Run
from ffcl.execute import build_stream, execute
from ffcl.plan import make_plan
from ffcl.registry import installed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-root", type=Path, required=True, help="folder that holds MNIST/raw")
    parser.add_argument("--rounds", type=positive, default=3)
    parser.add_argument("--learner", nargs="+", default=["bp", "ff", "hebbian", "oja"])
    parser.add_argument("--batch-size", type=positive, default=64)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)

    settings = {"split-mnist.batch_size": arguments.batch_size}
    registry = installed()
    plan = make_plan(registry, arguments.learner, ["all"], ["split-mnist"], [0], settings)
    build_stream(plan.runs[0], registry, arguments.data_root)  # once a process
    seconds: dict[tuple[str, str], list[float]] = {}
    for _ in range(arguments.rounds):
        for run in plan.runs:
            seconds.setdefault(_pair(run), []).append(execute(run, registry, arguments.data_root).train_seconds)

    strategies = list(dict.fromkeys(strategy for _, strategy in seconds))
    print(f"{'strategy':14}" + "".join(f"{learner:>9}" for learner in arguments.learner))
    for strategy in strategies:
        ratios = [
            statistics.median(
                base / own for base, own in zip(seconds[learner, "none"], seconds[learner, strategy], strict=True)
            )
            if (learner, strategy) in seconds
            else None
            for learner in arguments.learner
        ]
        print(f"{strategy:14}" + "".join("  refused" if r is None else f"{r:9.2f}" for r in ratios), flush=True)
    rates = [60_000 / statistics.median(seconds[learner, "none"]) for learner in arguments.learner]
    print(f"{'none, samples/s':14}" + "".join(f"{rate:9,.0f}" for rate in rates))


def _pair(run: Run) -> tuple[str, str]:
    return run.learner.name, run.strategy.name


if __name__ == "__main__":
    main()
