"""Made-up tables for the tests of the report."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import pytest

from ffcl.configuration import Component, Run
from ffcl.records import Failure, Record
from ffcl.refusals import Refusal
from ffcl_leaderboard.cells import Cell, group
from ffcl_leaderboard.coverage import coverage_frame
from ffcl_leaderboard.rows import leaderboard_frame, runs_frame
from ffcl_leaderboard.tables import Leaderboard

Maker = Callable[..., Leaderboard]


@pytest.fixture(scope="session")
def made_up() -> Maker:
    return _made_up


def _made_up(
    learners: Sequence[str] = ("bp", "ff"),
    strategies: Sequence[str] = ("none", "replay"),
    scenarios: Sequence[str] = ("toy",),
    seeds: int = 10,
    experiences: int = 5,
    fails: Sequence[str] = (),
    message: str = "boom",
    refused: Sequence[Refusal] = (),
    order: int = 1,
) -> Leaderboard:
    """Tables of a grid of made-up runs; of the learners in ``fails``, seed 0 failed with ``message``."""
    grid = itertools.product(enumerate(scenarios), enumerate(learners), enumerate(strategies), range(seeds))
    records = []
    for (z, scenario), (i, learner), (s, strategy), seed in grid:
        run = Run(
            Component(learner, {"hidden": 100 + i, "lr": 0.001, "sizes": [3, 4]}, "made-up", "1.0", "c0"),
            Component(strategy, {"buffer": 500} if s else {}, "made-up", "1.0", "c0"),
            Component(
                scenario,
                {"kind": "split", "stream": {"shuffle": True, "order": []}, "training": {"epochs": 1}},
                "made-up",
                "1.0",
                "c0",
            ),
            seed,
            "0.1.0",
        )
        if learner in fails and seed == 0:
            records.append(Record(run, "failed", "2026-01-01", failure=Failure("ValueError", message, "Traceback")))
            continue
        rng = np.random.default_rng([z, i, s, seed])
        matrix = np.tril(rng.uniform(0.2, 0.9, (experiences + 1, experiences)), -1) * 0.9**i
        seconds = float(rng.uniform(1, 9) * (1 + i))
        versions = {"python": "3.11", "torch": "2.14"}
        records.append(
            Record(
                run,
                "done",
                "2026-01-01",
                matrix.tolist(),
                n_parameters=100 + i,
                train_seconds=seconds,
                versions=versions,
            )
        )
    cells = group(records[::order])
    rows = leaderboard_frame(cells, "ACC")
    coverage = coverage_frame(cells, refused)
    return Leaderboard(cells, rows, _comparisons(cells), _summary(rows), runs_frame(cells), coverage)


def _comparisons(cells: Sequence[Cell]) -> pd.DataFrame:
    """Made-up differences to the first learner's row of the same strategy."""
    baselines = {(c.scenario, c.strategy): c for c in reversed(cells)}
    rng = np.random.default_rng(0)
    rows = [
        {
            "scenario": cell.scenario,
            "learner": cell.learner,
            "strategy": cell.strategy,
            "variant": cell.variant,
            "configuration": cell.first.run.configuration,
            "baseline": baseline.learner,
            "baseline_configuration": baseline.first.run.configuration,
            "pairs": 10,
            "difference": difference,
            "difference_low": difference - 0.0123,
            "difference_high": difference + 0.0123,
            "p": p,
            "p_holm": 2 * p,
            "effect_size": 10 * difference,
            "wins": 3,
            "equivalent": False,
            "verdict": ["better", "worse", "equivalent", "indistinguishable"][int(4 * p)],
        }
        for cell in cells
        if (baseline := baselines[cell.scenario, cell.strategy]) is not cell
        for difference, p in [(rng.uniform(-0.5, 0.5), rng.uniform(0, 1))]
    ]
    return pd.DataFrame(rows)


def _summary(rows: pd.DataFrame) -> pd.DataFrame:
    """Means over scenarios; the intervals are made up."""
    means = rows.groupby(["learner", "strategy", "variant"], as_index=False).agg(
        scenarios=("ACC", "size"), seeds=("seeds", "min"), mean=("ACC", "mean")
    )
    means["mean_rank"] = means["mean"].rank(ascending=False)
    for name, value in (("IQM", means["mean"]), ("improvement", means["mean"]), ("difference", means["mean"] - 0.5)):
        means = means.assign(**{name: value, f"{name}_low": value - 0.01, f"{name}_high": value + 0.02})
    return means.assign(equivalent=False)
