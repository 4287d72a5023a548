from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from ffcl.statistics import standard_deviations, t_interval, t_intervals


def test_by_hand() -> None:
    """1, 2, 3: mean 2, s = 1, t(0.975, 2) = 4.302653."""
    interval = t_interval([1, 2, 3])
    assert interval.mean == 2.0
    assert interval.high - 2.0 == pytest.approx(4.302653 / math.sqrt(3), rel=1e-6)
    assert 2.0 - interval.low == pytest.approx(interval.high - 2.0)


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=20).filter(lambda v: np.std(v) > 1e-6))
def test_against_scipy(values: list[float]) -> None:
    theirs = scipy.stats.ttest_1samp(values, 0.0).confidence_interval(0.95)
    mine = t_interval(values)
    assert mine.low == pytest.approx(theirs.low, abs=1e-9)
    assert mine.high == pytest.approx(theirs.high, abs=1e-9)


def test_it_covers_what_it_says() -> None:
    rng = np.random.default_rng(0)
    hits = sum(i.low <= 0 <= i.high for i in (t_interval(rng.normal(size=3)) for _ in range(4000)))
    assert hits / 4000 == pytest.approx(0.95, abs=0.015)


def test_one_value_has_no_interval() -> None:
    interval = t_interval([0.5])
    assert interval.mean == 0.5
    assert math.isnan(interval.low)
    assert math.isnan(interval.high)


@pytest.mark.parametrize("values", [[], [1.0, math.nan]])
def test_what_is_undefined_stays_so(values: list[float]) -> None:
    assert all(math.isnan(v) for v in t_interval(values))


def test_many_samples_at_once_have_the_intervals_of_each() -> None:
    samples = np.random.default_rng(0).normal(size=(7, 5))
    samples[3, 2] = np.nan
    together = np.transpose(t_intervals(samples))
    np.testing.assert_array_equal(together, [t_interval(sample) for sample in samples])
    assert np.isnan(together[3]).all()
    for n in (0, 1):
        np.testing.assert_array_equal(np.transpose(t_intervals(samples[:, :n]))[0], t_interval(samples[0, :n]))
    np.testing.assert_allclose(standard_deviations(samples[:2]), [np.std(s, ddof=1) for s in samples[:2]])
