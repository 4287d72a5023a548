"""What was used in tuning may not be used in evaluation: planted leaks are found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ffcl.configuration import Run, Tuning
from ffcl.index_sets import IndexSet, index_set_path, write_index_set
from ffcl.records import Record, write_record
from ffcl.tuning.leaks import leak, trusted_records

DATA, TEST = "d" * 64, "t" * 64


def rows(*numbers: int, of: str = DATA) -> IndexSet:
    return IndexSet(of, 100, np.array(numbers))


def tuning(sets: dict[str, str], protocol: str = "disjoint") -> Tuning:
    return Tuning("study", protocol, "AIA", 1, 0, 0, 5, "tpe", 0, "s", 0.1, {}, list(sets.values()))


@pytest.fixture
def record(run_of: Callable[..., Run], tmp_path: Path) -> Callable[..., Record]:
    def make(used: list[IndexSet], evaluated: list[IndexSet], protocol: str = "disjoint") -> Record:
        sets = [
            {n: write_index_set(tmp_path, s) for n, s in zip(("train", "test"), part, strict=False)}
            for part in (used, evaluated)
        ]
        run = replace(run_of("bp"), tuning=tuning(sets[0], protocol))
        return Record(run, "done", "now", accuracy=[[0.0], [1.0]], index_sets=sets[1])

    return make


def test_disjoint_samples_are_let_through(record: Callable[..., Record], tmp_path: Path) -> None:
    assert leak(record([rows(1, 2), rows(3)], [rows(4, 5), rows(1, 2, 3, of=TEST)]), tmp_path) is None


@pytest.mark.parametrize(
    ("used", "evaluated"),
    [
        ([rows(1, 2), rows(3)], [rows(2, 5), rows(1, of=TEST)]),  # trained on in both
        ([rows(1, 2), rows(3)], [rows(3, 5), rows(1, of=TEST)]),  # held out, then trained on
        ([rows(1, 2), rows(7, of=TEST)], [rows(4, 5), rows(7, of=TEST)]),  # the test set was seen
    ],
)
def test_a_planted_leak_is_refused_and_leaves_the_leaderboard(
    used: list[IndexSet], evaluated: list[IndexSet], record: Callable[..., Record], tmp_path: Path
) -> None:
    leaking = record(used, evaluated)
    assert leak(leaking, tmp_path) == "1 samples were used in tuning and in evaluation"
    write_record(tmp_path, leaking)
    kept, problems = trusted_records(tmp_path)
    assert kept == []
    assert "tuned under the protocol disjoint: 1 samples were used" in problems[0]


@pytest.mark.parametrize("protocol", ["disjoint", "first-k"])
def test_other_data_than_was_tuned_on_is_refused_as_nothing_can_be_compared(
    record: Callable[..., Record], tmp_path: Path, protocol: str
) -> None:
    sets = [rows(1, 2), rows(3)], [rows(1, 2, of="e" * 64), rows(3, of=TEST)]
    assert leak(record(*sets, protocol), tmp_path) == "tuned on other data than evaluated; tune again"
    assert leak(record(*sets, "two-phase"), tmp_path) is None
    made_up = record(*sets, protocol)
    made_up.run.scenario.settings["stream"].pop("dataset")  # data of the seed's own
    assert leak(made_up, tmp_path) is None


def test_same_stream_is_let_through_as_it_says_so_itself(record: Callable[..., Record], tmp_path: Path) -> None:
    optimistic = record([rows(1, 2)], [rows(1, 2)], "same-stream")
    assert leak(optimistic, tmp_path) is None
    assert optimistic.run.tuning is not None
    assert optimistic.run.tuning.optimistic


def test_without_evidence_nothing_is_believed(record: Callable[..., Record], tmp_path: Path) -> None:
    honest = record([rows(1)], [rows(2)])
    assert "no evidence" in str(leak(replace(honest, index_sets={}), tmp_path))
    path = index_set_path(tmp_path, rows(1).sha256)
    path.write_bytes(rows(9).to_bytes())
    assert "is another one" in str(leak(honest, tmp_path))
    path.unlink()
    assert "cannot be read" in str(leak(honest, tmp_path))


def test_what_is_not_tuned_needs_no_evidence(run_of: Callable[..., Run], tmp_path: Path) -> None:
    assert leak(Record(run_of("bp"), "done", "now", accuracy=[[0.0], [1.0]]), tmp_path) is None
