from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from ffcl.execute import execute
from ffcl.plan import make_plan
from ffcl.records import Record
from ffcl.registry import installed
from ffcl_leaderboard.verify import choose, verify
from made_up import done, failed, run


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Record:
    (planned,) = make_plan(installed(), ["bp"], ["none"], ["split-digits"], [0]).runs
    return execute(planned, installed(), tmp_path_factory.mktemp("data"))


def outcome(record: Record, data_root: Path, tolerance: float = 0.02) -> tuple[str, str]:
    (verified,) = verify([record], data_root, workers=0, tolerance=tolerance)
    return verified.outcome, verified.message


def test_a_true_record_comes_out_the_same(record: Record, tmp_path: Path) -> None:
    assert outcome(record, tmp_path) == ("same", "")


def test_a_record_that_was_edited_is_found_out(record: Record, tmp_path: Path) -> None:
    assert record.accuracy is not None
    better = [*record.accuracy[:-1], [min(1.0, a + 0.01) for a in record.accuracy[-1]]]
    edited = replace(record, accuracy=better)
    assert outcome(edited, tmp_path) == ("different", "accuracies differ by up to 1.00 points")
    assert outcome(replace(record, parameters_sha256="0" * 64), tmp_path)[0] == "different"
    assert outcome(replace(record, data_sha256="0" * 64), tmp_path) == ("different", "made from other data")


def test_of_another_machine_a_small_difference_is_tolerated(record: Record, tmp_path: Path) -> None:
    assert record.accuracy is not None
    matrix = [*record.accuracy[:-1], [min(1.0, a + 0.01) for a in record.accuracy[-1]]]
    elsewhere = replace(record, accuracy=matrix, hardware={**record.hardware, "processor": "another"})
    assert outcome(elsewhere, tmp_path)[0] == "within tolerance"
    assert outcome(elsewhere, tmp_path, tolerance=0.005)[0] == "different"


def test_no_cell_is_drawn_twice_before_each_is_drawn_once() -> None:
    records = [done(run(learner, seed=s)) for learner in ("bp", "ff", "hebbian") for s in range(50)]
    for seed in range(10):
        assert {r.run.learner.name for r in choose(records, 3, seed)} == {"bp", "ff", "hebbian"}
        drawn = Counter(r.run.learner.name for r in choose(records, 7, seed))
        assert sorted(drawn.values()) == [2, 2, 3]


def test_a_run_whose_folder_was_copied_is_drawn_once() -> None:
    records = [done(run(seed=s)) for s in range(3)]
    assert choose(records * 2, 6, seed=0) == choose(records, 6, seed=0)


def test_runs_are_drawn_at_random_and_the_same_for_the_same_seed() -> None:
    records = [done(run(seed=s)) for s in range(20)] + [failed(run(seed=20))]
    chosen = choose(records, 5, seed=0)
    assert len({r.run.key for r in chosen}) == 5
    assert chosen == choose(records[::-1], 5, seed=0)
    assert chosen != choose(records, 5, seed=1)
    assert len(choose(records, 100, seed=0)) == 20
