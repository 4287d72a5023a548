"""How fast the learning rules are: training, predicting and scaling, as ratios measured in one run.

All rules of a table get the same data in one process. Each round times them one after the other; what is printed
is the median over rounds, and a ratio is that of the same round, so that a busy machine slows all alike. The bars
at the end are given by the clock on the wall and by the processor time of this process, which leaves out what
others take. The references are in `references.py`.

    python -m benchmarks.rules [--rounds 5] [--data-root DIR] [--only training] [--threads 1,2]
"""

from __future__ import annotations

import argparse
import statistics
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from benchmarks.arguments import positive
from benchmarks.references import MLP, ReferenceFF, SpikingLoop
from ffcl.environment import hardware
from ffcl.learner import Learner
from ffcl.registry import installed
from ffcl.specs import resolve
from ffcl_hebbian.neurons import Response, firing_rates, lif_parameters

SHAPE = (1, 28, 28)
SIZES = ((2, 500), (2, 1000), (2, 1400))
MIDDLE = (2, 1000)
BATCHES = (128, 512)
PASS = 2048  # training samples a measurement
SECTIONS = ("training", "inference", "defaults", "spiking", "scaling")
RANDOM: Any = {"probability": "sigmoid", "contrast": "pair", "negatives": "random"}
CLOCKS = (time.perf_counter, time.process_time)

Batches = Sequence[tuple[Tensor, Tensor]]


@dataclass(frozen=True)
class Work:
    """Something to be timed, and the number of samples that it deals with."""

    samples: int
    run: Callable[[], object]


@dataclass
class Times:
    """Seconds a sample of each round, by both clocks."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Samples a second, by the clock on the wall."""
        return 1.0 / statistics.median(self.wall)

    def faster_than(self, other: Times, clock: Literal["wall", "cpu"] = "wall") -> float:
        """How many times faster than ``other``."""
        mine, others = (t.wall if clock == "wall" else t.cpu for t in (self, other))
        return statistics.median(b / a for a, b in zip(mine, others, strict=True))


@dataclass(frozen=True)
class Bar:
    """What is asked of a ratio, what was measured, and the limits, if it is to be large or small."""

    claim: str
    wall: float
    cpu: float
    least: float = 0.0
    most: float = float("inf")

    @classmethod
    def faster(cls, claim: str, times: Times, others: Times, least: float) -> Bar:
        """That ``times`` are at least so many times faster than others."""
        return cls(claim, times.faster_than(others), times.faster_than(others, "cpu"), least=least)

    def __str__(self) -> str:
        asked = f">= {self.least:g}" if self.least else f"<= {self.most:g}"
        met = "yes" if self.least <= self.wall <= self.most else "no"
        return f"| {self.claim} | {asked} | {self.wall:.2f} | {self.cpu:.2f} | {met} |"


def race(works: Mapping[str, Work], rounds: int) -> dict[str, Times]:
    """Time all works once a round, one after the other, after one run that does not count."""
    times = {name: Times() for name in works}
    for work in works.values():
        work.run()
    for _ in range(rounds):
        for name, work in works.items():
            began = [clock() for clock in CLOCKS]
            work.run()
            wall, cpu = (clock() - start for clock, start in zip(CLOCKS, began, strict=True))
            times[name].wall.append(wall / work.samples)
            times[name].cpu.append(cpu / work.samples)
    return times


def show(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    print(f"\n{title}")
    for row in (header, *rows):
        first = row[0].ljust(widths[0])
        print("  ".join([first, *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]))
    print(end="", flush=True)


class Data:
    """Images in 0 to 1 and labels: MNIST, or random ones of its shape and share of black."""

    def __init__(self, root: Path | None) -> None:
        n = PASS + 1000
        if root is None:
            self.name = "random images of 28x28, four fifths of the pixels 0"
            self.x = torch.rand(n, *SHAPE) * (torch.rand(n, *SHAPE) < 0.2)
            self.y = torch.randint(10, (n,))
        else:
            from ffcl_scenarios.datasets import load

            self.name = f"the first {n} images of MNIST"
            mnist = load("mnist", root)
            self.x, self.y = mnist.train_x[:n].contiguous(), mnist.train_y[:n]

    def batches(self, size: int, samples: int = PASS) -> Batches:
        """Training batches."""
        return list(zip(self.x[:samples].split(size), self.y[:samples].split(size), strict=True))

    @property
    def test(self) -> Tensor:
        """Images to be scored."""
        return self.x[PASS:]


def ready(name: str, classes: int = 10, **settings: Any) -> Learner[Any]:
    """A learner by its registered name, with the labels of ``classes`` classes."""
    spec = installed().learners[name].item
    learner: Learner[Any] = resolve(spec.learner)(SHAPE, spec.hyperparameters(**settings))
    learner.begin_experience(tuple(range(classes)))
    return learner


def learning(learner: Learner[Any], batches: Batches) -> Work:
    """Training as the run loop does it."""
    samples = sum(len(y) for _, y in batches)
    if type(learner).loss is Learner.loss:

        def observe() -> None:
            for x, y in batches:
                learner.observe(x, y, None)

        return Work(samples, observe)
    optimizer = learner.optimizer()

    def run() -> None:
        for x, y in batches:
            optimizer.zero_grad()
            learner.loss(x, y, None).backward()
            optimizer.step()

    return Work(samples, run)


def reference_learning(reference: MLP | ReferenceFF | SpikingLoop, batches: Batches) -> Work:
    def run() -> None:
        for x, y in batches:
            reference.train(x, y)

    return Work(sum(len(y) for _, y in batches), run)


def scoring(scores: Callable[[Tensor], Tensor], x: Tensor) -> Work:
    def run() -> None:
        with torch.no_grad():
            scores(x)

    return Work(len(x), run)


def training(data: Data, rounds: int, sizes: Sequence[tuple[int, int]] = SIZES) -> list[Bar]:
    bars: list[Bar] = []
    rows: list[list[str]] = []
    for layers, hidden in sizes:
        size = {"layers": layers, "hidden": hidden}
        for batch in BATCHES:
            batches = data.batches(batch)
            learners = {
                "ff random": ready("ff", **size, **RANDOM),
                "ff random, float32": ready("ff", **size, **RANDOM, precision="float32"),
                "ff hard": ready("ff", **size),
                "ff hard, float32": ready("ff", **size, precision="float32"),
                "bp": ready("bp", **size),
            }
            references: dict[str, MLP | ReferenceFF] = {
                "BP float32": MLP(layers, hidden),
                "BP bfloat16": MLP(layers, hidden, bfloat16=True),
                "reference FF": ReferenceFF(layers, hidden),
            }
            works = {name: learning(learner, batches) for name, learner in learners.items()}
            works |= {name: reference_learning(reference, batches) for name, reference in references.items()}
            times = race(works, rounds)
            for name, t in times.items():
                ratios = [f"{t.faster_than(times[r]):.2f}" for r in ("reference FF", "BP float32", "BP bfloat16")]
                rows.append([name, f"{layers}x{hidden}", str(batch), f"{t.rate:,.0f}", *ratios])
            if ((layers, hidden), batch) == (MIDDLE, BATCHES[-1]):
                where = f"training {layers}x{hidden}, batch {batch}"
                bars += [
                    Bar.faster(f"{name} over {other}, {where}", times[name], times[other], least)
                    for name, other, least in (
                        ("ff random", "reference FF", 2.5),
                        ("ff random", "BP float32", 1.2),
                        ("ff hard", "reference FF", 1.6),
                        ("ff hard", "BP float32", 1.0),
                    )
                ]
    header = ["learner", "network", "batch", "samples/s", "x reference FF", "x BP float32", "x BP bfloat16"]
    show(f"Training on {torch.get_num_threads()} thread(s); ff in precision auto unless float32", header, rows)
    return bars


def inference(data: Data, rounds: int) -> list[Bar]:
    bars: list[Bar] = []
    rows: list[list[str]] = []
    for layers, hidden in SIZES:
        scores: dict[str, Callable[[Tensor], Tensor]] = {
            "ff": ready("ff", layers=layers, hidden=hidden),
            "ff, float32": ready("ff", layers=layers, hidden=hidden, precision="float32"),
            "reference FF": ReferenceFF(layers, hidden).scores,
            "BP float32": MLP(layers, hidden).scores,
            "BP bfloat16": MLP(layers, hidden, bfloat16=True).scores,
        }
        times = race({name: scoring(score, data.test) for name, score in scores.items()}, rounds)
        bp, reference = times["BP float32"], times["reference FF"]
        for name, t in times.items():
            ratios = f"{bp.faster_than(t):.2f}", f"{t.faster_than(reference):.2f}"
            rows.append([name, f"{layers}x{hidden}", f"{t.rate:,.0f}", *ratios])
        if (layers, hidden) == MIDDLE:
            claim = f"time of ff over 10 labels, in BP forwards (float32), {layers}x{hidden}"
            bars.append(Bar(claim, bp.faster_than(times["ff"]), bp.faster_than(times["ff"], "cpu"), most=3.0))
    header = ["scores", "network", "samples/s", "time in BP forwards", "x reference FF"]
    show(f"Predicting one of 10 labels, {len(data.test)} samples at once", header, rows)

    return bars


def defaults(data: Data, rounds: int) -> list[Bar]:
    """Every installed learner with its default settings, in batches of 64 as the scenarios have them."""
    trainings, predictions = {}, {}
    for name in installed().learners:
        learner = ready(name)
        trainings[name] = learning(learner, data.batches(64))
        predictions[name] = scoring(learner, data.test)
    trained, predicted = race(trainings, rounds), race(predictions, rounds)
    rows = []
    for name in trainings:
        cells = [[f"{t[name].rate:,.0f}", f"{t['bp'].faster_than(t[name]):.2f}"] for t in (trained, predicted)]
        rows.append([name, *cells[0], *cells[1]])
    header = ["learner", "training/s", "time in bp steps", "predictions/s", "time in bp forwards"]
    show("Every learner with its default settings, batches of 64", header, rows)
    return []


def spiking(data: Data, rounds: int) -> list[Bar]:
    hidden = 200
    batches = {1: data.batches(1, 20), 50: data.batches(50, 500), 512: data.batches(512)}
    loops = {50: "loop, Bernoulli, batch 50", 1: "loop, Bernoulli, one by one"}
    bernoulli: dict[str, Any] = {"encoding": "bernoulli", "steps": 24, "settling": 16}
    random = {"negatives": "random"}  # as the paper draws them
    contenders: dict[str, tuple[tuple[int, ...], dict[str, Any]]] = {
        "hebbian, constant current": ((512, 50, 1), {}),
        "hebbian, constant current, random negatives": ((512, 50), random),
        "hebbian, Bernoulli": ((50, 1), bernoulli),
        "hebbian, Bernoulli, random negatives": ((50, 1), bernoulli | random),
    }
    trainings: dict[str, Work] = {}
    predictions: dict[str, Work] = {}
    for title, (sizes, settings) in contenders.items():
        for batch in sizes:
            name = f"{title}, batch {batch}"
            learner = ready("hebbian", hidden=hidden, **settings)
            trainings[name] = learning(learner, batches[batch])
            predictions[name] = scoring(learner, data.test[:batch])
    for batch, name in loops.items():
        loop = SpikingLoop(hidden)
        trainings[name] = reference_learning(loop, batches[batch])
        predictions[name] = scoring(loop.scores, data.test[:batch])
    trained, predicted = race(trainings, rounds), race(predictions, rounds)
    rows = []
    for name in trainings:
        cells = []
        for times in (trained, predicted):
            ratios = [f"{times[name].faster_than(times[loop]):.1f}" for loop in loops.values()]
            cells += [f"{times[name].rate:,.0f}", *ratios]
        rows.append([name, *cells])
    ratios = ["x loop of 50", "x loop of 1"]
    header = [f"1x{hidden}, encoding, batch", "training/s", *ratios, "predictions/s", *ratios]
    show("Spiking, samples/s (hebbian learns from both phases of a sample, the paper's loop from one)", header, rows)
    bars = [
        Bar.faster(f"{name} over the paper's {loops[batch]}, 1x{hidden}", trained[name], trained[loops[batch]], least)
        for name in ("hebbian, constant current, batch 50", "hebbian, constant current, batch 512")
        for batch, least in ((50, 30.0), (1, 100.0))
    ]
    return bars + lookup(rounds)


def lookup(rounds: int) -> list[Bar]:
    """The looked-up answers of the neurons against their simulation, and whether both say the same."""
    steps, neurons = 16, lif_parameters(0.85, 0.45)
    response = Response(neurons, steps)
    current = torch.randn(512, 1000)
    rows: list[list[str]] = []
    bars: list[Bar] = []
    for dtype in (torch.bfloat16, torch.float32):
        given = current.to(dtype)
        simulate = partial(firing_rates, given.float(), [], steps, neurons)
        times = race({"table": Work(1, partial(response.rate, given)), "Norse": Work(1, simulate)}, rounds)
        table, norse = times["table"], times["Norse"]
        name = str(dtype).removeprefix("torch.")
        equal = int((response.rate(given).float() == simulate()[0]).sum())
        milliseconds = [f"{1e3 / t.rate:.2f}" for t in (table, norse)]
        rows.append([name, *milliseconds, f"{table.faster_than(norse):.1f}", f"{equal:,} of {current.numel():,}"])
        bars.append(Bar.faster(f"looked-up firing rates over Norse's {steps} steps, {name}", table, norse, 20.0))
        share = equal / current.numel()
        bars.append(Bar(f"share of equal firing rates, {name}", share, share, least=1.0))
    show("Firing rates of 512x1000 neurons", ["currents", "table ms", "Norse ms", "ratio", "equal answers"], rows)
    return bars


def scaling(data: Data, rounds: int) -> list[Bar]:
    """One dial moves, the rest stays at the defaults; batches of 128, all predictions at once."""
    learners: dict[str, tuple[str, dict[str, Any]]] = {name: (name, {}) for name in ("ff", "hebbian", "bp")}
    spiking: dict[str, tuple[str, dict[str, Any]]] = {
        "1 layer": ("hebbian", {"layers": 1}),
        "2 layers": ("hebbian", {"layers": 2}),
        "Bernoulli": ("hebbian", {"encoding": "bernoulli", "settling": 2}),
    }
    dials = {
        "classes": (learners, (2, 10, 100)),
        "hidden": (learners, (100, 200, 500, 1000, 2000)),
        "layers": (learners, (1, 2, 3, 4)),
        "steps": (spiking, (4, 16, 64)),
    }
    for dial, (contenders, values) in dials.items():
        works: dict[str, Work] = {}
        for value in values:
            classes = value if dial == "classes" else 10
            for title, (name, settings) in contenders.items():
                learner = ready(name, classes, **settings, **({} if dial == "classes" else {dial: value}))
                batches = [(x, torch.randint(classes, y.shape)) for x, y in data.batches(128, 1024)]
                works[f"{title} training {value}"] = learning(learner, batches)
                works[f"{title} predicting {value}"] = scoring(learner, data.test)
        times = race(works, rounds)
        columns = [f"{title} {phase}" for title in contenders for phase in ("training", "predicting")]
        rows = [[str(value), *(f"{1e3 / times[f'{c} {value}'].rate:.3f}" for c in columns)] for value in values]
        whose = " of hebbian" if contenders is spiking else ""
        show(f"Scaling, seconds per 1000 samples: {dial}{whose}", [dial, *columns], rows)
    return []


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=positive, default=5)
    parser.add_argument("--data-root", type=Path, help="folder that holds MNIST/raw; without it images are random")
    parser.add_argument("--only", choices=SECTIONS, help="one part of it")
    parser.add_argument("--threads", default="1", help="the first for everything; training is repeated with the others")
    arguments = parser.parse_args()
    threads = [int(n) for n in arguments.threads.split(",")]
    warnings.simplefilter("ignore")
    torch.manual_seed(0)
    torch.set_num_threads(threads[0])

    data = Data(arguments.data_root)
    described = {**hardware(), "torch": torch.__version__, "threads": str(threads[0]), "data": data.name}
    print("\n".join(f"{name}: {value}" for name, value in described.items()), flush=True)
    bars: list[Bar] = []
    for section in (training, inference, defaults, spiking, scaling):
        if arguments.only in (None, section.__name__):
            bars += section(data, arguments.rounds)
    if arguments.only in (None, "training"):
        for n in threads[1:]:
            torch.set_num_threads(n)
            training(data, arguments.rounds, [MIDDLE])
    if bars:
        print("\n| ratio | bar | measured | by processor time | met |\n| --- | --- | --- | --- | --- |")
        print("\n".join(map(str, bars)))


if __name__ == "__main__":
    main()
