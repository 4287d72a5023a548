"""Made-up records of random accuracies, and their leaderboard in the terminal."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
from rich.console import Console

from ffcl.configuration import Component, Run
from ffcl.records import Failure, Record, Snapshot
from ffcl.refusals import Refusal
from ffcl_leaderboard.build import build


def part(name: str, code: str = "c0", **settings: Any) -> Component:
    return Component(name, settings, "made-up", "1.0", code)


def record(
    learner: str = "bp",
    strategy: str = "none",
    scenario: str = "toy",
    seed: int = 0,
    experiences: int = 2,
    started: str = "2026-01-01",
    code: str = "c0",
    mixing: float | None = None,
    snapshots: int = 0,
    **settings: Any,
) -> Record:
    """A made-up record, the same for the same arguments."""
    stream = {"experiences": experiences} | ({} if mixing is None else {"mixing": mixing})
    run = Run(
        part(learner, code, **settings),
        part(strategy),
        part(scenario, stream=stream, training={"epochs": 1}, evaluation={"every": 5 if snapshots else 0}),
        seed,
        "0.1.0",
    )
    rng = np.random.default_rng([seed, *learner.encode(), *strategy.encode(), experiences])
    matrix = rng.random((experiences + 1, experiences)).round(4)
    within = [
        Snapshot(i, 5 * n, rng.random(i).round(4).tolist())
        for i, n in itertools.product(range(1, experiences + 1), range(1, snapshots + 1))
    ]
    return Record(
        run, "done", started, matrix.tolist(), within=within, n_parameters=100, train_samples=1000, train_seconds=2.0
    )


def failed(**arguments: Any) -> Record:
    good = record(**arguments)
    return Record(good.run, "failed", "2026-01-01", failure=Failure("ValueError", "boom, twice", "Traceback"))


def shown(records: Sequence[Record], width: int = 80, sort: str = "ACC", refusals: Sequence[Refusal] = ()) -> str:
    console = Console(width=width, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    with console.file:
        console.print(build(records, None, sort, refusals).view)
    return console.export_text()
