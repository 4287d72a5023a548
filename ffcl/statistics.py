"""Means and their intervals over seeds."""

from __future__ import annotations

import math
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import t as student_t

Values = NDArray[np.float64]


@cache
def _quantile(share: float, degrees: int) -> float:
    """Of Student's t; a leaderboard asks for the same few thousands of times."""
    return float(student_t.ppf(share, degrees))


class Interval(NamedTuple):
    """A mean and the two ends of its interval; the ends are NaN where there is only one value."""

    mean: float
    low: float
    high: float


def t_interval(values: ArrayLike, confidence: float = 0.95) -> Interval:
    """Mean and its t interval: mean ± t(n - 1) s / sqrt(n), s the standard deviation with n - 1.

    Unlike a percentile bootstrap it keeps its coverage at 3 to 10 seeds.
    """
    mean, low, high = t_intervals(np.asarray(values, dtype=np.float64)[None, :], confidence)
    return Interval(float(mean[0]), float(low[0]), float(high[0]))


def t_intervals(values: Values, confidence: float = 0.95) -> tuple[Values, Values, Values]:
    """Means and the ends of the t intervals of many samples of one size (samples, n); (samples,) each.

    A sample that holds NaN, or nothing, has no mean and no interval; one of a single value has no interval.
    """
    samples, n = values.shape
    nothing = np.full(samples, np.nan)
    if n == 0:
        return nothing, nothing, nothing
    mean = values.mean(1)
    if n == 1:
        return mean, nothing, nothing
    half = _quantile((1 + confidence) / 2, n - 1) * standard_deviations(values) / math.sqrt(n)
    return mean, mean - half, mean + half


def standard_deviations(values: Values) -> Values:
    """Of each sample (samples, n), with n - 1: (samples,); NaN for a single value."""
    return values.std(1, ddof=1) if values.shape[1] > 1 else np.full(len(values), np.nan)
