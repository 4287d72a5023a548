"""The page as a whole in a browser: narrow, by keys, read aloud, empty, and with hostile names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from browsing import IMAGE, SCRIPT, column, find_all, open_page, press, resize, written
from ffcl_leaderboard.report import write_report
from ffcl_leaderboard.tables import make_leaderboard
from made_up import done, run


def test_names_stay_text(page: Any) -> None:
    assert find_all(page, "img") == []
    assert len(find_all(page, "script")) == 2
    assert {IMAGE, SCRIPT} < set(column(page, 2))
    press(page, "#table button.open", SCRIPT)
    assert SCRIPT in find_all(page, "dialog h2")[0].text
    assert IMAGE in page.execute_script("return document.querySelector('.chooser').textContent")


@pytest.mark.parametrize("width", [360, 390, 768])
@pytest.mark.parametrize("scenario", ["toy", ""])
def test_a_narrow_page_does_not_scroll_sideways(page: Any, report: Path, width: int, scenario: str) -> None:
    resize(page, width, 800)
    open_page(page, f"{report.as_uri()}#scenario={scenario}")
    assert page.execute_script("return document.documentElement.scrollWidth") <= width
    if scenario:
        press(page, "#table button.open")
        assert page.execute_script("const d = document.querySelector('.dialog-body'); return d.scrollWidth") <= width


def test_none_of_many_learners_looks_like_another(page: Any, tmp_path: Path) -> None:
    page.get(written(tmp_path / "a.html", [done(run(f"learner-{k:02}")) for k in range(30)]))
    icons = [icon.get_attribute("outerHTML") for icon in find_all(page, ".filters .chip .icon")]
    assert len(set(icons)) == len(icons) == 30


def test_everything_has_a_name_and_figures_say_what_they_show(page: Any) -> None:
    """Of the browser's accessibility tree: no control and no figure without a name."""
    nodes = page.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    shown = [node for node in nodes if not node.get("ignored")]
    named = {
        "button",
        "link",
        "checkbox",
        "combobox",
        "searchbox",
        "textbox",
        "table",
        "region",
        "image",
        "columnheader",
    }
    checked = [node for node in shown if node["role"]["value"] in named]
    assert {"button", "checkbox", "combobox", "searchbox", "table", "image"} <= {n["role"]["value"] for n in checked}
    assert [node["role"]["value"] for node in checked if not node.get("name", {}).get("value", "").strip()] == []


def test_keys_reach_every_control(page: Any) -> None:
    """No control is taken out of the order of the Tab key, and focus can be seen."""
    controls = "[...document.querySelectorAll('button, a[href], select, input, summary')]"
    assert page.execute_script(f"return {controls}.filter((e) => e.tabIndex < 0).length") == 0
    from selenium.webdriver.common.keys import Keys

    page.switch_to.active_element.send_keys(Keys.TAB)
    assert page.switch_to.active_element.text == "Skip to the table"
    assert page.execute_script("return getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_the_theme_can_be_turned(page: Any) -> None:
    ground = "return getComputedStyle(document.body).backgroundColor"
    before = page.execute_script(ground)
    button = press(page, ".theme")
    assert page.execute_script(ground) != before
    button.click()
    assert page.execute_script(ground) == before


def test_an_empty_report_says_what_to_do(page: Any, tmp_path: Path) -> None:
    page.get(write_report(tmp_path / "index.html", make_leaderboard([], "ACC")).as_uri())
    assert "No runs yet" in find_all(page, "main")[0].text
