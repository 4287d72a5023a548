"""What tuning brought: each tuned row beside the defaults, on the same seeds."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from typing import Any

from ffcl.configuration import Component
from ffcl.metrics import METRICS
from ffcl.statistics import t_interval
from ffcl_leaderboard.cells import Cell


def tuning_columns(cell: Cell, cells: Sequence[Cell]) -> dict[str, Any]:
    """How the settings of a cell were found, what that took, and what it brought.

    ``tuning_gain`` is the mean over the seeds that both have of ACC tuned - ACC of the defaults, with its 95 % t
    interval; NaN for what is not tuned, or if the defaults have not been run on the same stream.
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
    gain_interval = t_interval(_gains(cell, cells))
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


def _gains(cell: Cell, cells: Sequence[Cell]) -> list[float]:
    """ACC tuned - ACC of the defaults, for each seed that both have."""
    tuning = cell.first.run.tuning
    assert tuning is not None
    wanted = _settings(part.with_settings(tuning.defaults) for part in cell.first.run.parts)
    plain = (other for other in cells if other.first.run.tuning is None)
    defaults = next((other for other in plain if _settings(other.first.run.parts) == wanted), None)
    if defaults is None:
        return []
    before = {record.run.seed: record.accuracy for record in defaults.done if record.accuracy is not None}
    accuracy = METRICS["ACC"]
    return [
        float(accuracy(record.accuracy) - accuracy(before[record.run.seed]))
        for record in cell.done
        if record.run.seed in before and record.accuracy is not None
    ]


def _settings(parts: Iterable[Component]) -> str:
    return json.dumps([(part.name, part.settings) for part in parts], sort_keys=True)
