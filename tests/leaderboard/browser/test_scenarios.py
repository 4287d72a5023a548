"""All scenarios side by side in a browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from browsing import find_all, open_page, press, runs_of_mixing, written
from made_up import done, run


def test_over_all_scenarios_stale_numbers_are_hidden(page: Any, report: Path) -> None:
    """A row stays, with what is not stale in it."""
    open_page(page, f"{report.as_uri()}#scenario=")
    before = len(find_all(page, "#grid button.cell"))
    press(page, ".check", "hide stale")
    assert len(find_all(page, "#grid tbody tr")) == 12
    assert len(find_all(page, "#grid button.cell")) == before - 1


def test_all_scenarios_side_by_side(page: Any, report: Path) -> None:
    open_page(page, f"{report.as_uri()}#scenario=")
    assert "highest interquartile mean of final accuracy over all 3 scenarios:" in find_all(page, ".answer")[0].text
    assert len(find_all(page, "#grid tbody tr")) == 12
    assert len(find_all(page, "#ranks .figure .dot")) == 12
    press(page, "#grid button.cell")
    assert len(find_all(page, "dialog[open]")) == 1


def test_over_all_scenarios_one_can_be_searched_for(page: Any, tmp_path: Path) -> None:
    both = [done(run(name, scenario=s, seed=k)) for name in ("bp", "ff") for s in ("one", "two") for k in range(10)]
    open_page(page, written(tmp_path / "index.html", both))
    found = {"": 2, "two": 2, "ff one": 1, "three": 0}
    search = find_all(page, "input[type=search]")[0]
    for text, count in found.items():
        search.clear()
        search.send_keys(text)
        shown = "return document.querySelectorAll(arguments[0] + ' tbody th').length"
        assert [page.execute_script(shown, place) for place in ("#table", "#grid")] == [count, count], text


def test_streams_of_one_scenario_are_not_counted_as_scenarios(page: Any, tmp_path: Path) -> None:
    mixed = [*runs_of_mixing(0.0, bp=0.3, ff=0.2), *runs_of_mixing(1.0, bp=0.8, ff=0.9)]
    other = [done(run(name, scenario="other", seed=seed)) for name in ("bp", "ff") for seed in range(10)]
    for records, over in (([*mixed, *other], "over all 3 streams:"), ([*mixed, *other[:10]], "over 2 of 3 streams:")):
        open_page(page, written(tmp_path / "index.html", records) + "#scenario=")
        assert over in find_all(page, ".answer")[0].text
