from __future__ import annotations

import itertools
import json
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from ffcl.configuration import Component, Run
from ffcl.errors import UsageError
from ffcl.records import Failure, Record
from ffcl.statistics import t_interval
from ffcl_leaderboard.build import build


def part(name: str, code: str = "c0", **settings: Any) -> Component:
    return Component(name, settings, "made-up", "1.0", code)


def record(
    learner: str = "bp",
    strategy: str = "none",
    scenario: str = "toy",
    seed: int = 0,
    experiences: int = 2,
    started: str = "2026-01-01",
    code: str = "c0",
    **settings: Any,
) -> Record:
    """A made-up record, the same for the same arguments."""
    run = Run(
        part(learner, code, **settings),
        part(strategy),
        part(scenario, stream={"experiences": experiences}, training={"epochs": 1}),
        seed,
        "0.1.0",
    )
    rng = np.random.default_rng([seed, *learner.encode(), *strategy.encode(), experiences])
    matrix = rng.random((experiences + 1, experiences)).round(4)
    return Record(run, "done", started, matrix.tolist(), n_parameters=100, train_samples=1000, train_seconds=2.0)


def failed(**arguments: Any) -> Record:
    good = record(**arguments)
    return Record(good.run, "failed", "2026-01-01", failure=Failure("ValueError", "boom, twice", "Traceback"))


def shown(records: Sequence[Record], width: int = 80, sort: str = "ACC") -> str:
    console = Console(width=width, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    with console.file:
        console.print(build(records, None, sort).view)
    return console.export_text()


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
    assert "-" in shown([failed(learner="ff")])


def test_configurations_of_one_name_are_told_apart_by_what_differs() -> None:
    records = [record(hidden=size, lr=0.1, seed=seed) for size in (100, 200) for seed in (0, 1)]
    rows = build(records, None, "ACC").rows
    assert sorted(rows["variant"]) == ["hidden=100", "hidden=200"]
    assert rows["configuration"].nunique() == 2
    assert "hidden=200" in shown(records)


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


def test_scenarios_are_kept_apart(tmp_path: Path) -> None:
    records = [record(scenario=name, experiences=n) for name, n in (("joint", 1), ("toy", 2))]
    files = {path.name for path in build(records, tmp_path, "ACC").files}
    assert {"accuracy--joint.png", "accuracy--toy.svg", "forgetting--toy.png", "matrix--toy.png"} <= files
    assert "forgetting--joint.png" not in files  # one experience cannot be forgotten


def test_twelve_learners_are_told_apart(tmp_path: Path) -> None:
    records = [
        record(f"learner{k:02}", strategy, seed=seed, experiences=5)
        for k, strategy, seed in itertools.product(range(12), ("none", "replay"), range(3))
    ]
    files = build(records, tmp_path, "ACC").files
    svg = (tmp_path / "plots" / "accuracy--toy.svg").read_text()
    for k in range(12):
        assert f"learner{k:02} + replay" in svg
    assert all(path.stat().st_size > 5000 for path in files if path.suffix == ".png")


def test_nothing_is_cut_off_in_a_narrow_terminal() -> None:
    text = shown([record(learner, seed=s) for learner in ("prototype", "hebbian") for s in range(3)])
    assert "…" not in text
    assert "forgetting" in text


def test_a_hostile_name_stays_text(tmp_path: Path) -> None:
    text = shown([record(hidden="[red]</x> $math$")])
    assert "bp" in text
    build([record(kind="$\\frac{", seed=s) for s in (0, 1)] + [record(kind="b")], tmp_path, "ACC")
