"""What tuning brought: each tuned row beside the defaults, on the same seeds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ffcl.statistics import t_interval
from ffcl_leaderboard.baselines import shared
from ffcl_leaderboard.cells import Cell
from ffcl_leaderboard.settings import written


def tuning_columns(cell: Cell, defaults: Defaults) -> dict[str, Any]:
    """How the settings of a cell were found, what that took, and what it brought.

    ``tuning_gain`` is the mean over the seeds that both have of ACC tuned - ACC of the defaults, with its 95 % t
    interval; NaN for what is not tuned, or if the defaults have not been run on the same stream with the same code.
    """
    tuning = cell.first.run.tuning
    if tuning is None:
        names = ("protocol", "objective", "study", "sampler", "space")
        numbers = ("trials", "pruned", "failed_trials", "tuning_seeds", "sampler_seed", "core_hours")
        gain = dict.fromkeys(("tuning_gain", "tuning_gain_low", "tuning_gain_high"), math.nan)
        return {
            "tuned": "default",
            "optimistic": False,
            **dict.fromkeys(names, ""),
            **dict.fromkeys(numbers, math.nan),
        } | gain
    gain_interval = t_interval(defaults.gains(cell))
    return {
        "tuned": "tuned",
        "optimistic": tuning.optimistic,
        "protocol": tuning.protocol,
        "objective": tuning.objective,
        "study": tuning.study,
        "sampler": tuning.sampler,
        "space": tuning.space,
        "trials": tuning.trials,
        "pruned": tuning.pruned,
        "failed_trials": tuning.failed,
        "tuning_seeds": tuning.seeds,
        "sampler_seed": tuning.seed,
        "core_hours": tuning.core_hours,
        "tuning_gain": gain_interval.mean,
        "tuning_gain_low": gain_interval.low,
        "tuning_gain_high": gain_interval.high,
    }


class Defaults:
    """The rows that are not tuned, by their settings and code."""

    def __init__(self, cells: Sequence[Cell]) -> None:
        plain = [cell for cell in cells if cell.first.run.tuning is None]
        self._found = {_untuned(cell): cell for cell in reversed(plain)}

    def gains(self, cell: Cell) -> list[float]:
        """ACC tuned - ACC of the defaults, for each seed that both have on the same data."""
        defaults = self._found.get(_untuned(cell))
        if defaults is None:
            return []
        after, before = shared(cell, defaults)
        return list(after - before)


def _untuned(cell: Cell) -> str:
    run = cell.first.run
    return written(run.cell, cell.untuned, [part.implementation for part in run.parts])
