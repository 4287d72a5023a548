"""Evaluation within experiences: when, on what, and that it changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ffcl.configuration import Run
from ffcl.execute import build_stream, execute
from ffcl.records import Record
from ffcl.registry import installed
from ffcl.within import Within


@pytest.mark.parametrize("strategy", ["none", "replay", "nearest-mean"])
def test_it_changes_nothing_in_what_is_learned(run_of: Callable[..., Run], data_root: Path, strategy: str) -> None:
    registry = installed()
    settings = {"split-digits__epochs": 3, "bp__hidden": 16}
    plain = execute(run_of("bp", strategy, **settings), registry, data_root)
    watched = execute(
        run_of("bp", strategy, **settings, **{"split-digits__every": 7, "split-digits__samples": 15}),
        registry,
        data_root,
    )
    assert plain.parameters_sha256 == watched.parameters_sha256
    assert plain.accuracy == watched.accuracy
    assert plain.within == []
    assert len(watched.within) > 10


@pytest.mark.parametrize("every", [1, 2])
def test_it_counts_as_no_operation_of_training(run_of: Callable[..., Run], data_root: Path, every: int) -> None:
    plain, watched = (
        execute(run_of("bp", **{"split-digits__every": k, "bp__hidden": 16}), installed(), data_root)
        for k in (0, every)
    )
    assert plain.train_flops == watched.train_flops > 0


def test_snapshots_come_every_so_many_steps_and_see_no_future(run_of: Callable[..., Run], data_root: Path) -> None:
    run = run_of("bp", **{"split-digits__epochs": 3, "split-digits__every": 7})
    record = execute(run, installed(), data_root)
    for experience in range(1, 6):
        mine = [s for s in record.within if s.experience == experience]
        assert [s.step for s in mine] == [7 * (k + 1) for k in range(len(mine))]
        assert all(len(s.accuracy) == experience for s in mine)
    assert Record.from_json(record.to_json()) == record


def test_the_samples_are_fixed_by_the_seed_and_no_more_than_asked_for(
    run_of: Callable[..., Run], data_root: Path
) -> None:
    stream = build_stream(run_of("bp"), installed(), data_root)
    first, again, other = (Within(stream, seed, 5, 15).stream for seed in (0, 0, 1))
    for a, b, c, whole in zip(first.experiences, again.experiences, other.experiences, stream.experiences, strict=True):
        assert a.test.rows.tolist() == b.test.rows.tolist() != c.test.rows.tolist()
        assert len(set(a.test.rows.tolist())) == 15
        assert set(a.test.rows.tolist()) <= set(whole.test.rows.tolist())
        assert a.train is whole.train
    assert len(Within(stream, 0, 5, 100_000).stream.experiences[0].test) == len(stream.experiences[0].test)
