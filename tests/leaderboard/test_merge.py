from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ffcl.errors import UsageError
from ffcl.index_sets import IndexSet, index_set_path, read_index_set, write_index_set
from ffcl.records import LEARNER, find_record, record_path, write_record
from ffcl.refusals import Refusal, note_refusals, read_refusals
from ffcl_leaderboard.merge import merge
from made_up import done, failed, run


def test_what_is_new_is_added_with_all_that_belongs_to_it(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    write_record(here, done(run(seed=0)))
    write_record(there, done(run(seed=0), train_seconds=9.0))
    path = write_record(there, done(run(seed=1)))
    path.with_name(LEARNER).write_bytes(b"weights")
    sha256 = write_index_set(there, IndexSet("d" * 64, 10, np.arange(3)))
    note_refusals(there, [Refusal("oja", "ewc", "no gradient")], [])

    merged = merge(here, [there])

    assert (merged.added, merged.same, merged.conflicts, merged.problems) == (1, 1, [], [])
    assert find_record(here, run(seed=1)) == done(run(seed=1))
    assert record_path(here, run(seed=1)).with_name(LEARNER).read_bytes() == b"weights"
    assert len(read_index_set(here, sha256)) == 3
    assert [r.learner for r in read_refusals(here)] == ["oja"]
    assert merge(here, [there]).added == 0


def test_a_refusal_stays_though_a_record_elsewhere_is_of_a_time_without_it(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    write_record(there, done(run("oja", "ewc")))
    note_refusals(here, [Refusal("oja", "ewc", "no gradient")], [])
    assert merge(here, [there]).added == 1
    assert [(r.learner, r.strategy) for r in read_refusals(here)] == [("oja", "ewc")]


def test_a_trained_learner_comes_also_for_a_result_that_is_there(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    for seed in range(3):
        write_record(here, done(run(seed=seed)))
        other = done(run(seed=seed), 0.6) if seed == 2 else done(run(seed=seed))
        write_record(there, other).with_name(LEARNER).write_bytes(b"theirs")
    mine = [record_path(here, run(seed=seed)).with_name(LEARNER) for seed in range(3)]
    mine[1].write_bytes(b"mine")
    merged = merge(here, [there])
    assert (merged.added, merged.same, len(merged.conflicts)) == (0, 2, 1)
    assert mine[0].read_bytes() == b"theirs"
    assert mine[1].read_bytes() == b"mine"
    assert not mine[2].exists()  # of another result


def test_index_sets_are_checked_before_they_are_copied(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    write_record(there, done(run()))
    good, bad = (write_index_set(there, IndexSet("d" * 64, 10, np.arange(n))) for n in (3, 4))
    index_set_path(there, bad).write_bytes(b"damaged")
    index_set_path(there, f".{good}.x.tmp").write_bytes(b"half")
    index_set_path(here, good).parent.mkdir(parents=True)
    index_set_path(here, good).write_bytes(b"damaged")
    merged = merge(here, [there])
    assert len(read_index_set(here, good)) == 3
    assert [path.name for path in index_set_path(here, good).parent.iterdir()] == [good]
    (problem,) = merged.problems
    assert str(index_set_path(there, bad)) in problem


def test_a_conflict_is_told_and_what_was_there_stays(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    write_record(here, done(run(), 0.8))
    write_record(there, done(run(), 0.6, parameters_sha256="b" * 64))
    merged = merge(here, [there])
    assert merged.added == 0
    assert merged.conflicts == [f"{run().key}: accuracies differ by up to 20.00 points"]
    assert find_record(here, run()) == done(run(), 0.8)


@pytest.mark.parametrize(
    ("changes", "how"),
    [
        ({"data_sha256": "e" * 64}, "made from other data"),
        ({"parameters_sha256": "b" * 64}, "accuracies are equal, the trained states are not"),
    ],
)
def test_a_conflict_says_how_results_differ(tmp_path: Path, changes: dict[str, str], how: str) -> None:
    write_record(tmp_path / "here", done(run()))
    write_record(tmp_path / "there", done(run(), **changes))
    assert merge(tmp_path / "here", [tmp_path / "there"]).conflicts == [f"{run().key}: {how}"]


def test_a_result_takes_the_place_of_a_failure_and_never_the_other_way_round(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    write_record(here, failed(run(seed=0)))
    write_record(there, done(run(seed=0)))
    write_record(here, done(run(seed=1)))
    write_record(there, failed(run(seed=1)))
    merged = merge(here, [there])
    assert (merged.added, merged.conflicts) == (1, [])
    assert all(find_record(here, run(seed=s)) == done(run(seed=s)) for s in (0, 1))


def test_a_damaged_record_is_told_of_on_either_side_and_left_alone(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    write_record(there, done(run(seed=0)))
    damaged = write_record(there, done(run(seed=1)))
    damaged.write_text("{")
    mine = write_record(here, done(run(seed=0)))
    mine.write_text("{")
    merged = merge(here, [there])
    assert merged.added == 0
    assert len(merged.problems) == 1
    assert merged.conflicts == [f"{run(seed=0).key}: the record that is there cannot be read"]
    assert mine.read_text() == "{"


def test_a_folder_without_runs_is_refused_before_anything_is_copied(tmp_path: Path) -> None:
    write_record(tmp_path / "there", done(run()))
    with pytest.raises(UsageError, match="no results folder"):
        merge(tmp_path / "here", [tmp_path / "there", tmp_path / "nowhere"])
    assert not (tmp_path / "here").exists()
