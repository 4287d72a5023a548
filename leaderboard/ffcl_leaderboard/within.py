"""Metrics of what happens while experiences are learned: pure functions of the snapshots of a run.

Snapshots come every ``every`` training steps, on a fixed part of each test set. ``curves`` holds an array an
experience: ``curves[i - 1]`` has a row a snapshot taken while experience i was learned and i columns, the accuracy on
experiences 1 to i. An experience ends up to ``every`` - 1 steps after its last snapshot. The ends themselves take no
part, except in WC-ACC: they are measured on whole test sets, and numbers from two samples do not tell a drop.
Everything is NaN unless each experience has a snapshot.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ffcl.records import Record

WITHIN = ("AAA", "min_ACC", "WC_ACC", "gap")
"""Every metric of this module by its column name."""


def curves_of(record: Record) -> list[NDArray[np.float64]]:
    """The snapshots of a run by experience: (snapshots, experiences so far) each."""
    n_experiences = len(record.accuracy[0]) if record.accuracy else 0
    taken: list[list[list[float]]] = [[] for _ in range(n_experiences)]
    for snapshot in record.within:
        taken[snapshot.experience - 1].append(snapshot.accuracy)
    return [np.array(rows, dtype=np.float64).reshape(-1, i) for i, rows in enumerate(taken, start=1)]


def within_metrics(record: Record) -> dict[str, float]:
    """Every metric of this module; NaN for a run without snapshots."""
    if not record.within or not record.accuracy:
        return dict.fromkeys(WITHIN, math.nan)
    curves = curves_of(record)
    return {
        "AAA": anytime_accuracy(curves),
        "min_ACC": minimum_accuracy(curves),
        "WC_ACC": worst_case_accuracy(curves, record.accuracy[-1][-1]),
        "gap": stability_gap(curves),
    }


def anytime_accuracy(curves: Sequence[ArrayLike]) -> float:
    """AAA = mean over all snapshots of the mean accuracy over the experiences so far.

    Caccia et al. 2021, arXiv 2104.05025. Each snapshot weighs the same, so a longer experience weighs more.
    """
    taken = _arrays(curves)
    return float(np.concatenate([a.mean(axis=1) for a in taken]).mean()) if taken else math.nan


def minimum_accuracy(curves: Sequence[ArrayLike]) -> float:
    """min-ACC = mean_{j<T} min of the accuracy on j over the snapshots of experiences j + 1 to T.

    De Lange et al. 2023, arXiv 2205.13452, which evaluates at every step: with fewer snapshots the minimum is missed
    more often, and the number higher. NaN for one experience.
    """
    taken = _arrays(curves)
    lowest = [min(a[:, j].min() for a in taken[j + 1 :]) for j in range(len(taken) - 1)]
    return float(np.mean(lowest)) if lowest else math.nan


def worst_case_accuracy(curves: Sequence[ArrayLike], last: float) -> float:
    """WC-ACC = (1 / T) a[T, T] + (1 - 1 / T) min-ACC (De Lange et al. 2023, arXiv 2205.13452).

    Args:
        curves: the snapshots.
        last: a[T, T], accuracy on the last experience at the end of the stream, on its whole test set.
    """
    taken = _arrays(curves)
    if not taken:
        return math.nan
    share = 1 / len(taken)
    return last if len(taken) == 1 else share * last + (1 - share) * minimum_accuracy(taken)


def stability_gap(curves: Sequence[ArrayLike]) -> float:
    """Gap = mean_{j<i} max(0, min(before, after) - lowest), the part of a drop that is made good again.

    Defined here, for what De Lange et al. 2023 (arXiv 2205.13452) describe. Of the accuracy on experience j:
    ``before`` is the last snapshot of experience i - 1, ``after`` the last one of experience i, ``lowest`` the least
    of experience i. What is lost for good is forgetting and not counted. NaN for one experience, and if an experience
    after the first has a single snapshot: a drop and its recovery cannot both be seen.
    """
    taken = _arrays(curves)
    if any(len(a) < 2 for a in taken[1:]):
        return math.nan
    gaps = [
        max(0.0, min(before[-1, j], now[-1, j]) - now[:, j].min())
        for before, now in pairwise(taken)
        for j in range(before.shape[1])
    ]
    return float(np.mean(gaps)) if gaps else math.nan


def _arrays(curves: Sequence[ArrayLike]) -> list[NDArray[np.float64]]:
    """Check and convert curves; an empty list if an experience has no snapshot."""
    taken = [np.asarray(curve, dtype=np.float64) for curve in curves]
    if any(a.size == 0 for a in taken):
        return []
    for i, a in enumerate(taken, start=1):
        if a.ndim != 2 or a.shape[1] != i:
            raise ValueError(f"The snapshots of experience {i} have {i} columns, got shape {a.shape}.")
    return taken
