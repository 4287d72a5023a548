"""Paired tests against scipy, statsmodels and hand computations."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from scipy.stats import permutation_test, ttest_1samp

from ffcl_leaderboard.paired import effect_size, equivalent, holm, least_p, sign_flip

hundredths = st.integers(-50, 50).map(lambda k: k / 100)
samples = st.lists(hundredths, min_size=1, max_size=10)


def by_scipy(differences: list[float], resamples: float = np.inf) -> float:
    test = permutation_test(
        (np.array(differences),),
        lambda x, axis: x.mean(axis=axis),
        permutation_type="samples",
        n_resamples=resamples,
        vectorized=True,
        rng=np.random.default_rng(1),
    )
    return float(test.pvalue)


@given(samples.filter(lambda values: len(values) > 1))
@example([0.0, 0.0, 0.0, 0.0, 0.0, -0.01, -0.21, 0.22])  # the sum is 0, but for rounding
def test_sign_flips_are_those_of_scipy(differences: list[float]) -> None:
    whole = np.rint(100 * np.array(differences)).tolist()  # p has no unit, and scipy takes a sum of 1e-17 for one
    assert sign_flip(differences) == pytest.approx(by_scipy(whole))


def test_sign_flips_of_many_seeds_are_drawn_and_close_to_those_of_scipy() -> None:
    differences = np.random.default_rng(0).normal(0.4, 1, 30).tolist()
    p = sign_flip(differences)
    assert p == pytest.approx(by_scipy(differences, 99_999), abs=0.005)
    assert p == sign_flip(differences[::-1]) == sign_flip([-d for d in differences])
    assert sign_flip(range(1, 41)) == least_p(40) == 2.0**-15


@given(samples, st.randoms(use_true_random=False))
def test_neither_the_order_of_seeds_nor_of_learners_matters(differences: list[float], random: object) -> None:
    turned = [-d for d in differences]
    random.shuffle(turned)  # type: ignore[attr-defined]
    assert sign_flip(differences) == sign_flip(turned)
    assert effect_size(differences) == pytest.approx(-effect_size(turned), nan_ok=True)


@given(samples)
def test_p_is_never_below_the_least(differences: list[float]) -> None:
    assert least_p(len(differences)) <= sign_flip(differences) <= 1


def test_the_least_p_is_reached_where_all_agree() -> None:
    for n in range(1, 17):
        assert sign_flip(np.arange(1.0, n + 1)) == least_p(n) == 2.0 ** (1 - n)


def test_equal_up_to_rounding_is_equal() -> None:
    """0.3 - 0.1 and 0.9 - 0.7 differ in the last digit: the flip that swaps them is as far from 0."""
    assert sign_flip([0.3 - 0.1, 0.7 - 0.9, 0.1]) == 1.0


def test_without_differences_there_is_no_p() -> None:
    assert math.isnan(sign_flip([]))
    assert math.isnan(least_p(0))
    assert math.isnan(sign_flip([0.1, math.nan]))
    assert sign_flip([0.0, 0.0, 0.0]) == 1.0


def test_holm_by_hand_and_by_statsmodels() -> None:
    # 4 * 0.01, 3 * 0.02, then 2 * 0.03 and 0.04 are below 0.06
    assert holm([0.02, 0.01, 0.04, 0.03]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    # statsmodels 0.15.0: multipletests(p, method="holm")[1]
    p = [0.01, 0.04, 0.03, 0.005, 0.2, 0.04, 0.9]
    assert holm(p) == pytest.approx([0.06, 0.16, 0.15, 0.035, 0.4, 0.16, 0.9])


@given(st.lists(st.floats(0, 1), max_size=12))
def test_holm_keeps_the_order_and_lowers_nothing(p: list[float]) -> None:
    adjusted = holm(p)
    assert ((adjusted >= np.array(p)) & (adjusted <= 1)).all()
    assert (np.diff(adjusted[np.argsort(p)]) >= 0).all()
    assert (adjusted <= np.minimum(1, np.array(p) * len(p)) + 1e-12).all()  # not above Bonferroni


@given(st.lists(st.floats(0, 1), max_size=8), st.integers(0, 8))
def test_holm_does_not_count_what_is_undefined(p: list[float], place: int) -> None:
    place = min(place, len(p))
    adjusted = holm([*p[:place], math.nan, *p[place:]])
    assert math.isnan(adjusted[place])
    assert np.delete(adjusted, place).tolist() == holm(p).tolist()


def test_the_effect_size_by_hand() -> None:
    assert effect_size([1, 2, 3]) == pytest.approx(2.0)
    assert effect_size([0.1, 0.1, 0.1]) == math.inf
    assert effect_size([-0.1, -0.1]) == -math.inf
    assert math.isnan(effect_size([0.0, 0.0]))
    assert math.isnan(effect_size([1.0]))


@given(st.lists(hundredths, min_size=2, max_size=12), st.sampled_from([0.01, 0.05, 0.2]))
def test_equivalence_is_two_one_sided_tests(differences: list[float], margin: float) -> None:
    assume(len(set(differences)) > 1)
    lower = ttest_1samp(differences, -margin, alternative="greater").pvalue
    upper = ttest_1samp(differences, margin, alternative="less").pvalue
    assume(abs(max(lower, upper) - 0.05) > 1e-9)
    assert equivalent(differences, margin) == (max(lower, upper) < 0.05)


def test_equivalence_by_statsmodels() -> None:
    # statsmodels 0.15.0: ttost_paired(factor * d, zeros, -0.01, 0.01)[0] is 7.9e-6, 0.038 and 0.276
    d = np.array([0.004, -0.003, 0.006, 0.001, -0.002, 0.005, 0.003, -0.001, 0.002, 0.004])
    assert [equivalent(factor * d, 0.01) for factor in (1, 2.6, 4)] == [True, True, False]


def test_one_seed_shows_no_equivalence() -> None:
    assert not equivalent([0.0], 0.01)
    assert not equivalent([], 0.01)
    assert equivalent([0.0, 0.0], 0.01)
