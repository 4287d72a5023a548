"""Metrics of continual learning: pure functions of the accuracy matrix.

The matrix ``a`` has T + 1 rows and T columns: a[i, j] is the accuracy on experience j's test set after training
on experience i, both counted from 1 in the formulas; row 0 is the untrained learner. Means over experiences are
unweighted. What is undefined for a stream of one experience is NaN.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

Matrix = NDArray[np.float64]


def as_matrix(a: ArrayLike) -> Matrix:
    """Check and convert an accuracy matrix.

    Raises:
        ValueError: it is not of T + 1 rows and T columns.
    """
    matrix = np.asarray(a, dtype=np.float64)
    if matrix.ndim != 2 or matrix.shape[1] < 1 or matrix.shape[0] != matrix.shape[1] + 1:
        raise ValueError(f"An accuracy matrix has T + 1 rows and T columns, got shape {matrix.shape}.")
    return matrix


def accuracy_seen(a: ArrayLike) -> NDArray[np.float64]:
    """Accuracy over the experiences seen so far, A_i = mean_{j<=i} a[i, j], for i = 1 .. T: (T,)."""
    matrix = as_matrix(a)
    return np.array([matrix[i, :i].mean() for i in range(1, matrix.shape[0])])


def final_accuracy(a: ArrayLike) -> float:
    """ACC = mean_j a[T, j] (Lopez-Paz & Ranzato 2017, arXiv 1706.08840)."""
    return float(as_matrix(a)[-1].mean())


def average_incremental_accuracy(a: ArrayLike) -> float:
    """AIA = mean_i mean_{j<=i} a[i, j] (Rebuffi et al. 2017, arXiv 1611.07725)."""
    return float(accuracy_seen(a).mean())


def learning_accuracy(a: ArrayLike) -> float:
    """LA = mean_j a[j, j] (Riemer et al. 2019, arXiv 1810.11910)."""
    return float(np.diagonal(as_matrix(a)[1:]).mean())


def forgetting(a: ArrayLike) -> float:
    """Forgetting = mean_{j<T} (max_{j<=i<T} a[i, j] - a[T, j]) (Chaudhry et al. 2018, arXiv 1801.10112)."""
    matrix = as_matrix(a)
    last = matrix.shape[1]
    drops = [matrix[j + 1 : last, j].max() - matrix[last, j] for j in range(last - 1)]
    return float(np.mean(drops)) if drops else float("nan")


def backward_transfer(a: ArrayLike) -> float:
    """BWT = mean_{j<T} (a[T, j] - a[j, j]) (Lopez-Paz & Ranzato 2017, arXiv 1706.08840)."""
    matrix = as_matrix(a)
    changes = matrix[-1, :-1] - np.diagonal(matrix[1:])[:-1]
    return float(changes.mean()) if changes.size else float("nan")


def forward_transfer(a: ArrayLike) -> float:
    """FWT = mean_{j>1} (a[j-1, j] - a[0, j]) (Lopez-Paz & Ranzato 2017, arXiv 1706.08840).

    A learner answers nothing about classes it has not seen, so in class- and task-incremental streams both
    terms, and FWT, are 0.
    """
    matrix = as_matrix(a)
    gains = np.diagonal(matrix)[1:] - matrix[0, 1:]
    return float(gains.mean()) if gains.size else float("nan")


METRICS: dict[str, Callable[[ArrayLike], float]] = {
    "ACC": final_accuracy,
    "AIA": average_incremental_accuracy,
    "LA": learning_accuracy,
    "forgetting": forgetting,
    "BWT": backward_transfer,
    "FWT": forward_transfer,
}
"""Every metric by its column name."""
