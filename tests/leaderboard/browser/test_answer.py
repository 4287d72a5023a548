"""The answer above the table in a browser: who leads, and who cannot."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from browsing import Maker, column, find_all, open_page, runs_of_mixing, written
from ffcl.records import Record
from ffcl.selection import Part
from ffcl_leaderboard.report import write_report
from ffcl_leaderboard.tables import make_leaderboard
from made_up import done, run


def test_few_seeds_make_no_winner(page: Any, made_up: Maker, tmp_path: Path) -> None:
    path = write_report(tmp_path / "index.html", made_up(seeds=3))
    page.get(path.as_uri())
    assert find_all(page, ".answer")[0].text.startswith("Few seeds: 3 a row, where 10 are needed")
    assert column(page, 1) == ["few seeds"] * 4
    assert find_all(page, "#table .first") == []


def test_few_seeds_are_those_of_the_rows_over_all_scenarios(page: Any, tmp_path: Path) -> None:
    """Ten seeds on one scenario are too few for a winner over two if there are three on the other."""
    names, counts = ("bp", "ff"), {"one": 10, "two": 3}
    records = [done(run(name, scenario=s, seed=k)) for name in names for s, n in counts.items() for k in range(n)]
    open_page(page, written(tmp_path / "index.html", records) + "#scenario=")
    assert find_all(page, ".answer")[0].text.startswith("Few seeds: 3 a row, where 10 are needed")


def test_each_stream_of_a_scenario_has_a_leader(page: Any, tmp_path: Path) -> None:
    sharp = runs_of_mixing(0.0, bp=0.3, ff=0.2)
    page.get(written(tmp_path / "both.html", [*sharp, *runs_of_mixing(1.0, bp=0.8, ff=0.9)]))
    answer = find_all(page, ".answer")[0].text
    assert [line.split("%")[0] for line in answer.split("\n")] == [
        "bp (toy.mixing=0.0) has the highest final accuracy of its stream, 30.0",
        "ff (toy.mixing=1.0) has the highest final accuracy of its stream, 90.0",
    ]
    assert answer.count("Its interval overlaps with no other.") == 2
    assert len(find_all(page, "#table .first")) == 2
    page.get(written(tmp_path / "few.html", [*sharp, *runs_of_mixing(1.0, seeds=3, bp=0.8)]))
    leader, rest = find_all(page, ".answer")[0].text.split("\n")
    assert leader.startswith("bp (toy.mixing=0.0) has the highest")
    assert rest == "No row of 1 other stream can be ranked."


def test_of_a_part_the_first_that_is_shown_is_named(page: Any, tmp_path: Path) -> None:
    board = make_leaderboard(runs_of_mixing(0.0, bp=0.3, ff=0.5, oja=0.2), "ACC")
    shown = board.part(Part(runs_of_mixing(0.0, bp=0.3, oja=0.2)))
    page.get(write_report(tmp_path / "index.html", shown).as_uri())
    assert find_all(page, ".answer")[0].text.startswith("bp has the highest final accuracy among the rows shown, 30.0%")
    assert column(page, 1) == ["2", "3"]


def test_who_never_was_above_guessing_did_not_learn(page: Any, tmp_path: Path) -> None:
    """Whoever else is there: half of two labels is guessing, a third of ten is not."""

    def of(name: str, learned: float, labels: int) -> list[Record]:
        records = runs_of_mixing(0.0, learned=learned, **{name: learned})
        return [replace(record, choices=[[labels, labels]] * 3) for record in records]

    for labels, learned, said in ((2, 0.5, True), (10, 0.35, False)):
        page.get(written(tmp_path / "a.html", [*of("bp", 0.9, labels), *of("ff", learned, labels)]))
        rows = {row.find_element("css selector", "th").text: row for row in find_all(page, "#table tbody tr")}
        assert {name: "did not learn" in row.text for name, row in rows.items()} == {"bp": False, "ff": said}
