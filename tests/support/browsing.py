"""A reader of the report: what they look for and press, and reports for them to read."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from ffcl.records import Record
from ffcl_leaderboard.report import write_report
from ffcl_leaderboard.tables import make_leaderboard
from made_up import done, run

Maker = Callable[..., Any]
IMAGE = "<img src=x onerror=alert(1)>"
SCRIPT = "</script><script>alert(1)</script>"
QUOTES = "it's $HOME"


def open_page(browser: Any, address: str) -> None:
    """Load a page anew: of an address that differs in what stands behind # the browser would only tell the old page."""
    browser.get("about:blank")
    browser.get(address)


def resize(browser: Any, width: int, height: int) -> None:
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def find_all(page: Any, selector: str) -> list[Any]:
    return list(page.find_elements("css selector", selector))


def press(page: Any, selector: str, text: str = "") -> Any:
    found = [e for e in find_all(page, selector) if text in e.text and e.is_displayed()]
    page.execute_script("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", found[0])
    found[0].click()
    return found[0]


def column(page: Any, number: int) -> list[str]:
    return [e.text for e in find_all(page, f"#table .scores tbody tr > :nth-child({number})")]


def runs_of_mixing(mixing: float, seeds: int = 10, learned: float = 0.9, **accuracies: float) -> list[Record]:
    """Runs on the stream of the scenario toy with this mixing, of learners that end at these accuracies."""
    records = []
    for (name, accuracy), seed in itertools.product(accuracies.items(), range(seeds)):
        of = run(name, seed=seed)
        settings = of.scenario.settings | {"stream": {"experiences": 2, "mixing": mixing}}
        matrix = [[0.0, 0.0], [learned, 0.0], [accuracy, accuracy]]
        records.append(replace(done(replace(of, scenario=replace(of.scenario, settings=settings))), accuracy=matrix))
    return records


def written(path: Path, records: list[Record]) -> str:
    return write_report(path, make_leaderboard(records, "ACC")).as_uri()
