"""Large results folders, and strange things in them; benchmarks/leaderboard.py says how long 20,000 records take."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from ffcl.records import read_records, runs_folder
from ffcl_leaderboard.build import build
from synthetic import campaign, write_campaign

SIZE = (6, 3, 4, 10)
"""Learners, strategies, scenarios, seeds."""


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("campaign")
    assert write_campaign(folder, *SIZE) == 720
    return folder


def test_every_record_has_its_place(results: Path, tmp_path: Path) -> None:
    records, problems = read_records(results)
    assert problems == []
    tables = build(records, tmp_path, "ACC", plots=False)
    assert len(tables.rows) == 6 * 3 * 4
    assert len(tables.runs) == 720
    assert len(tables.comparisons) == 5 * 3 * 4  # all but the first learner, which is the baseline
    assert set(tables.comparisons["verdict"]) <= {"better", "worse", "equivalent", "indistinguishable"}
    assert (tables.summary["scenarios"] == 4).all()
    assert list(tables.rows.groupby("scenario")["rank"].first()) == ["1"] * 4
    assert (tmp_path / "index.html").stat().st_size < 1_000_000


def test_records_in_any_order_and_of_several_folders_give_the_same_files(results: Path, tmp_path: Path) -> None:
    records, _ = read_records(results)
    build(records, tmp_path / "a", "ACC", plots=False)
    build(records[::-1], tmp_path / "b", "ACC", plots=False)
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes(), path.name


def test_another_learner_changes_nobody_elses_verdict() -> None:
    records = list(campaign(4, 2, 3, 10))
    few = build([r for r in records if r.run.learner.name != "learner-03"], None, "ACC").comparisons
    many = build(records, None, "ACC").comparisons
    many = many[many["learner"] != "learner-03"].reset_index(drop=True)
    pd.testing.assert_frame_equal(few, many)


def test_damaged_foreign_and_newer_records_are_told_of_and_left_alone(tmp_path: Path) -> None:
    write_campaign(tmp_path, 2, 1, 1, 3)
    paths = sorted(runs_folder(tmp_path).glob("*/record.json"))
    strange = {
        paths[0]: paths[0].read_text()[:100],
        paths[1]: json.dumps({"accuracy": 0.9, "method": "another tool's"}),
        paths[2]: paths[2].read_text().replace('"schema": 2', '"schema": 77'),
    }
    for path, text in strange.items():
        path.write_text(text)
    records, problems = read_records(tmp_path)
    assert len(records) == 3
    assert [("no valid JSON" in p, "no ffcl record" in p, "schema is 77" in p) for p in problems] == [
        (True, False, False),
        (False, True, False),
        (False, False, True),
    ]
    build(records, tmp_path, "ACC", plots=False)
    assert all(path.read_text() == text for path, text in strange.items())
