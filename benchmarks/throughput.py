"""How much of bare PyTorch's training speed is left: ffcl and Avalanche's Naive strategy against a bare loop.

All train the same network (784-256-256, a head of the classes, Adam) for one pass over split-mnist; ffcl's loop by
itself, and as it is in a run: reproducible, and so on one thread. Each round times them one after the other; what is
printed is the median over rounds of the samples per second and of the ratio to the bare loop of the same round, so
that a busy machine slows all alike.

    python -m benchmarks.throughput --data-root DIR [--rounds 5]
"""

from __future__ import annotations

import argparse
import statistics
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn

from benchmarks.arguments import positive
from ffcl.randomness import RandomSequence, reproducible
from ffcl.stream import Stream
from ffcl.training import Training, avalanche_train_stream
from ffcl_bp.hyperparameters import BPHyperparameters
from ffcl_bp.learner import BP
from ffcl_scenarios.parameters import Split
from ffcl_scenarios.split import build

HIDDEN, LR = 256, 1e-3


def network(n_classes: int) -> nn.Module:
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(784, HIDDEN),
        nn.ReLU(),
        nn.Linear(HIDDEN, HIDDEN),
        nn.ReLU(),
        nn.Linear(HIDDEN, n_classes),
    )


def bare(stream: Stream, batch_size: int) -> float:
    data = [(e.train.inputs(torch.arange(len(e.train))), e.train.y) for e in stream.experiences]
    model = network(10)
    optimizer = torch.optim.Adam(model.parameters(), lr=LR)
    began = time.perf_counter()
    for x, y in data:
        for index in torch.randperm(len(y)).split(batch_size):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x.index_select(0, index)), y.index_select(0, index))
            loss.backward()
            optimizer.step()
    return time.perf_counter() - began


def ffcl(stream: Stream, batch_size: int) -> float:
    learner = BP(stream.input_shape, BPHyperparameters(hidden=HIDDEN, layers=2, lr=LR))
    training = Training(learner=learner, randomness=RandomSequence(0), epochs=1, batch_size=batch_size)
    experiences = [piece for pieces in avalanche_train_stream(stream) for piece in pieces]
    began = time.perf_counter()
    for experience in experiences:
        training.train(experience)
    return time.perf_counter() - began


def in_a_run(stream: Stream, batch_size: int) -> float:
    with reproducible(0):
        return ffcl(stream, batch_size)


def avalanche(data_root: Path) -> Callable[[Stream, int], float]:
    from avalanche.benchmarks.classic import SplitMNIST
    from avalanche.training.plugins import EvaluationPlugin
    from avalanche.training.supervised import Naive

    benchmark = SplitMNIST(n_experiences=5, dataset_root=data_root, seed=0)

    def run(stream: Stream, batch_size: int) -> float:
        model = network(10)
        strategy = Naive(
            model=model,
            optimizer=torch.optim.Adam(model.parameters(), lr=LR),
            criterion=nn.CrossEntropyLoss(),
            train_mb_size=batch_size,
            train_epochs=1,
            evaluator=EvaluationPlugin(loggers=[]),
        )
        began = time.perf_counter()
        for experience in benchmark.train_stream:
            strategy.train(experience)
        return time.perf_counter() - began

    return run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-root", type=Path, required=True, help="folder that holds MNIST/raw")
    parser.add_argument("--rounds", type=positive, default=5)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")

    stream = build(Split(dataset="mnist"), 0, arguments.data_root)
    samples = sum(len(e.train) for e in stream.experiences)
    contenders = {"bare loop": bare, "ffcl": ffcl, "in a run": in_a_run, "avalanche": avalanche(arguments.data_root)}
    print(f"{'threads':>7} {'batch':>5}  {'':10} {'samples/s':>10} {'ratio to bare loop':>18}")
    for threads in (1, 2):
        torch.set_num_threads(threads)
        for batch_size in (128, 512):
            seconds: dict[str, list[float]] = {name: [] for name in contenders}
            for _ in range(arguments.rounds):
                for name, contender in contenders.items():
                    seconds[name].append(contender(stream, batch_size))
            for name, times in seconds.items():
                ratio = statistics.median(b / t for b, t in zip(seconds["bare loop"], times, strict=True))
                rate = samples / statistics.median(times)
                print(f"{threads:7} {batch_size:5}  {name:10} {rate:10,.0f} {ratio:18.2f}", flush=True)


if __name__ == "__main__":
    main()
