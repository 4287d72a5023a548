"""The report in a browser, which must complain of nothing and ask for nothing."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from browsing import IMAGE, QUOTES, SCRIPT, Maker, open_page, resize
from ffcl_leaderboard.report import write_report
from ffcl_leaderboard.rows import leaderboard_frame

FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--window-size=1280,900",
)  # fmt: skip


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    driver_program = shutil.which("chromedriver")
    if program is None or driver_program is None:
        pytest.skip("needs chromium and chromedriver")
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver_program))
    yield driver
    driver.quit()


@pytest.fixture(scope="session")
def report(made_up: Maker, tmp_path_factory: pytest.TempPathFactory) -> Path:
    tables = made_up(
        ["bp", "ff", IMAGE, SCRIPT],
        ["none", "replay", QUOTES],
        ["toy", "other", IMAGE],
        10,
        fails=["ff"],
        message=SCRIPT,
    )
    first = tables.rows["configuration"][0]
    rows = leaderboard_frame(tables.cells, "ACC", lambda run: ["the data has changed"] * (run.configuration == first))
    path = tmp_path_factory.mktemp("report") / "index.html"
    return write_report(path, replace(tables, rows=rows))


@pytest.fixture
def page(browser: Any, report: Path) -> Iterator[Any]:
    """The report on the scenario ``toy``; afterwards the browser has complained of nothing and asked for nothing."""
    browser.get("about:blank")
    resize(browser, 1280, 900)
    browser.get_log("performance")  # what the browser itself did when it began
    open_page(browser, f"{report.as_uri()}#scenario=toy")
    yield browser
    assert [entry["message"] for entry in browser.get_log("browser")] == []
    requests = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    urls = [r["params"]["request"]["url"] for r in requests if r["method"] == "Network.requestWillBeSent"]
    assert all(re.match("file:|data:|about:", url) for url in urls), urls
