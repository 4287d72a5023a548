"""Rows of the leaderboard: what is averaged, counted, left out and ranked, and the files they are written to."""

from __future__ import annotations

import itertools
import json
import math
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ffcl.errors import UsageError
from ffcl.records import read_records, write_record
from ffcl.statistics import t_interval
from ffcl_leaderboard.build import build
from leaderboards import failed, record, shown


def test_a_row_is_the_mean_over_seeds_with_its_interval() -> None:
    records = [record(seed=seed) for seed in range(3)]
    (row,) = build(records, None, "ACC").rows.to_dict("records")
    finals = [np.mean(r.accuracy[-1]) for r in records if r.accuracy]
    assert row["seeds"] == 3
    assert (row["ACC"], row["ACC_low"], row["ACC_high"]) == pytest.approx(t_interval(finals))
    assert row["train_seconds"] == 2.0
    assert row["samples_per_second"] == 500.0
    assert row["parameters"] == 100
    assert row["ffcl_version"] == "0.1.0"
    assert row["learner_version"] == "made-up 1.0 c0"


def test_csv_files_hold_the_columns_promised(tmp_path: Path) -> None:
    build([record(seed=seed) for seed in range(2)], tmp_path, "ACC")
    rows = pd.read_csv(tmp_path / "leaderboard.csv")
    for name in ("learner", "strategy", "scenario", "configuration", "seeds", "train_seconds", "samples_per_second"):
        assert name in rows
    for name in ("ACC", "AIA", "forgetting", "BWT", "FWT", "LA"):
        assert rows[f"{name}_low"].item() <= rows[name].item() <= rows[f"{name}_high"].item()
    runs = pd.read_csv(tmp_path / "runs.csv")
    assert list(runs["seed"]) == [0, 1]
    assert json.loads(rows["scenario_settings"].item())["training"] == {"epochs": 1}


def test_the_published_leaderboard_has_todays_columns(tmp_path: Path) -> None:
    build([record()], tmp_path, "ACC")
    published = Path(__file__).parent.parent.parent / "leaderboard" / "published"
    for name in ("leaderboard.csv", "runs.csv"):
        header = (published / name).read_text().splitlines()[0]
        assert header == (tmp_path / name).read_text().splitlines()[0]


def test_the_same_records_give_the_same_bytes(tmp_path: Path) -> None:
    records = [record(learner, seed=seed) for learner in ("bp", "ff") for seed in range(2)]
    first = build(records, tmp_path / "a", "ACC").files
    second = build(list(reversed(records)), tmp_path / "b", "ACC").files
    assert [p.name for p in first] == [p.name for p in second]
    assert all(a.read_bytes() == b.read_bytes() for a, b in zip(first, second, strict=True))


def test_failures_are_counted_and_not_averaged() -> None:
    good = [record(seed=0), record(seed=1)]
    tables = build([*good, failed(seed=2)], None, "ACC")
    (row,) = tables.rows.to_dict("records")
    assert (row["seeds"], row["failed"]) == (2, 1)
    assert row["ACC"] == build(good, None, "ACC").rows["ACC"].item()
    assert tables.runs["failure"].tolist() == ["", "", "ValueError: boom, twice"]
    assert "1 failed" in shown([*good, failed(seed=2)])


def test_a_cell_that_only_failed_has_no_numbers(tmp_path: Path) -> None:
    tables = build([failed(learner="ff"), record()], tmp_path, "ACC")
    by_learner = tables.rows.set_index("learner")
    assert math.isnan(by_learner.loc["ff", "ACC"])
    assert tables.rows["learner"].tolist() == ["bp", "ff"]
    (row,) = (line for line in shown([failed(learner="ff")]).splitlines() if " ff " in line)
    assert row.split() == ["-", "ff", "none", "0", *"-----"]


def test_configurations_of_one_name_are_told_apart_by_what_differs() -> None:
    records = [record(hidden=size, lr=0.1, seed=seed) for size in (100, 200) for seed in (0, 1)]
    rows = build(records, None, "ACC").rows
    assert sorted(rows["variant"]) == ["hidden=100", "hidden=200"]
    assert rows["configuration"].nunique() == 2
    assert "hidden=200" in shown(records)


def test_the_baseline_is_the_one_with_the_default_settings() -> None:
    records = [record(name, hidden=size, seed=s) for name in ("bp", "ff") for size in (200, 1000) for s in range(2)]
    for default in (200, 1000):
        tables = build(records, None, "ACC", defaults={"bp.hidden": default})
        assert set(tables.comparisons["baseline"]) == {f"bp (hidden={default})"}


def test_what_must_be_known_of_a_learner_stands_under_its_rows() -> None:
    told = [replace(record("oja", seed=seed), note="of another kind", state_bytes=640) for seed in (0, 1)]
    rows = build([*told, record("bp")], None, "state_bytes").rows
    assert dict(zip(rows["learner"], rows["note"], strict=True)) == {"oja": "of another kind", "bp": ""}
    assert rows["state_bytes"].tolist() == [0, 640]
    assert shown([*told, record("bp")]).count("oja: of another kind") == 1
    assert ": of another" not in shown([record("bp")])


def test_runs_of_edited_code_are_left_out_and_counted() -> None:
    old = [record(seed=seed, code="old", started="2026-01-01") for seed in range(3)]
    new = [record(seed=seed, code="new", started="2026-01-02") for seed in range(2)]
    tables = build([*old, *new], None, "ACC")
    assert tables.rows["seeds"].tolist() == [2]
    assert tables.rows["learner_version"].tolist() == ["made-up 1.0 new"]
    assert tables.runs["current"].tolist().count(False) == 3
    assert "3 runs of code that has been edited since are left out." in shown([*old, *new])


def test_a_run_whose_folder_was_copied_counts_once(tmp_path: Path) -> None:
    records = [record(learner, seed=seed) for learner in ("bp", "ff") for seed in range(5)]
    for each in records:
        path = write_record(tmp_path, each)
        shutil.copytree(path.parent, path.parent.with_name(f"{path.parent.name}.bak"))
    copied, problems = read_records(tmp_path)
    assert (len(copied), problems) == (20, [])
    build(records, tmp_path / "a", "ACC")
    rows = build(copied, tmp_path / "b", "ACC").rows
    assert rows["rank"].tolist() == ["few seeds"] * 2
    for name in ("leaderboard", "comparisons", "runs", "coverage"):
        assert (tmp_path / "a" / f"{name}.csv").read_text() == (tmp_path / "b" / f"{name}.csv").read_text()
    assert shown(copied) == shown(records)


def test_of_several_records_of_a_run_a_result_counts_then_the_latest() -> None:
    result = record(started="2026-01-02")
    older = replace(result, started="2026-01-01", train_seconds=9.0)
    failure = replace(failed(), started="2026-01-03")
    for copies in itertools.permutations([older, result, failure]):
        (row,) = build(copies, None, "ACC").rows.to_dict("records")
        assert (row["seeds"], row["failed"], row["train_seconds"]) == (1, 0, 2.0)


@pytest.mark.parametrize(
    ("sort", "ascending"), [("ACC", False), ("forgetting", True), ("train_seconds", True), ("LA", False)]
)
def test_the_best_comes_first(sort: str, ascending: bool) -> None:
    records = [record(learner, seed=0) for learner in ("a", "b", "c", "d")]
    values = build(records, None, sort).rows[sort].tolist()
    assert values == sorted(values, reverse=not ascending)


def test_an_unknown_column_is_refused() -> None:
    with pytest.raises(UsageError, match=r"Unknown column to sort by 'forgeting'\. Did you mean 'forgetting'"):
        build([record()], None, "forgeting")


def test_runs_of_another_time_lack_settings_that_are_new() -> None:
    """Records made before the table ``evaluation`` are read on."""
    old, new = record(hidden=1), record(hidden=2)
    del old.run.scenario.settings["evaluation"]
    assert build([old, new], None, "ACC").rows["learner"].tolist() == ["bp", "bp"]


def test_rows_of_other_seeds_make_a_leaderboard(tmp_path: Path) -> None:
    first = [record("bp", seed=seed, scenario=name) for seed in range(5) for name in ("one", "two")]
    later = [record("ff", seed=seed, scenario=name) for seed in range(5, 10) for name in ("one", "two")]
    tables = build([*first, *later], tmp_path, "ACC")
    assert set(tables.rows["learner"]) == {"bp", "ff"}
    assert set(tables.comparisons["verdict"]) == {"few seeds"}
