from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ffcl.configuration import Component, Run
from ffcl.records import Record, Snapshot
from ffcl_leaderboard import within
from ffcl_leaderboard.within import WITHIN, curves_of, within_metrics

# Three experiences; a row a snapshot, a column an experience. Worked out by hand below.
CURVES = [
    [[0.50], [0.90]],
    [[0.30, 0.20], [0.60, 0.60], [0.80, 0.70]],
    [[0.70, 0.10, 0.40], [0.60, 0.50, 1.00]],
]


def test_anytime_accuracy_by_hand() -> None:
    each = [0.50, 0.90, 0.25, 0.60, 0.75, 1.20 / 3, 2.10 / 3]
    assert within.anytime_accuracy(CURVES) == pytest.approx(sum(each) / 7)


def test_minimum_accuracy_by_hand() -> None:
    """Experience 1 is lowest while 2 is learned (0.3), experience 2 while 3 is (0.1); its own start does not count."""
    assert within.minimum_accuracy(CURVES) == pytest.approx((0.30 + 0.10) / 2)


def test_worst_case_accuracy_by_hand() -> None:
    assert within.worst_case_accuracy(CURVES, 0.95) == pytest.approx(0.95 / 3 + 2 / 3 * 0.20)


def test_stability_gap_by_hand() -> None:
    # experience 2, on 1: before 0.9, after 0.8, lowest 0.3: 0.5 is made good again, 0.1 is forgotten
    # experience 3, on 1: before 0.8, after 0.6, lowest 0.6: all of it forgotten
    # experience 3, on 2: before 0.7, after 0.5, lowest 0.1: 0.4
    assert within.stability_gap(CURVES) == pytest.approx((0.5 + 0.0 + 0.4) / 3)


def test_a_rise_above_the_start_is_no_gap() -> None:
    assert within.stability_gap([[[0.5]], [[0.6, 0.1], [0.9, 0.9]]]) == 0.0


def test_what_is_undefined_is_nan() -> None:
    one = [[[0.5], [0.7]]]
    assert within.anytime_accuracy(one) == pytest.approx(0.6)
    assert math.isnan(within.minimum_accuracy(one))
    assert within.worst_case_accuracy(one, 0.8) == 0.8
    assert math.isnan(within.stability_gap(one))
    single = [[[0.5]], [[0.3, 0.9]]]  # a drop cannot be told from its recovery
    assert math.isnan(within.stability_gap(single))
    assert within.minimum_accuracy(single) == 0.3


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_an_experience_without_snapshots_leaves_all_undefined(missing: int) -> None:
    curves = [np.zeros((0, i + 1)) if i == missing else np.array(curve) for i, curve in enumerate(CURVES)]
    assert math.isnan(within.anytime_accuracy(curves))
    assert math.isnan(within.minimum_accuracy(curves))
    assert math.isnan(within.worst_case_accuracy(curves, 1.0))
    assert math.isnan(within.stability_gap(curves))


def test_snapshots_of_another_shape_are_refused() -> None:
    with pytest.raises(ValueError, match="The snapshots of experience 2 have 2 columns"):
        within.anytime_accuracy([[[0.5]], [[0.5]]])


def record(snapshots: list[Snapshot], matrix: list[list[float]] | None) -> Record:
    part = Component("x", {}, "made-up", "1.0", "c0")
    return Record(Run(part, part, part, 0, "0.1.0"), "done" if matrix else "failed", "2026", matrix, within=snapshots)


def test_a_record_gives_its_snapshots_by_experience() -> None:
    snapshots = [Snapshot(i, 5 * n, row) for i, curve in enumerate(CURVES, 1) for n, row in enumerate(curve, 1)]
    matrix = [[0.0] * 3] * 3 + [[0.6, 0.5, 0.95]]
    assert [curve.tolist() for curve in curves_of(record(snapshots, matrix))] == CURVES
    metrics = within_metrics(record(snapshots, matrix))
    assert tuple(metrics) == WITHIN
    assert metrics["WC_ACC"] == within.worst_case_accuracy(CURVES, 0.95)


def test_no_snapshots_no_numbers() -> None:
    for empty in (record([], [[0.1], [0.9]]), record([], None), record([Snapshot(1, 5, [0.5])], None)):
        assert all(math.isnan(value) for value in within_metrics(empty).values())


SNAPSHOTS = st.integers(2, 5).flatmap(
    lambda t: st.tuples(
        *(
            st.integers(2, 5).flatmap(lambda n, i=i: arrays(np.float64, (n, i), elements=st.floats(0, 1)))
            for i in range(1, t + 1)
        )
    )
)


@given(SNAPSHOTS, st.floats(0, 1))
def test_what_always_holds(curves: tuple[np.ndarray, ...], last: float) -> None:
    lowest, highest = min(c.min() for c in curves), max(c.max() for c in curves)
    assert lowest - 1e-12 <= within.anytime_accuracy(curves) <= highest + 1e-12
    minimum = within.minimum_accuracy(curves)
    assert lowest - 1e-12 <= minimum <= curves[-1][-1, :-1].mean() + 1e-12  # the end is among what it is the least of
    worst = within.worst_case_accuracy(curves, last)
    assert min(minimum, last) - 1e-12 <= worst <= max(minimum, last) + 1e-12
    assert 0 <= within.stability_gap(curves) <= 1


@given(SNAPSHOTS)
def test_accuracy_that_only_falls_has_no_gap(curves: tuple[np.ndarray, ...]) -> None:
    falling = [-np.sort(-curve, axis=0) for curve in curves]
    assert within.stability_gap(falling) == 0.0
