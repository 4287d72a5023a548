"""The report in a browser: what a reader does with it, and what it must never do."""

from __future__ import annotations

import itertools
import json
import re
import shlex
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ffcl.plan import parse_settings
from ffcl.records import Record
from ffcl.selection import Part
from ffcl_leaderboard.columns import COLUMNS
from ffcl_leaderboard.report import write_report
from ffcl_leaderboard.rows import leaderboard_frame
from ffcl_leaderboard.tables import make_leaderboard
from made_up import done, run

webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
if BROWSER is None or DRIVER is None:
    pytest.skip("needs chromium and chromedriver", allow_module_level=True)

Maker = Callable[..., Any]
IMAGE = "<img src=x onerror=alert(1)>"
SCRIPT = "</script><script>alert(1)</script>"
QUOTES = "it's $HOME"
FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--window-size=1280,900",
)  # fmt: skip


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
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
    _size(browser, 1280, 900)
    browser.get_log("performance")  # what the browser itself did when it began
    _open(browser, f"{report.as_uri()}#scenario=toy")
    yield browser
    assert [entry["message"] for entry in browser.get_log("browser")] == []
    requests = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    urls = [r["params"]["request"]["url"] for r in requests if r["method"] == "Network.requestWillBeSent"]
    assert all(re.match("file:|data:|about:", url) for url in urls), urls


def _open(browser: Any, address: str) -> None:
    """Load a page anew: of an address that differs in what stands behind # the browser would only tell the old page."""
    browser.get("about:blank")
    browser.get(address)


def _size(browser: Any, width: int, height: int) -> None:
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def _all(page: Any, selector: str) -> list[Any]:
    return list(page.find_elements("css selector", selector))


def _press(page: Any, selector: str, text: str = "") -> Any:
    found = [e for e in _all(page, selector) if text in e.text and e.is_displayed()]
    page.execute_script("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", found[0])
    found[0].click()
    return found[0]


def _column(page: Any, number: int) -> list[str]:
    return [e.text for e in _all(page, f"#table .scores tbody tr > :nth-child({number})")]


def test_a_press_on_a_head_sorts(page: Any) -> None:
    accuracies = [float(cell.split(" ")[0]) for cell in _column(page, 5)]
    assert accuracies == sorted(accuracies, reverse=True), "at first by ACC, the highest first"
    _press(page, "#table .sort", "learner")
    names = _column(page, 2)
    assert [names.count(name) for name in names[::3]] == [3, 3, 3, 3]
    assert names.index("bp") < names.index("ff")
    _press(page, "#table .sort", "learner")
    assert _column(page, 2) == names[::-1]
    heads = [e.get_attribute("aria-sort") for e in _all(page, "#table .scores thead th")]
    assert heads.count("descending") == 1
    assert heads[1] == "descending"


def test_filters_leave_what_fits_and_say_how_many(page: Any) -> None:
    assert len(_column(page, 2)) == 12
    _press(page, ".filters .chip", "ff")
    assert len(_column(page, 2)) == 9
    assert "ff" not in _column(page, 2)
    _all(page, "input[type=search]")[0].send_keys("bp replay")
    assert _column(page, 2) == ["bp"]
    assert "1 of 12 rows shown." in page.execute_script("return document.getElementById('live').textContent")
    assert len(_all(page, "#curves .figure .line")) == 1, "figures follow the filters"
    _all(page, "input[type=search]")[0].send_keys(" nothing like it")
    assert "No row fits" in _all(page, "#table tbody")[0].text


def test_stale_rows_can_be_hidden_and_are_not_ranked(page: Any, report: Path) -> None:
    _open(page, f"{report.as_uri()}#scenario={IMAGE}")  # the first row of the table is of the first scenario by name
    assert [e.text for e in _all(page, "#table .badge") if e.text == "stale"] == ["stale"]
    assert "not ranked" in _column(page, 1)
    _press(page, ".check", "hide stale")
    assert len(_column(page, 2)) == 11


def test_a_verdict_says_that_the_baseline_is_stale(page: Any, tmp_path: Path) -> None:
    records = [done(run(name, seed=s), acc) for name, acc in (("bp", 0.6), ("ff", 0.8)) for s in range(10)]
    board = make_leaderboard(records, "ACC", changes=lambda run: ["learner code edited"] * (run.learner.name == "bp"))
    page.get(write_report(tmp_path / "index.html", board).as_uri())
    assert "Against bp (stale): +20.0 points, better." in _all(page, ".answer")[0].text
    assert [e.text for e in _all(page, "#table .badge") if "stale" in e.text] == ["baseline stale", "stale"]
    _press(page, "#table button.open", "ff")
    assert "Stale baseline: learner code edited" in _all(page, "dialog[open]")[0].text


def test_over_all_scenarios_stale_numbers_are_hidden(page: Any, report: Path) -> None:
    """A row stays, with what is not stale in it."""
    _open(page, f"{report.as_uri()}#scenario=")
    before = len(_all(page, "#grid button.cell"))
    _press(page, ".check", "hide stale")
    assert len(_all(page, "#grid tbody tr")) == 12
    assert len(_all(page, "#grid button.cell")) == before - 1


def test_a_row_opens_and_escape_closes_it(page: Any) -> None:
    from selenium.webdriver.common.keys import Keys

    opener = _press(page, "#table button.open", "ff")
    (dialog,) = _all(page, "dialog[open]")
    for text in ("ff", "toy", "Seeds", "Accuracy matrix", "Make it again", "Provenance", "made-up 1.0 c0", "1 failed"):
        assert text in dialog.text
    assert f"seed 0: ValueError: {SCRIPT}" in dialog.text
    page.switch_to.active_element.send_keys(Keys.ESCAPE)
    assert _all(page, "dialog") == []
    assert page.switch_to.active_element == opener


def test_the_command_says_what_the_row_is(page: Any) -> None:
    _all(page, "input[type=search]")[0].send_keys(f"ff {QUOTES}")
    _press(page, "#table button.open")
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

    button = _press(page, "#table th .q[aria-label='What is final accuracy?']")
    (dialog,) = _all(page, "dialog[open]")
    for text in (COLUMNS["ACC"].formula, COLUMNS["ACC"].source, "Higher is better."):
        assert text in dialog.text
    page.switch_to.active_element.send_keys(Keys.ESCAPE)
    assert page.switch_to.active_element == button


def test_columns_can_be_chosen_and_la_stays_beside_forgetting(page: Any) -> None:
    heads = "return [...document.querySelectorAll('#table thead .sort')].map((e) => e.textContent.trim())"
    _press(page, ".menu summary")
    for name in ("BWT", "LA"):
        _press(page, ".menu label", COLUMNS[name].title)
    shown = page.execute_script(heads)
    assert f"{COLUMNS['BWT'].title} %" in shown
    assert shown[shown.index("forgetting %") - 1] == "LA %"
    _press(page, ".menu label", "forgetting")
    assert "LA %" not in page.execute_script(heads)


def test_names_stay_text(page: Any) -> None:
    assert _all(page, "img") == []
    assert len(_all(page, "script")) == 2
    assert {IMAGE, SCRIPT} < set(_column(page, 2))
    _press(page, "#table button.open", SCRIPT)
    assert SCRIPT in _all(page, "dialog h2")[0].text
    assert IMAGE in page.execute_script("return document.querySelector('.chooser').textContent")


@pytest.mark.parametrize("width", [360, 390, 768])
@pytest.mark.parametrize("scenario", ["toy", ""])
def test_a_narrow_page_does_not_scroll_sideways(page: Any, report: Path, width: int, scenario: str) -> None:
    _size(page, width, 800)
    _open(page, f"{report.as_uri()}#scenario={scenario}")
    assert page.execute_script("return document.documentElement.scrollWidth") <= width
    if scenario:
        _press(page, "#table button.open")
        assert page.execute_script("const d = document.querySelector('.dialog-body'); return d.scrollWidth") <= width


def test_all_scenarios_side_by_side(page: Any, report: Path) -> None:
    _open(page, f"{report.as_uri()}#scenario=")
    assert "highest interquartile mean of final accuracy over all 3 scenarios:" in _all(page, ".answer")[0].text
    assert len(_all(page, "#grid tbody tr")) == 12
    assert len(_all(page, "#ranks .figure .dot")) == 12
    _press(page, "#grid button.cell")
    assert len(_all(page, "dialog[open]")) == 1


def test_over_all_scenarios_one_can_be_searched_for(page: Any, tmp_path: Path) -> None:
    both = [done(run(name, scenario=s, seed=k)) for name in ("bp", "ff") for s in ("one", "two") for k in range(10)]
    _open(page, _written(tmp_path / "index.html", both))
    found = {"": 2, "two": 2, "ff one": 1, "three": 0}
    search = _all(page, "input[type=search]")[0]
    for text, count in found.items():
        search.clear()
        search.send_keys(text)
        shown = "return document.querySelectorAll(arguments[0] + ' tbody th').length"
        assert [page.execute_script(shown, place) for place in ("#table", "#grid")] == [count, count], text


def test_streams_of_one_scenario_are_not_counted_as_scenarios(page: Any, tmp_path: Path) -> None:
    mixed = [*_of_mixing(0.0, bp=0.3, ff=0.2), *_of_mixing(1.0, bp=0.8, ff=0.9)]
    other = [done(run(name, scenario="other", seed=seed)) for name in ("bp", "ff") for seed in range(10)]
    for records, over in (([*mixed, *other], "over all 3 streams:"), ([*mixed, *other[:10]], "over 2 of 3 streams:")):
        _open(page, _written(tmp_path / "index.html", records) + "#scenario=")
        assert over in _all(page, ".answer")[0].text


def test_few_seeds_make_no_winner(page: Any, made_up: Maker, tmp_path: Path) -> None:
    path = write_report(tmp_path / "index.html", made_up(seeds=3))
    page.get(path.as_uri())
    assert _all(page, ".answer")[0].text.startswith("Few seeds: 3 a row, where 10 are needed")
    assert _column(page, 1) == ["few seeds"] * 4
    assert _all(page, "#table .first") == []


def test_few_seeds_are_those_of_the_rows_over_all_scenarios(page: Any, tmp_path: Path) -> None:
    """Ten seeds on one scenario are too few for a winner over two if there are three on the other."""
    names, counts = ("bp", "ff"), {"one": 10, "two": 3}
    records = [done(run(name, scenario=s, seed=k)) for name in names for s, n in counts.items() for k in range(n)]
    _open(page, _written(tmp_path / "index.html", records) + "#scenario=")
    assert _all(page, ".answer")[0].text.startswith("Few seeds: 3 a row, where 10 are needed")


def _of_mixing(mixing: float, seeds: int = 10, learned: float = 0.9, **accuracies: float) -> list[Record]:
    """Runs on the stream of the scenario toy with this mixing, of learners that end at these accuracies."""
    records = []
    for (name, accuracy), seed in itertools.product(accuracies.items(), range(seeds)):
        of = run(name, seed=seed)
        settings = of.scenario.settings | {"stream": {"experiences": 2, "mixing": mixing}}
        matrix = [[0.0, 0.0], [learned, 0.0], [accuracy, accuracy]]
        records.append(replace(done(replace(of, scenario=replace(of.scenario, settings=settings))), accuracy=matrix))
    return records


def test_each_stream_of_a_scenario_has_a_leader(page: Any, tmp_path: Path) -> None:
    sharp = _of_mixing(0.0, bp=0.3, ff=0.2)
    page.get(_written(tmp_path / "both.html", [*sharp, *_of_mixing(1.0, bp=0.8, ff=0.9)]))
    answer = _all(page, ".answer")[0].text
    assert [line.split("%")[0] for line in answer.split("\n")] == [
        "bp (toy.mixing=0.0) has the highest final accuracy of its stream, 30.0",
        "ff (toy.mixing=1.0) has the highest final accuracy of its stream, 90.0",
    ]
    assert answer.count("Its interval overlaps with no other.") == 2
    assert len(_all(page, "#table .first")) == 2
    page.get(_written(tmp_path / "few.html", [*sharp, *_of_mixing(1.0, seeds=3, bp=0.8)]))
    leader, rest = _all(page, ".answer")[0].text.split("\n")
    assert leader.startswith("bp (toy.mixing=0.0) has the highest")
    assert rest == "No row of 1 other stream can be ranked."


def test_of_a_part_the_first_that_is_shown_is_named(page: Any, tmp_path: Path) -> None:
    board = make_leaderboard(_of_mixing(0.0, bp=0.3, ff=0.5, oja=0.2), "ACC")
    shown = board.part(Part(_of_mixing(0.0, bp=0.3, oja=0.2)))
    page.get(write_report(tmp_path / "index.html", shown).as_uri())
    assert _all(page, ".answer")[0].text.startswith("bp has the highest final accuracy among the rows shown, 30.0%")
    assert _column(page, 1) == ["2", "3"]


def test_who_never_was_above_guessing_did_not_learn(page: Any, tmp_path: Path) -> None:
    """Whoever else is there: half of two labels is guessing, a third of ten is not."""

    def of(name: str, learned: float, labels: int) -> list[Record]:
        records = _of_mixing(0.0, learned=learned, **{name: learned})
        return [replace(record, choices=[[labels, labels]] * 3) for record in records]

    for labels, learned, said in ((2, 0.5, True), (10, 0.35, False)):
        page.get(_written(tmp_path / "a.html", [*of("bp", 0.9, labels), *of("ff", learned, labels)]))
        rows = {row.find_element("css selector", "th").text: row for row in _all(page, "#table tbody tr")}
        assert {name: "did not learn" in row.text for name, row in rows.items()} == {"bp": False, "ff": said}


def _written(path: Path, records: list[Record]) -> str:
    return write_report(path, make_leaderboard(records, "ACC")).as_uri()


def test_none_of_many_learners_looks_like_another(page: Any, tmp_path: Path) -> None:
    page.get(_written(tmp_path / "a.html", [done(run(f"learner-{k:02}")) for k in range(30)]))
    icons = [icon.get_attribute("outerHTML") for icon in _all(page, ".filters .chip .icon")]
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
    button = _press(page, ".theme")
    assert page.execute_script(ground) != before
    button.click()
    assert page.execute_script(ground) == before


def test_an_empty_report_says_what_to_do(page: Any, tmp_path: Path) -> None:
    page.get(write_report(tmp_path / "index.html", make_leaderboard([], "ACC")).as_uri())
    assert "No runs yet" in _all(page, "main")[0].text
