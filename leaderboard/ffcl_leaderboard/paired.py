"""Tests on paired values: pure functions of the differences, one for each seed that two learners share.

One seed fixes the class order, the sample order and the initialisation for every learner, so learners are compared
seed by seed. What is undefined, for too few values or for a value that is NaN, is NaN.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ffcl.statistics import t_interval

EXACT = 16
"""Up to so many differences all flips are made; of more, as many at random as there are here."""
TIE = 1e-9
"""Sums closer than this share of the sum of the absolute differences are taken for equal: they differ by rounding."""
CHUNK = 4_000_000
"""The most sums held at a time."""

Array = NDArray[np.float64]


def sign_flip(differences: ArrayLike) -> float:
    """Two-sided p of the sign-flip permutation test of the mean (Fisher 1935, The Design of Experiments, §21).

    If the two learners do not differ, each difference d_i is as likely to be -d_i, and
    p = share of the 2^n ways to flip signs with abs(sum_i ±d_i) >= abs(sum_i d_i).
    It is exact up to n = 16. Of more, 2^15 - 1 flips are drawn with a fixed seed, and p = (1 + those that are as far
    from 0) / 2^15, which keeps the level (Phipson & Smyth 2010, arXiv 1603.05766). The least p is 2^(1 - n), so fewer
    than 6 differences are never below 0.05.

    Args:
        differences: (n,).
    """
    return float(sign_flips(np.asarray(differences, dtype=np.float64)[None])[0])


def least_p(n: int) -> float:
    """The least p that `sign_flip` can give for n differences: 2^(1 - n), or 2^-15 above 16; NaN for none."""
    return 2.0 ** (1 - min(n, EXACT)) if n else math.nan


def sign_flips(differences: Array) -> Array:
    """`sign_flip` of each row.

    Args:
        differences: (rows, n).

    Returns:
        p: (rows,); NaN for n = 0 and for rows with a NaN.
    """
    rows, n = differences.shape
    if n == 0:
        return np.full(rows, math.nan)
    # neither the order of the seeds nor which learner is first matters: also not for the flips that are drawn
    sizes = np.sort(np.abs(differences), axis=1)
    least = np.abs(differences.sum(axis=1)) - TIE * sizes.sum(axis=1)
    signs = _signs(n)
    p = np.empty(rows)
    step = max(1, CHUNK // signs.shape[1])
    for start in range(0, rows, step):
        part = slice(start, start + step)
        far = (np.abs(sizes[part] @ signs) >= least[part, None]).sum(axis=1)
        p[part] = far / signs.shape[1] if n <= EXACT else (1 + far) / (1 + signs.shape[1])
    return np.where(np.isnan(differences).any(axis=1), math.nan, p)


@cache
def _signs(n: int) -> Array:
    """Ways to flip signs (n, ways): all with the last sign kept, as a way and its opposite are equally far; or some."""
    if n > EXACT:
        return np.random.default_rng(0).choice([-1.0, 1.0], size=(n, 2 ** (EXACT - 1) - 1))
    flipped = (np.arange(2 ** (n - 1)) >> np.arange(n)[:, None]) & 1
    return 1.0 - 2.0 * flipped.astype(np.float64)


def holm(p_values: ArrayLike) -> Array:
    """Holm's step-down adjusted p values (Holm 1979, Scandinavian Journal of Statistics 6, 65-70).

    With p_(1) <= ... <= p_(m): adjusted p_(k) = max_{j<=k} min(1, (m - j + 1) p_(j)). To reject what is at most alpha
    makes the probability of any false rejection among the m at most alpha, whatever they have to do with each other.

    Args:
        p_values: (n,); NaN stays NaN and is not one of the m.

    Returns:
        Adjusted p values in the order given: (n,).
    """
    p = np.asarray(p_values, dtype=np.float64)
    adjusted = np.full(p.shape, math.nan)
    order = np.argsort(p, kind="stable")[: np.count_nonzero(~np.isnan(p))]  # NaN is sorted last
    adjusted[order] = np.maximum.accumulate(np.minimum(1.0, np.arange(len(order), 0, -1) * p[order]))
    return adjusted


def effect_size(differences: ArrayLike) -> float:
    """Cohen's d_z = mean / s, s the standard deviation with n - 1 (Cohen 1988, chapter 2; Lakens 2013).

    If all differences are the same, but for rounding, s is 0: d_z is infinite with the sign of the mean, and NaN if
    they are 0. NaN for fewer than two differences.

    Args:
        differences: (n,).
    """
    sample = np.asarray(differences, dtype=np.float64)
    if sample.size < 2 or np.isnan(sample).any():
        return math.nan
    mean, deviation = float(sample.mean()), float(sample.std(ddof=1))
    if deviation <= 1e-12 * abs(mean):
        return math.copysign(math.inf, mean) if mean else math.nan
    return mean / deviation


def equivalent(differences: ArrayLike, margin: float) -> bool:
    """Whether the mean is shown to be less than ``margin`` from 0, at the level 0.05.

    Two one-sided t tests (Schuirmann 1987, Journal of Pharmacokinetics and Biopharmaceutics 15, 657-680): both reject
    if and only if the 90% t interval lies inside ±margin. Not to be told apart is no such proof. False for fewer than
    two differences.

    Args:
        differences: (n,).
        margin: in units of the differences; 0.01 is one point of accuracy.
    """
    _, low, high = t_interval(differences, confidence=0.90)
    return -margin < low and high < margin
