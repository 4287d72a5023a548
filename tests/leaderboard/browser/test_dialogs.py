"""Dialogs in a browser: what is said of a row and of a column."""

from __future__ import annotations

import shlex
from typing import Any

from browsing import QUOTES, SCRIPT, find_all, press
from ffcl.plan import parse_settings
from ffcl_leaderboard.columns import COLUMNS


def test_a_row_opens_and_escape_closes_it(page: Any) -> None:
    from selenium.webdriver.common.keys import Keys

    opener = press(page, "#table button.open", "ff")
    (dialog,) = find_all(page, "dialog[open]")
    for text in ("ff", "toy", "Seeds", "Accuracy matrix", "Make it again", "Provenance", "made-up 1.0 c0", "1 failed"):
        assert text in dialog.text
    assert f"seed 0: ValueError: {SCRIPT}" in dialog.text
    page.switch_to.active_element.send_keys(Keys.ESCAPE)
    assert find_all(page, "dialog") == []
    assert page.switch_to.active_element == opener


def test_the_command_says_what_the_row_is(page: Any) -> None:
    find_all(page, "input[type=search]")[0].send_keys(f"ff {QUOTES}")
    press(page, "#table button.open")
    command = page.execute_script("return document.querySelector('.command code').textContent").replace("\\\n", "")
    words = shlex.split(command)
    assert words[:3] == ["ffcl", "run", "ff"]
    options = list(zip(words[3::2], words[4::2], strict=True))
    assert dict(options[:3]) == {"--scenario": "toy", "--strategy": QUOTES, "--seeds": "0-9"}
    assert parse_settings([value for name, value in options[3:] if name == "--set"]) == {
        "ff.hidden": "101",
        "ff.lr": "0.001",
        "ff.sizes": "3,4",
        f"{QUOTES}.buffer": "500",
        "toy.shuffle": "True",
        "toy.order": "",
        "toy.epochs": "1",
    }


def test_a_column_says_how_it_is_computed(page: Any) -> None:
    from selenium.webdriver.common.keys import Keys

    button = press(page, "#table th .q[aria-label='What is final accuracy?']")
    (dialog,) = find_all(page, "dialog[open]")
    for text in (COLUMNS["ACC"].formula, COLUMNS["ACC"].source, "Higher is better."):
        assert text in dialog.text
    page.switch_to.active_element.send_keys(Keys.ESCAPE)
    assert page.switch_to.active_element == button
