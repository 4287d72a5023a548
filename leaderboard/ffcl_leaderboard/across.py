"""Statistics over scenarios: pure functions of the scores of runs.

Scores are an array of runs for each scenario, (seeds,), as many as there are. An array may have leading axes,
(..., seeds), the same in every scenario: a statistic then has them too, which is how `stratified_bootstrap` computes
all its repetitions at once. After Agarwal et al. 2021 (arXiv 2108.13264) more is better in all of them. They speak of
these scenarios: to resample runs says nothing about scenarios not run.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata, wilcoxon

from ffcl.statistics import Interval
from ffcl_leaderboard.paired import holm

Array = NDArray[np.float64]
Scores = Sequence[ArrayLike]
Statistic = Callable[..., Array]


def by_scenario(scores: Scores) -> list[Array]:
    """Scores as a list of one array (..., seeds) for each scenario.

    Raises:
        ValueError: there is no scenario, or one without a run.
    """
    arrays = [np.asarray(runs, dtype=np.float64) for runs in scores]
    if not arrays or any(runs.ndim == 0 or runs.shape[-1] == 0 for runs in arrays):
        raise ValueError("Scores have at least one scenario, and each scenario at least one run.")
    return arrays


def mean_score(scores: Scores) -> Array:
    """Mean over scenarios of the mean over runs, so that each scenario weighs the same: (...)."""
    return np.asarray(np.mean([runs.mean(axis=-1) for runs in by_scenario(scores)], axis=0))


def interquartile_mean(scores: Scores) -> Array:
    """Mean of the middle half of all runs of all scenarios (Agarwal et al. 2021, arXiv 2108.13264): (...).

    Of N runs the int(N / 4) lowest and as many highest are left out, as ``scipy.stats.trim_mean(runs, 0.25)`` does.
    A scenario with more runs weighs more.
    """
    runs = np.sort(np.concatenate(by_scenario(scores), axis=-1), axis=-1)
    cut = runs.shape[-1] // 4
    return np.asarray(runs[..., cut : runs.shape[-1] - cut].mean(axis=-1))


def performance_profile(scores: Scores, thresholds: ArrayLike) -> Array:
    """Share of runs above each threshold, mean over scenarios (Agarwal et al. 2021): (..., thresholds).

    The run-score distribution F(tau) = (1 / M) sum_m (1 / N_m) sum_n [x_mn > tau].
    """
    limits = np.asarray(thresholds, dtype=np.float64)
    return np.asarray(np.mean([(runs[..., None] > limits).mean(axis=-2) for runs in by_scenario(scores)], axis=0))


def probability_of_improvement(x: Scores, y: Scores) -> Array:
    """Mean over scenarios of P(X > Y) + P(X = Y) / 2, X and Y a run of either (Agarwal et al. 2021): (...).

    It is U / (n_x n_y) of Mann & Whitney 1947: how likely, not how large, an improvement is; 0.5 for equals.

    Raises:
        ValueError: they are not of the same number of scenarios.
    """
    shares = []
    for first, second in zip(by_scenario(x), by_scenario(y), strict=True):
        n, ranks = first.shape[-1], rankdata(np.concatenate([first, second], axis=-1), axis=-1)
        won = ranks[..., :n].sum(axis=-1) - n * (n + 1) / 2  # pairs, a tie half
        shares.append(won / (n * second.shape[-1]))
    return np.asarray(np.mean(shares, axis=0))


def stratified_bootstrap(
    scores: Scores,
    statistic: Statistic,
    repetitions: int = 2000,
    seed: int = 0,
    confidence: float = 0.95,
    paired: Scores | None = None,
) -> Interval:
    """A statistic and its percentile interval, runs resampled within each scenario (Agarwal et al. 2021).

    With few seeds it is too narrow: of 6 scenarios the 95% interval of the interquartile mean covers 86% at 3 seeds,
    89% at 5 and 93% at 10.

    Args:
        scores: the runs.
        statistic: of scores, and of ``paired`` if that is given; vectorised over leading axes.
        repetitions: how often all is resampled.
        seed: of the random numbers.
        confidence: of the interval.
        paired: scores of the same seeds in the same order, resampled together with the first.

    Returns:
        The statistic in place of the mean, and its interval: NaN if a scenario has a single run, of whose spread
        nothing is known.

    Raises:
        ValueError: ``paired`` is not of the same shape, or the scores are no scores.
    """
    samples = [by_scenario(scores)] + ([] if paired is None else [by_scenario(paired)])
    sizes = [runs.shape[-1] for runs in samples[0]]
    if any([runs.shape[-1] for runs in sample] != sizes for sample in samples):
        raise ValueError("Paired scores have the same seeds in every scenario.")
    value = float(statistic(*samples))
    if min(sizes) == 1:
        return Interval(value, math.nan, math.nan)
    rng = np.random.default_rng(seed)
    drawn = [rng.integers(size, size=(repetitions, size)) for size in sizes]
    again = statistic(*([runs[index] for runs, index in zip(sample, drawn, strict=True)] for sample in samples))
    low, high = np.quantile(again, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(value, float(low), float(high))


def mean_ranks(means: ArrayLike) -> Array:
    """Mean over scenarios of the rank, 1 for the highest mean, ties sharing their ranks' mean: (learners,).

    It depends on who else is there: a new learner can change which of two others has the better mean rank
    (Benavoli, Corani & Mangili 2016, arXiv 1505.02288).

    Args:
        means: (scenarios, learners).
    """
    return np.asarray(rankdata(-np.asarray(means, dtype=np.float64), axis=1).mean(axis=0))


class CriticalDifference(NamedTuple):
    """What a critical-difference diagram shows.

    Attributes:
        ranks: mean ranks (learners,).
        p: of each pair, Holm-adjusted over all pairs (learners, learners), 1 on the diagonal.
    """

    ranks: Array
    p: Array


def critical_difference(means: ArrayLike) -> CriticalDifference:
    """Compare all pairs of learners over scenarios (Demšar 2006, JMLR 7, 1-30).

    Mean ranks are shown, but pairs are tested by Wilcoxon's signed-rank test over scenarios with Holm's correction,
    as Benavoli, Corani & Mangili 2016 (arXiv 1505.02288) advise in place of tests of mean ranks: what is said of two
    learners depends on the others in the correction alone. Scenarios without a difference count (Pratt 1959). The
    least p of S scenarios is 2^(1 - S) times the number of pairs, so few scenarios tell nobody apart.

    Args:
        means: the mean score of each learner on each scenario (scenarios, learners).
    """
    values = np.asarray(means, dtype=np.float64)
    ranks, n = mean_ranks(values), values.shape[1]
    pairs = list(combinations(range(n), 2))
    p = np.ones((n, n))
    adjusted = holm([_signed_rank(values[:, i] - values[:, j]) for i, j in pairs])
    for (i, j), value in zip(pairs, adjusted, strict=True):
        p[i, j] = p[j, i] = value
    return CriticalDifference(ranks, p)


def _signed_rank(differences: Array) -> float:
    if not differences.any():
        return 1.0
    return float(wilcoxon(differences, zero_method="pratt").pvalue)
