from __future__ import annotations

import math

import pytest

from ffcl.records import Record
from ffcl_leaderboard.diff import APART, CHANGED, ONLY_AFTER, ONLY_BEFORE, SAME, diff_frame
from made_up import done, failed, run


def test_rows_are_compared_on_the_seeds_that_both_have() -> None:
    before = [done(run("bp", seed=s), 0.8) for s in range(3)]
    after = [done(run("bp", seed=s, code="c1"), 0.8 + 0.1 * s) for s in range(1, 4)]
    (row,) = diff_frame(before, after).to_dict("records")
    assert (row["what"], row["seeds"]) == (CHANGED, 2)
    assert (row["before"], row["after"], row["change"]) == pytest.approx((0.8, 0.95, 0.15))
    assert row["low"] < 0.15 < row["high"]


def test_what_is_in_one_of_them_and_what_is_the_same() -> None:
    frame = diff_frame([done(run("bp")), done(run("ff"))], [done(run("ff")), done(run("hebbian"))])
    assert dict(zip(frame["learner"], frame["what"], strict=True)) == {
        "bp": ONLY_BEFORE,
        "ff": SAME,
        "hebbian": ONLY_AFTER,
    }
    gone = frame[frame["learner"] == "bp"].to_dict("records")[0]
    assert gone["before"] == pytest.approx(0.8)
    assert math.isnan(gone["after"])
    assert math.isnan(gone["change"])


@pytest.mark.parametrize(
    ("before", "after"),
    [(done(run(seed=0)), done(run(seed=1))), (failed(run()), failed(run())), (done(run()), failed(run()))],
)
def test_rows_without_a_common_result_are_not_called_changed(before: Record, after: Record) -> None:
    (row,) = diff_frame([before], [after]).to_dict("records")
    assert (row["what"], row["seeds"]) == (APART, 0)
    assert math.isnan(row["change"])
