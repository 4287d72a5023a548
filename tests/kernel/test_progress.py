"""The time that is left, and how it is written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ffcl.configuration import Run
from ffcl.jobs import Event
from ffcl.plan import Plan
from ffcl.pool import run_all
from ffcl.progress import Estimate, describe_seconds


def test_a_run_in_this_process_took_as_long_as_it_took(
    run_of: Callable[..., Run], tmp_path: Path, data_root: Path
) -> None:
    """All that is told of it after its start is told at its end."""
    runs = tuple(run_of("bp", seed=seed) for seed in range(2))
    estimate = Estimate(Plan(runs), 0)
    for event in run_all(runs, tmp_path, data_root, 0):
        estimate.note(event, 0.0 if event.event == "started" else 10.0)
        if event.event == "done":
            break
    assert estimate.seconds_left(10.0) == 10.0


def test_time_left_follows_what_is_known(run_of: Callable[..., Run]) -> None:
    runs = [run_of(name, seed=seed) for seed in (0, 1) for name in ("bp", "ff")]
    estimate = Estimate(Plan(tuple(runs)), workers=2)
    assert estimate.seconds_left(0.0) is None
    estimate.note(Event(runs[0], "started"), 0.0)
    estimate.note(Event(runs[0], "progress", done=1, total=5), 2.0)
    assert estimate.seconds_left(2.0) == pytest.approx((4 * 10 - 2) / 2)
    estimate.note(Event(runs[0], "done"), 10.0)
    assert estimate.seconds_left(10.0) == pytest.approx(3 * 10 / 2)
    estimate.note(Event(runs[1], "cached"), 10.0)
    assert estimate.seconds_left(10.0) == pytest.approx(2 * 10 / 2)


def test_seconds_are_written_for_people() -> None:
    assert [describe_seconds(s) for s in (0.4, 59.4, 185, 7800)] == ["0 s", "59 s", "3 min 05 s", "2 h 10 min"]
