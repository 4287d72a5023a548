"""Made-up runs of the same seeds, and how they compare."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ffcl.configuration import Component, Run, Tuning
from ffcl.records import Record
from ffcl_leaderboard.cells import group
from ffcl_leaderboard.comparisons import comparisons_frame


def record(
    learner: str = "bp",
    accuracy: float = 0.5,
    seed: int = 0,
    strategy: str = "none",
    scenario: str = "toy",
    strategy_settings: dict[str, Any] | None = None,
    stream: dict[str, Any] | None = None,
    tuned: str = "",
    **of_learner: Any,
) -> Record:
    """A made-up run that ends at ``accuracy`` on both of its experiences."""
    parts = [
        Component(learner, of_learner, "made-up", "1.0", "c0"),
        Component(strategy, strategy_settings or {}, "made-up", "1.0", "c0"),
        Component(scenario, {"stream": stream or {}, "training": {"epochs": 1}}, "made-up", "1.0", "c0"),
    ]
    defaults = {f"{learner}.lr": 0.1, f"{strategy}.strength": 1.0}
    tuning = Tuning("s", tuned, "ACC", 9, 0, 0, 5, "tpe", 0, "space", 1.0, defaults, []) if tuned else None
    matrix = [[0.0, 0.0], [accuracy, 0.0], [accuracy, accuracy]]
    return Record(Run(*parts, seed, "0.1.0", tuning), "done", "2026", matrix, n_parameters=1)


def runs(learner: str, values: Sequence[float], **names: Any) -> list[Record]:
    return [record(learner, value, seed, **names) for seed, value in enumerate(values)]


BASE = np.random.default_rng(0).uniform(0.4, 0.6, 12).round(4)
NOISE = np.random.default_rng(1).normal(0, 0.02, 12).round(4)


def compared(records: Sequence[Record], baseline: str | None = None) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = comparisons_frame(group(records), baseline).to_dict("records")
    return rows
