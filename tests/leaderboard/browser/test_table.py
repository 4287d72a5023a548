"""The table in a browser: sorted, filtered, with columns chosen, and stale rows hidden."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from browsing import IMAGE, column, find_all, open_page, press
from ffcl_leaderboard.columns import COLUMNS
from ffcl_leaderboard.report import write_report
from ffcl_leaderboard.tables import make_leaderboard
from made_up import done, run


def test_a_press_on_a_head_sorts(page: Any) -> None:
    accuracies = [float(cell.split(" ")[0]) for cell in column(page, 5)]
    assert accuracies == sorted(accuracies, reverse=True), "at first by ACC, the highest first"
    press(page, "#table .sort", "learner")
    names = column(page, 2)
    assert [names.count(name) for name in names[::3]] == [3, 3, 3, 3]
    assert names.index("bp") < names.index("ff")
    press(page, "#table .sort", "learner")
    assert column(page, 2) == names[::-1]
    heads = [e.get_attribute("aria-sort") for e in find_all(page, "#table .scores thead th")]
    assert heads.count("descending") == 1
    assert heads[1] == "descending"


def test_filters_leave_what_fits_and_say_how_many(page: Any) -> None:
    assert len(column(page, 2)) == 12
    press(page, ".filters .chip", "ff")
    assert len(column(page, 2)) == 9
    assert "ff" not in column(page, 2)
    find_all(page, "input[type=search]")[0].send_keys("bp replay")
    assert column(page, 2) == ["bp"]
    assert "1 of 12 rows shown." in page.execute_script("return document.getElementById('live').textContent")
    assert len(find_all(page, "#curves .figure .line")) == 1, "figures follow the filters"
    find_all(page, "input[type=search]")[0].send_keys(" nothing like it")
    assert "No row fits" in find_all(page, "#table tbody")[0].text


def test_stale_rows_can_be_hidden_and_are_not_ranked(page: Any, report: Path) -> None:
    open_page(page, f"{report.as_uri()}#scenario={IMAGE}")  # the first row is of the first scenario by name
    assert [e.text for e in find_all(page, "#table .badge") if e.text == "stale"] == ["stale"]
    assert "not ranked" in column(page, 1)
    press(page, ".check", "hide stale")
    assert len(column(page, 2)) == 11


def test_a_verdict_says_that_the_baseline_is_stale(page: Any, tmp_path: Path) -> None:
    records = [done(run(name, seed=s), acc) for name, acc in (("bp", 0.6), ("ff", 0.8)) for s in range(10)]
    board = make_leaderboard(records, "ACC", changes=lambda run: ["learner code edited"] * (run.learner.name == "bp"))
    page.get(write_report(tmp_path / "index.html", board).as_uri())
    assert "Against bp (stale): +20.0 points, better." in find_all(page, ".answer")[0].text
    assert [e.text for e in find_all(page, "#table .badge") if "stale" in e.text] == ["baseline stale", "stale"]
    press(page, "#table button.open", "ff")
    assert "Stale baseline: learner code edited" in find_all(page, "dialog[open]")[0].text


def test_columns_can_be_chosen_and_la_stays_beside_forgetting(page: Any) -> None:
    heads = "return [...document.querySelectorAll('#table thead .sort')].map((e) => e.textContent.trim())"
    press(page, ".menu summary")
    for name in ("BWT", "LA"):
        press(page, ".menu label", COLUMNS[name].title)
    shown = page.execute_script(heads)
    assert f"{COLUMNS['BWT'].title} %" in shown
    assert shown[shown.index("forgetting %") - 1] == "LA %"
    press(page, ".menu label", "forgetting")
    assert "LA %" not in page.execute_script(heads)
