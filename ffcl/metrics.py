"""Metrics of continual learning: pure functions of the accuracy matrix.

The matrix ``a`` has T + 1 rows and T columns: a[i, j] is the accuracy on experience j's test set after training
on experience i, both counted from 1 in the formulas; row 0 is the untrained learner. Every function also takes a
stack of matrices (..., T + 1, T), such as the seeds of a row, and returns one value each (...). Means over experiences
are unweighted. What is undefined, as forgetting in a stream of one experience, is NaN.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

Values = NDArray[np.float64]

FLOOR = 0.05
"""Skill below which an experience counts as never learned: what was not learned can be neither kept nor lost."""


def as_matrix(a: ArrayLike) -> Values:
    """Check and convert an accuracy matrix, or a stack of them.

    Raises:
        ValueError: it is not of T + 1 rows and T columns.
    """
    matrix = np.asarray(a, dtype=np.float64)
    if matrix.ndim < 2 or matrix.shape[-1] < 1 or matrix.shape[-2] != matrix.shape[-1] + 1:
        raise ValueError(f"An accuracy matrix has T + 1 rows and T columns, got shape {matrix.shape}.")
    return matrix


def accuracy_seen(a: ArrayLike) -> Values:
    """Accuracy over the experiences seen so far, A_i = mean_{j<=i} a[i, j], for i = 1 .. T: (..., T)."""
    trained = as_matrix(a)[..., 1:, :]
    n = np.arange(1, trained.shape[-1] + 1)
    return np.asarray(np.tril(trained).sum(-1) / n)


def final_accuracy(a: ArrayLike) -> Values:
    """ACC = mean_j a[T, j] (Lopez-Paz & Ranzato 2017, arXiv 1706.08840)."""
    return np.asarray(as_matrix(a)[..., -1, :].mean(-1))


def average_incremental_accuracy(a: ArrayLike) -> Values:
    """AIA = mean_i mean_{j<=i} a[i, j] (Rebuffi et al. 2017, arXiv 1611.07725)."""
    return np.asarray(accuracy_seen(a).mean(-1))


def learning_accuracy(a: ArrayLike) -> Values:
    """LA = mean_j a[j, j] (Riemer et al. 2019, arXiv 1810.11910)."""
    return np.asarray(_diagonal(as_matrix(a)).mean(-1))


def forgetting(a: ArrayLike) -> Values:
    """Forgetting = mean_{j<T} (max_{j<=i<T} a[i, j] - a[T, j]) (Chaudhry et al. 2018, arXiv 1801.10112)."""
    matrix = as_matrix(a)
    return _mean(_best(matrix[..., 1:-1, :-1]) - matrix[..., -1, :-1])


def backward_transfer(a: ArrayLike) -> Values:
    """BWT = mean_{j<T} (a[T, j] - a[j, j]) (Lopez-Paz & Ranzato 2017, arXiv 1706.08840)."""
    matrix = as_matrix(a)
    return _mean(matrix[..., -1, :-1] - _diagonal(matrix)[..., :-1])


def forward_transfer(a: ArrayLike) -> Values:
    """FWT = mean_{j>1} (a[j-1, j] - a[0, j]) (Lopez-Paz & Ranzato 2017, arXiv 1706.08840).

    A learner answers nothing about classes it has not seen, so where each class comes in one experience only, as in
    class- and task-incremental splits, both terms, and FWT, are 0.
    """
    matrix = as_matrix(a)
    before = np.diagonal(matrix, axis1=-2, axis2=-1)
    return _mean(before[..., 1:] - matrix[..., 0, 1:])


METRICS: dict[str, Callable[[ArrayLike], Values]] = {
    "ACC": final_accuracy,
    "AIA": average_incremental_accuracy,
    "LA": learning_accuracy,
    "forgetting": forgetting,
    "BWT": backward_transfer,
    "FWT": forward_transfer,
}
"""Every metric of the accuracy matrix alone, by its column name."""


def skill(a: ArrayLike, choices: ArrayLike) -> Values:
    """What is left of accuracy beyond guessing, (a - 1/c) / (1 - 1/c), at least 0: (..., T + 1, T).

    Cohen 1960 with guesses spread evenly. In class-incremental streams the same accuracy is more skill the more
    classes have been seen.

    Args:
        a: the accuracy matrix.
        choices: c[i, j], how many labels may be chosen for a sample of experience j after experience i, (..., T + 1,
            T). With a single one there is nothing to know, and the skill is 0.
    """
    matrix, count = as_matrix(a), np.asarray(choices, dtype=np.float64)
    chance = 1 / np.maximum(count, 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(count > 1, np.maximum((matrix - chance) / (1 - chance), 0.0), 0.0)


def retention(a: ArrayLike, choices: ArrayLike) -> Values:
    """Retention = mean_{j<T} s[T, j] / max_{j<=i<T} s[i, j], s the `skill`, over the experiences that were learned.

    The share of what was learned that is still there; defined here. An experience whose skill never reached `FLOOR`
    takes no part; if none did, retention is undefined.
    """
    s = skill(a, choices)
    best, last = _best(s[..., 1:-1, :-1]), s[..., -1, :-1]
    learned = best >= FLOOR
    kept = np.where(learned, last / np.where(learned, best, 1.0), 0.0).sum(-1)
    count = learned.sum(-1)
    return np.asarray(np.where(count > 0, kept / np.maximum(count, 1), np.nan))


def never_learned(a: ArrayLike, choices: ArrayLike) -> Values:
    """How many experiences j have a `skill` below `FLOOR` after every experience i >= j; defined here."""
    s = skill(a, choices)
    return np.asarray((_best(s[..., 1:, :]) < FLOOR).sum(-1), dtype=np.float64)


def intransigence(a: ArrayLike, reference: ArrayLike) -> Values:
    """Intransigence = mean_k (a*[k, k] - a[k, k]) (Chaudhry et al. 2018, arXiv 1801.10112).

    Args:
        a: the accuracy matrix.
        reference: a*, that of a learner trained on all data up to each experience k, of the same shape.
    """
    return np.asarray((_diagonal(as_matrix(reference)) - _diagonal(as_matrix(a))).mean(-1))


def _diagonal(matrix: Values) -> Values:
    """a[j, j] for j = 1 .. T."""
    return np.diagonal(matrix, offset=-1, axis1=-2, axis2=-1)


def _best(rows: Values) -> Values:
    """The highest value of each column j in rows i >= j, of rows that begin with i = 1."""
    known = np.tril(np.ones(rows.shape[-2:], dtype=np.bool_))
    return np.asarray(np.where(known, rows, -np.inf).max(-2, initial=-np.inf))


def _mean(values: Values) -> Values:
    """Mean over the last axis, NaN if it is empty."""
    return np.asarray(values.mean(-1)) if values.shape[-1] else np.full(values.shape[:-1], np.nan)
