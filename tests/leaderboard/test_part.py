"""What is shown of a leaderboard has the numbers that it has among all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from ffcl import api
from ffcl.records import Record, write_record
from ffcl.refusals import Refusal
from ffcl.selection import Part
from ffcl_leaderboard.build import build
from made_up import done, run

Command = Callable[..., tuple[int, str, str]]
SCENARIOS = ("one", "three", "two")
ALL = ("leaderboard.csv", "comparisons.csv", "summary.csv", "runs.csv", "coverage.csv")


def accuracies(learner: str, scenario: str) -> list[float]:
    """Of 10 seeds; p of two learners is 0.039: they are told apart, unless that is corrected for three scenarios."""
    base = np.random.default_rng(SCENARIOS.index(scenario)).uniform(0.4, 0.6, 10)
    ahead = np.array([3, 3, 3, 3, 3, 3, 3, -3, 1, -0.5]) / 100
    return list(base + {"bp": 0.0, "ff": 1.0, "oja": -9.0}[learner] * ahead)


def campaign() -> list[Record]:
    return [
        done(run(learner, strategy, scenario, seed), round(accuracy, 4))
        for learner in ("bp", "ff", "oja")
        for strategy in ("none", "replay")
        for scenario in SCENARIOS
        for seed, accuracy in enumerate(accuracies(learner, scenario))
    ]


def of(records: Sequence[Record], **names: str) -> list[Record]:
    return [r for r in records if all(getattr(r.run, kind).name == name for kind, name in names.items())]


def chosen(frame: pd.DataFrame, **names: str) -> pd.DataFrame:
    for kind, name in names.items():
        frame = frame[frame[kind] == name]
    return frame.reset_index(drop=True)


@pytest.mark.parametrize("names", [{"scenario": "one"}, {"learner": "ff"}, {"learner": "oja", "strategy": "replay"}])
def test_rows_have_the_numbers_that_they_have_among_all(names: dict[str, str]) -> None:
    records = campaign()
    whole = build(records, None, "ACC")
    part = build(records, None, "ACC", part=Part(of(records, **names)))
    for frame in ("rows", "comparisons", "runs"):
        pd.testing.assert_frame_equal(getattr(part, frame), chosen(getattr(whole, frame), **names))
    assert len(part.comparisons)
    expected = chosen(whole.summary, **names) if "scenario" not in names else whole.summary[:0]
    pd.testing.assert_frame_equal(part.summary, expected)  # what is over three scenarios says nothing of one


def test_a_row_whose_code_has_been_edited_since_is_shown_as_it_is_today() -> None:
    old, new = ([done(run(code=code, seed=s), started=code) for s in range(3)] for code in ("c0", "c1"))
    part = build([*old, *new[:2]], None, "ACC", part=Part(old))
    assert part.rows["seeds"].tolist() == [2]
    assert part.runs["current"].tolist().count(False) == 3


def test_what_is_refused_is_told_of_with_the_part() -> None:
    refusals = [Refusal("oja", "ewc", "no gradient"), Refusal("tree", "ewc", "no loss")]
    records = campaign()
    tables = build(records, None, "ACC", refusals, Part(of(records, learner="oja"), refusals[:1]))
    console = Console(width=200)
    with console.capture() as shown:
        console.print(tables.view)
    assert "refused: ewc on oja: no gradient" in shown.get()
    assert "tree" not in shown.get()
    assert "difference to bp under the same strategy" in shown.get()  # though no row of bp is shown


@pytest.fixture
def results(tmp_path: Path) -> Path:
    for record in campaign():
        write_record(tmp_path / "results", record)
    return tmp_path / "results"


def test_filters_change_neither_what_is_shown_nor_what_is_written(ffcl: Command, results: Path) -> None:
    def verdicts(*arguments: str) -> list[list[str]]:
        lines = ffcl("leaderboard", "--no-plots", *arguments)[1].split("one, difference to bp")[1].split("\n\n")[0]
        return [line.split() for line in lines.splitlines() if "indistinguishable" in line]

    everything = verdicts()
    assert len(everything) == 4
    files = {name: (results / name).read_bytes() for name in (*ALL, "index.html")}
    assert verdicts("--scenario", "one") == everything
    assert verdicts("--scenario", "one", "--learner", "ff") == [row for row in everything if row[0] == "ff"]
    assert {name: (results / name).read_bytes() for name in files} == files
    assert verdicts("--scenario", "one", "--output", "some") == everything
    whole, some = (pd.read_csv(folder / "comparisons.csv") for folder in (results, results.parent / "some"))
    pd.testing.assert_frame_equal(some, chosen(whole, scenario="one"))


def test_python_and_export_filter_in_the_same_way(ffcl: Command, results: Path) -> None:
    pd.testing.assert_frame_equal(api.compare(results, scenarios="one"), chosen(api.compare(results), scenario="one"))
    assert set(api.compare(results, learners=["ff", "oja"])["baseline"]) == {"bp", "bp + replay"}
    assert ffcl("leaderboard", "export", "all.csv")[0] == ffcl("leaderboard", "export", "one.csv", "-s", "one")[0] == 0
    whole, one = (pd.read_csv(results.parent / name) for name in ("all.csv", "one.csv"))
    pd.testing.assert_frame_equal(one, chosen(whole, scenario="one"), check_dtype=False)


def test_a_part_is_drawn_as_it_is_among_all(tmp_path: Path) -> None:
    records = [record for record in campaign() if record.run.scenario.name != "two"]
    build(records, tmp_path, "ACC", part=Part(of(records, learner="ff"), in_files=True))
    assert len(pd.read_csv(tmp_path / "leaderboard.csv")) == 4
    ranks, compared = ((tmp_path / "plots" / f"{name}.svg").read_text() for name in ("ranks", "comparisons--one"))
    assert "mean rank among 6" in ranks
    assert "oja" not in ranks
    assert "to bp under the same strategy" in compared


def test_a_run_ends_with_its_rows_as_they_are_in_the_whole_folder(ffcl: Command) -> None:
    short = ("--workers", "0", "--set", "split-digits.epochs=1")
    ffcl("run", "bp", "ff", "--seeds", "2", *short)
    output = ffcl("run", "ff", "--seeds", "1", *short)[1]
    table, compared = output.split("split-digits, difference to bp")
    assert [line.split()[1:4] for line in table.splitlines() if " none " in line] == [["ff", "none", "2"]]
    assert "few seeds" in compared
