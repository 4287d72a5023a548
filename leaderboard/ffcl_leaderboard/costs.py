"""What a run cost: time, memory and operations."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ffcl.records import Record

OF_ROW = (
    "train_seconds",
    "samples_per_second",
    "train_seconds_per_1000",
    "inference_seconds_per_1000",
    "parameters",
    "state_bytes",
    "strategy_bytes",
    "train_flops",
    "inference_flops",
    "peak_memory_bytes",
)
"""The costs of a row, which are means over its runs."""


def run_costs(record: Record) -> dict[str, float]:
    """The costs of one run; NaN for what is not known, and for a run that failed."""
    costs = {
        "train_seconds": record.train_seconds,
        "evaluation_seconds": record.evaluation_seconds,
        "train_samples": record.train_samples,
        "train_seconds_per_1000": _per_1000(record.train_seconds, record.train_samples),
        "inference_seconds_per_1000": _per_1000(record.evaluation_seconds, record.evaluated_samples),
        "parameters": record.n_parameters,
        "state_bytes": record.state_bytes,
        "strategy_bytes": record.strategy_bytes,
        "train_flops": record.train_flops,
        "inference_flops": record.inference_flops,
        "peak_memory_bytes": record.peak_memory_bytes,
    }
    done = record.status == "done"
    return {name: value if done and value is not None else math.nan for name, value in costs.items()}


def row_costs(records: Sequence[Record]) -> dict[str, float]:
    """Means over these runs; NaN where one is not known. The throughput is of all runs together."""
    costs = [run_costs(record) for record in records]
    seconds = sum(record.train_seconds for record in records)
    rate = sum(record.train_samples for record in records) / seconds if seconds else math.nan
    return {
        name: rate if name == "samples_per_second" else float(np.mean([c[name] for c in costs])) if costs else math.nan
        for name in OF_ROW
    }


def _per_1000(seconds: float, samples: int | None) -> float | None:
    return 1000 * seconds / samples if samples else None
