from __future__ import annotations

import itertools
import json
import math
import shutil
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
from ffcl.records import Failure, Record, Snapshot, read_records, write_record
from ffcl.refusals import Refusal
from ffcl.statistics import t_interval
from ffcl_leaderboard.build import build
from ffcl_leaderboard.within import WITHIN


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
    mixing: float | None = None,
    snapshots: int = 0,
    **settings: Any,
) -> Record:
    """A made-up record, the same for the same arguments."""
    stream = {"experiences": experiences} | ({} if mixing is None else {"mixing": mixing})
    run = Run(
        part(learner, code, **settings),
        part(strategy),
        part(scenario, stream=stream, training={"epochs": 1}, evaluation={"every": 5 if snapshots else 0}),
        seed,
        "0.1.0",
    )
    rng = np.random.default_rng([seed, *learner.encode(), *strategy.encode(), experiences])
    matrix = rng.random((experiences + 1, experiences)).round(4)
    within = [
        Snapshot(i, 5 * n, rng.random(i).round(4).tolist())
        for i, n in itertools.product(range(1, experiences + 1), range(1, snapshots + 1))
    ]
    return Record(
        run, "done", started, matrix.tolist(), within=within, n_parameters=100, train_samples=1000, train_seconds=2.0
    )


def failed(**arguments: Any) -> Record:
    good = record(**arguments)
    return Record(good.run, "failed", "2026-01-01", failure=Failure("ValueError", "boom, twice", "Traceback"))


def shown(records: Sequence[Record], width: int = 80, sort: str = "ACC", refusals: Sequence[Refusal] = ()) -> str:
    console = Console(width=width, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    with console.file:
        console.print(build(records, None, sort, refusals).view)
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


def test_of_very_many_rows_the_terminal_shows_the_best() -> None:
    def lines(n: int) -> list[str]:
        both = [record(scenario=name, lr=float(i)) for name in ("one", "two") for i in range(n)]
        return shown(both, width=100).splitlines()

    assert not any("more;" in line for line in lines(12))
    many = lines(120)
    assert many.count("and 110 more; `ffcl leaderboard --scenario one` shows them") == 1
    assert len(many) < 100


def test_of_one_scenario_the_terminal_shows_every_row() -> None:
    """This is where the hint below a table that was cut leads."""
    text = shown([record(lr=float(i)) for i in range(210)], width=100)
    assert "more;" not in text
    assert "lr=209.0" in text


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
    """Also in a title: as the settings of the baseline, and as the name of a scenario."""
    hostile = ("[red]</x> $math$", "[/data]")
    records = [record(scenario="[/s]", kind=name, seed=s) for name in hostile for s in (0, 1)]
    text = shown([*records, record("ff", scenario="[/s]")], width=160)
    assert all(f"kind={name}" in text for name in hostile)
    assert "[/s], difference to bp (kind=[/data]), seed by seed" in text
    build([record(kind="$\\frac{$", seed=s) for s in (0, 1)] + [record(kind="b")], tmp_path, "ACC")


def test_runs_of_another_time_lack_settings_that_are_new() -> None:
    """Records made before the table ``evaluation`` are read on."""
    old, new = record(hidden=1), record(hidden=2)
    del old.run.scenario.settings["evaluation"]
    assert build([old, new], None, "ACC").rows["learner"].tolist() == ["bp", "bp"]


def test_snapshots_make_columns_and_a_table_of_their_own() -> None:
    measured = [record(scenario="measured", seed=seed, snapshots=4) for seed in range(3)]
    rows = build([*measured, record(scenario="plain")], None, "AAA").rows.set_index("scenario")
    for name in WITHIN:
        low, mean, high = (rows.loc["measured", f"{name}{end}"] for end in ("_low", "", "_high"))
        assert low <= mean <= high
        assert math.isnan(rows.loc["plain", name])
    text = shown([*measured, record(scenario="plain")])
    assert text.count("while experiences are learned") == text.count("WC_ACC") == 1
    assert "measured, while experiences are learned" in text
    assert "WC_ACC" not in shown([record()])


def test_csv_files_hold_the_columns_of_snapshots_measured_or_not(tmp_path: Path) -> None:
    for folder, snapshots in (("a", 3), ("b", 0)):
        build([record(seed=seed, snapshots=snapshots) for seed in (0, 1)], tmp_path / folder, "ACC")
    for name in ("leaderboard.csv", "runs.csv"):
        measured, plain = (pd.read_csv(tmp_path / folder / name) for folder in ("a", "b"))
        assert list(measured) == list(plain)
        assert measured[list(WITHIN)].notna().all(axis=None)
        assert plain[list(WITHIN)].isna().all(axis=None)


def test_the_smallest_gap_comes_first() -> None:
    records = [record(learner, snapshots=4) for learner in "abcd"]
    assert build(records, None, "gap").rows["gap"].is_monotonic_increasing
    assert build(records, None, "min_ACC").rows["min_ACC"].is_monotonic_decreasing


@pytest.mark.parametrize(("cells", "experiences"), [(1, 2), (5, 5), (12, 12)])
def test_snapshots_are_drawn(tmp_path: Path, cells: int, experiences: int) -> None:
    records = [
        record(f"l{k}", seed=seed, experiences=experiences, snapshots=4 + seed)
        for k, seed in itertools.product(range(cells), range(2))
    ]
    build([*records, record("plain", experiences=experiences)], tmp_path, "ACC")
    assert (tmp_path / "plots" / "within--toy.png").stat().st_size > 5000
    svg = (tmp_path / "plots" / "within--toy.svg").read_text()
    assert f"l{cells - 1}" in svg
    assert "plain" not in svg
    assert ("5 of 12" in svg) == (experiences == 12)


def test_without_snapshots_nothing_of_them_is_drawn(tmp_path: Path) -> None:
    build([record(seed=seed) for seed in range(2)], tmp_path, "ACC")
    assert not list((tmp_path / "plots").glob("within*"))


REFUSED = [Refusal("oja", name, "it acts on gradients") for name in ("ewc", "gem")] + [
    Refusal("tree", "ewc", "no loss")
]


def test_no_pair_is_left_out_of_the_coverage(tmp_path: Path) -> None:
    records = [
        *(record("bp", "ewc", scenario, seed=seed) for scenario in ("b", "a") for seed in range(2)),
        record("bp", "none"),
        record("oja", "none", seed=0),
        failed(learner="oja", strategy="none", seed=1),
        record("oja", "gem"),  # by code of a time when it was not refused
    ]
    build(records, tmp_path, "ACC", REFUSED)
    rows = pd.read_csv(tmp_path / "coverage.csv", keep_default_na=False).set_index(["learner", "strategy"])
    assert len(rows) == 3 * 3
    assert rows.loc[("bp", "ewc")].tolist() == ["works", 4, 0, "a, b", ""]
    assert rows.loc[("bp", "gem")].tolist() == ["not run", 0, 0, "", ""]
    assert rows.loc[("oja", "none")].tolist() == ["failed", 1, 1, "toy", "ValueError: boom, twice"]
    assert rows.loc[("oja", "gem")].tolist() == ["refused", 1, 0, "toy", "it acts on gradients"]
    assert rows.loc[("tree", "none")].tolist() == ["not run", 0, 0, "", ""]
    assert rows.loc[("tree", "ewc")].tolist() == ["refused", 0, 0, "", "no loss"]
    svg = (tmp_path / "plots" / "coverage.svg").read_text()
    assert svg.count(">refused<") == 3
    assert "✗ 1/2" in svg
    assert "✓ 4" in svg


def test_the_terminal_says_what_is_refused_and_why_each_reason_once() -> None:
    text = shown([record("bp", "none"), failed(learner="bp", strategy="ewc")], refusals=REFUSED)
    assert "refused: ewc, gem on oja: it acts on gradients" in text
    assert "refused: ewc on tree: no loss" in text
    assert "failed: ewc on bp: ValueError: boom, twice" in text
    assert "1/1 failed" in text
    assert text.count("it acts on gradients") == 1
    assert "refused" in shown([], refusals=REFUSED)


def test_one_strategy_for_all_needs_no_coverage_in_the_terminal() -> None:
    assert "each strategy" not in shown([record("bp"), record("ff")])
    assert "each strategy" in shown([record("bp"), record("ff", "replay")])


def test_the_coverage_of_many_learners_fits_a_narrow_terminal() -> None:
    learners, strategies = [f"a-learner-{k:02}" for k in range(12)], [f"a-strategy-{k:02}" for k in range(16)]
    records = [record(learner, strategy) for learner, strategy in itertools.product(learners, strategies[:-1])]
    refusals = [Refusal(learner, strategies[-1], "no") for learner in learners]
    text = shown(records, refusals=refusals).split("each strategy")[1]
    assert "…" not in text
    assert all(learner in text for learner in learners)


def test_with_many_strategies_each_learner_has_a_panel(tmp_path: Path) -> None:
    learners, strategies = [f"a-learner-{k}" for k in range(3)], ["none", *(f"a-strategy-{k}" for k in range(5))]
    build([record(learner, strategy) for learner, strategy in itertools.product(learners, strategies)], tmp_path, "ACC")
    svg = (tmp_path / "plots" / "accuracy--toy.svg").read_text()
    assert svg.count(">a-learner-2<") == svg.count(">a-strategy-4<") == svg.count(">none<") == 1


def test_rows_of_other_seeds_make_a_leaderboard(tmp_path: Path) -> None:
    first = [record("bp", seed=seed, scenario=name) for seed in range(5) for name in ("one", "two")]
    later = [record("ff", seed=seed, scenario=name) for seed in range(5, 10) for name in ("one", "two")]
    tables = build([*first, *later], tmp_path, "ACC")
    assert set(tables.rows["learner"]) == {"bp", "ff"}
    assert set(tables.comparisons["verdict"]) == {"few seeds"}


def test_a_line_over_the_mixing_joins_what_differs_in_nothing_else(tmp_path: Path) -> None:
    records = [
        record(learner, strategy, mixing=mixing, seed=seed)
        for learner, strategy, mixing, seed in itertools.product(
            ("bp", "ff"), ("none", "replay"), (0.0, 0.5, 1.0), range(2)
        )
    ]
    apart = [record("lonely", mixing=0.5), record("edited", mixing=0.0), record("edited", mixing=1.0, code="c1")]
    build([*records, *apart], tmp_path, "ACC")
    assert (tmp_path / "plots" / "mixing--toy.png").stat().st_size > 5000
    svg = (tmp_path / "plots" / "mixing--toy.svg").read_text()
    for label in ("bp", "bp + replay", "ff", "ff + replay"):
        assert f">{label}<" in svg
    assert "lonely" not in svg
    assert "edited" not in svg
    assert ">mixing 0.5<" in (tmp_path / "plots" / "accuracy--toy.svg").read_text()


def test_a_setting_of_the_scenario_is_told_without_its_name_and_whole() -> None:
    records = [record("hebbian", "nearest-mean", mixing=mixing, experiences=5) for mixing in (0.25, 0.75)]
    lines = [line.strip() for line in shown(records).splitlines()]
    assert {"mixing=0.25", "mixing=0.75"} <= set(lines)


def test_one_mixing_makes_no_line(tmp_path: Path) -> None:
    build([record(learner, mixing=0.5) for learner in ("bp", "ff")], tmp_path, "ACC")
    assert not list((tmp_path / "plots").glob("mixing*"))
    assert "mixing" not in (tmp_path / "plots" / "accuracy--toy.svg").read_text()
