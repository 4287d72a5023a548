"""Statistics over scenarios, against recorded outputs of rliable, autorank and scikit-posthocs, and scipy."""

from __future__ import annotations

import itertools
import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import mannwhitneyu, trim_mean

from ffcl_leaderboard.across import (
    critical_difference,
    interquartile_mean,
    mean_ranks,
    mean_score,
    performance_profile,
    probability_of_improvement,
    stratified_bootstrap,
)
from ffcl_leaderboard.cliques import cliques, letters

shares = st.integers(0, 100).map(lambda k: k / 100)
scores = st.lists(st.lists(shares, min_size=2, max_size=6), min_size=1, max_size=5)

THRESHOLDS = [0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]


def made_up(shift: float) -> list[NDArray[np.float64]]:
    """Scores of 10 seeds on each of 6 scenarios."""
    scenario, run = np.meshgrid(np.arange(6), np.arange(10), indexing="ij")
    made: NDArray[np.float64] = 0.5 + 0.04 * scenario + shift + 0.2 * np.sin(1.7 * run + scenario**2 + 40 * shift)
    return list(made.round(3))


X, Y = made_up(0.0), made_up(0.03)

# rliable 1.2.0 (arch 7.2.0, numpy 2.3.5): aggregate_iqm of X and Y; get_interval_estimates({"x": X, "y": Y}, iqm,
# reps=50000, random_state=RandomState(0)); probability_of_improvement(Y, X); create_performance_profile({"x": X}, ...)
RLIABLE_IQM = {"x": 0.5982, "y": 0.6288}
RLIABLE_INTERVAL = {"x": (0.5522, 0.6445675), "y": (0.57816667, 0.6796)}
RLIABLE_IMPROVEMENT = 0.5866666666666667
RLIABLE_PROFILE = [1.0, 0.88333333, 0.71666667, 0.5, 0.28333333, 0.11666667, 0.0]


def test_the_interquartile_mean_and_its_interval_are_those_of_rliable() -> None:
    for name, runs in (("x", X), ("y", Y)):
        estimate, low, high = stratified_bootstrap(runs, interquartile_mean, repetitions=20_000)
        assert estimate == pytest.approx(RLIABLE_IQM[name])
        assert (low, high) == pytest.approx(RLIABLE_INTERVAL[name], abs=0.002)


def test_profile_and_improvement_are_those_of_rliable() -> None:
    assert performance_profile(X, THRESHOLDS) == pytest.approx(RLIABLE_PROFILE)
    assert float(probability_of_improvement(Y, X)) == pytest.approx(RLIABLE_IMPROVEMENT)


@given(scores)
def test_the_interquartile_mean_is_scipys_trimmed_mean(runs: list[list[float]]) -> None:
    assert float(interquartile_mean(runs)) == pytest.approx(trim_mean(np.concatenate(runs), 0.25))


@given(scores, st.data())
def test_improvement_is_mann_whitneys_u(runs: list[list[float]], data: st.DataObject) -> None:
    others = [data.draw(st.lists(shares, min_size=1, max_size=5)) for _ in runs]
    by_scipy = [mannwhitneyu(x, y).statistic / (len(x) * len(y)) for x, y in zip(runs, others, strict=True)]
    forth = float(probability_of_improvement(runs, others))
    assert forth == pytest.approx(np.mean(by_scipy))
    assert forth + float(probability_of_improvement(others, runs)) == pytest.approx(1)


def test_improvement_over_many_seeds_takes_little_memory() -> None:
    """Not the 160 MB of every run beside every other in each repetition."""
    runs = np.random.default_rng(0).random((2, 100)).round(2)
    tracemalloc.start()
    found = stratified_bootstrap(runs[:1], probability_of_improvement, paired=runs[1:])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.mean == pytest.approx((0.5 + 0.5 * np.sign(runs[0][:, None] - runs[1])).mean())
    assert peak < 60e6


@given(scores, st.randoms(use_true_random=False))
def test_neither_the_order_of_runs_nor_of_scenarios_matters(runs: list[list[float]], random: object) -> None:
    turned = [list(of_scenario) for of_scenario in runs]
    for part in (turned, *turned):
        random.shuffle(part)  # type: ignore[attr-defined]
    for statistic in (interquartile_mean, mean_score, lambda s: performance_profile(s, [0.2, 0.5])):
        assert statistic(turned) == pytest.approx(statistic(runs))


@pytest.mark.parametrize("statistic", [interquartile_mean, mean_score])
@given(runs=scores)
def test_an_interval_holds_its_estimate_and_stays_among_the_runs(statistic: object, runs: list[list[float]]) -> None:
    estimate, low, high = stratified_bootstrap(runs, statistic, repetitions=200)  # type: ignore[arg-type]
    assert low - 1e-9 <= estimate <= high + 1e-9
    assert min(map(min, runs)) - 1e-9 <= low
    assert high <= max(map(max, runs)) + 1e-9


def test_runs_are_resampled_within_their_scenario_only() -> None:
    """Scenarios whose runs do not differ leave nothing to chance, however much they differ from each other."""
    assert stratified_bootstrap([[0.1] * 3, [0.9] * 5], mean_score) == pytest.approx((0.5, 0.5, 0.5))


def test_paired_scores_are_resampled_together() -> None:
    """One that is always a little better is so in every resample; independent ones would overlap."""
    first = [np.linspace(0.1, 0.9, 9)] * 2
    second = [runs - 0.01 for runs in first]

    def gain(x: list[NDArray[np.float64]], y: list[NDArray[np.float64]]) -> NDArray[np.float64]:
        return mean_score(x) - mean_score(y)

    assert stratified_bootstrap(first, gain, paired=second) == pytest.approx((0.01, 0.01, 0.01))
    with pytest.raises(ValueError, match="same seeds"):
        stratified_bootstrap(first, gain, paired=[runs[1:] for runs in second])


def test_of_a_single_run_no_interval_is_made() -> None:
    estimate, low, high = stratified_bootstrap([[0.2, 0.4], [0.9]], mean_score)
    assert estimate == pytest.approx(0.6)
    assert math.isnan(low)
    assert math.isnan(high)


def test_an_interval_is_the_same_each_time_and_wider_with_more_confidence() -> None:
    narrow = stratified_bootstrap(X, interquartile_mean, confidence=0.5)
    wide = stratified_bootstrap(X, interquartile_mean)
    assert wide == stratified_bootstrap(X, interquartile_mean)
    assert wide != stratified_bootstrap(X, interquartile_mean, seed=1)
    assert wide.low < narrow.low < narrow.high < wide.high


def test_scores_without_runs_are_refused() -> None:
    for wrong in ([], [[0.1], []]):
        with pytest.raises(ValueError, match="at least one run"):
            mean_score(wrong)


def of_twelve_scenarios() -> NDArray[np.float64]:
    scenario, learner = np.meshgrid(np.arange(12), np.arange(5), indexing="ij")
    made = 0.6 + 0.03 * learner * (learner != 3) + 0.1 * np.sin(2.3 * scenario + learner**2) + 0.005 * scenario
    rounded: NDArray[np.float64] = made.round(3)
    return rounded


# autorank 1.3.0: rankdf["meanrank"] of autorank(DataFrame(means), force_mode="nonparametric")
AUTORANK_RANKS = [3.4166666666666665, 2.75, 3.4166666666666665, 3.6666666666666665, 1.75]
# scikit-posthocs 0.17.1: posthoc_wilcoxon(long table, p_adjust="holm", zero_method="pratt")
POSTHOC = [
    [1.0, 0.769042969, 1.0, 1.0, 0.2734375],
    [0.769042969, 1.0, 1.0, 1.0, 0.769042969],
    [1.0, 1.0, 1.0, 0.881347656, 0.004882812],
    [1.0, 1.0, 0.881347656, 1.0, 0.004882812],
    [0.2734375, 0.769042969, 0.004882812, 0.004882812, 1.0],
]


def test_the_critical_difference_is_that_of_autorank_and_scikit_posthocs() -> None:
    ranks, p = critical_difference(of_twelve_scenarios())
    assert ranks == pytest.approx(AUTORANK_RANKS)
    assert p == pytest.approx(np.array(POSTHOC), abs=1e-8)


def test_few_scenarios_tell_nobody_apart() -> None:
    means = np.arange(5)[:, None] / 100 + np.array([0.1, 0.5, 0.9])
    ranks, p = critical_difference(means)
    assert ranks.tolist() == [3, 2, 1]
    assert p[0, 2] == pytest.approx(3 * 2 / 2**5)


def test_equals_share_their_rank_and_are_not_told_apart() -> None:
    means = np.repeat(np.random.default_rng(0).random((12, 1)), 2, axis=1)
    assert mean_ranks(means).tolist() == [1.5, 1.5]
    assert critical_difference(means).p.tolist() == [[1, 1], [1, 1]]


graphs = st.integers(1, 9).flatmap(lambda n: st.lists(st.booleans(), min_size=n * n, max_size=n * n))


@given(graphs)
def test_two_share_a_letter_if_and_only_if_they_are_not_told_apart(edges: list[bool]) -> None:
    n = math.isqrt(len(edges))
    together = np.triu(np.array(edges).reshape(n, n), 1)
    together = together | together.T
    groups = cliques(together)
    marks = letters(groups, n)
    assert groups == sorted(groups)
    assert all(marks)
    for i, j in itertools.combinations(range(n), 2):
        assert bool(set(marks[i]) & set(marks[j])) == together[i, j]
    for group in groups:  # each is needed
        rest = [other for other in groups if other != group]
        assert not all(any({*pair} <= {*other} for other in rest) for pair in itertools.product(group, repeat=2))


def test_there_are_letters_for_many_groups() -> None:
    marks = letters([(i,) for i in range(120)], 120)
    assert len(set(marks)) == 120
    assert (marks[0], marks[26], marks[52], marks[119]) == ("a", "A", "a'", "p''")
