"""Which samples belong to which part, whatever the seed."""

from __future__ import annotations

import subprocess
import sys
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ffcl.errors import UsageError
from ffcl.parts import HELD_OUT, Part, rows_of, sets_opened

SIZES = st.integers(12, 2000)


@given(SIZES)
@settings(deadline=None)
def test_tuning_and_evaluation_share_no_sample_and_leave_none_out(n: int) -> None:
    tuning, evaluation = rows_of("tuning", n), rows_of("evaluation", n)
    together = np.concatenate([tuning.train, tuning.held_out, evaluation.train])
    assert sorted(together.tolist()) == list(range(n))
    assert len(evaluation.train) == n - n // 2
    assert len(tuning.held_out) == n // 2 // 6


@given(SIZES, st.sampled_from(get_args(Part)))
@settings(deadline=None)
def test_what_is_trained_on_is_not_tested_on(n: int, part: Part) -> None:
    rows = rows_of(part, n)
    again = rows_of(part, n)
    for mine, other in ((rows.train, again.train), (rows.held_out, again.held_out)):
        assert np.array_equal(mine, other)
        assert mine.dtype == np.int64
        assert (np.diff(mine) > 0).all()
    assert not {*rows.train.tolist()} & {*rows.held_out.tolist()}
    assert bool(len(rows.held_out)) == (part in HELD_OUT) == (sets_opened(part) == ("train",))
    if part not in ("tuning", "evaluation"):
        assert len(rows.train) + len(rows.held_out) == n
    if part in ("validation", "first"):
        assert len(rows.held_out) == n // 6


def test_parts_never_change() -> None:
    """Old evidence must stay true; these rows were computed when the parts were defined."""
    assert rows_of("tuning", 20).train.tolist() == [0, 2, 4, 7, 10, 12, 13, 17, 19]
    assert rows_of("tuning", 20).held_out.tolist() == [6]
    assert rows_of("validation", 20).held_out.tolist() == [6, 13, 19]


@pytest.mark.parametrize(("part", "n"), [("tuning", 11), ("validation", 5), ("first", 5), ("all", 0)])
def test_too_few_samples_are_refused(part: Part, n: int) -> None:
    with pytest.raises(UsageError, match=f"A training set of {n} samples is too small for part = '{part}'"):
        rows_of(part, n)


def test_parts_need_no_torch() -> None:
    code = "import ffcl.parts, ffcl.index_sets, sys; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
