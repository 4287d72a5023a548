from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ffcl.cli import parse_seeds
from ffcl.figures import COLOURS
from ffcl.refusals import Refusal
from ffcl_leaderboard.columns import COLUMNS
from ffcl_leaderboard.report import report_data, write_report
from ffcl_leaderboard.report.page import SCRIPTS, embedded
from ffcl_leaderboard.report.parts import seeds_text, setting_text
from ffcl_leaderboard.tables import make_leaderboard

Maker = Callable[..., Any]
HOSTILE = "</script><script>alert(1)</script>"
IMAGE = "<img src=x onerror=alert(1)>"


class Page(HTMLParser):
    """The elements of a page, and the text in each kind of element."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self._open = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attributes)))
        self._open = tag

    def handle_data(self, text: str) -> None:
        self.texts.setdefault(self._open, []).append(text)


def data_in(html: str) -> Any:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', html, re.DOTALL)
    assert found
    return json.loads(found[1])


def test_the_same_tables_give_the_same_bytes(made_up: Maker, tmp_path: Path) -> None:
    one = write_report(tmp_path / "a.html", made_up(fails=["ff"]))
    other = write_report(tmp_path / "b.html", made_up(fails=["ff"], order=-1))
    assert one.read_bytes() == other.read_bytes()


def test_the_largest_leaderboard_stays_below_a_megabyte(made_up: Maker, tmp_path: Path) -> None:
    tables = made_up([f"learner-{i}" for i in range(12)], [f"s{i}" for i in range(6)], [f"z{i}" for i in range(10)], 10)
    assert len(tables.rows) == 720
    costs = np.random.default_rng(0).uniform(1, 1e9, (720, 6))
    names = [
        "inference_seconds_per_1000",
        "strategy_bytes",
        "train_flops",
        "inference_flops",
        "peak_memory",
        "retention",
    ]
    rows = tables.rows.assign(**dict(zip(names, costs.T, strict=True)), stale="", data_sha256="a" * 64)
    path = write_report(tmp_path / "index.html", replace(tables, rows=rows))
    assert path.stat().st_size < 1_000_000


def test_the_page_loads_nothing(made_up: Maker, tmp_path: Path) -> None:
    html = write_report(tmp_path / "index.html", made_up()).read_text()
    page = Page(html)
    for tag, attributes in page.elements:
        for name in ("src", "href", "action", "data", "srcset"):
            assert (attributes.get(name) or "#").startswith(("#", "data:")), (tag, attributes)
        assert not any(name.startswith("on") or name == "style" for name in attributes), "the policy forbids these"
    (policy,) = (a["content"] for tag, a in page.elements if a.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy
    assert "@import" not in html
    assert "url(" not in html


def test_scripts_never_read_data_as_html() -> None:
    folder = files("ffcl_leaderboard.report") / "js"
    joined = "".join((folder / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS)
    assert {f"{name}.js" for name in SCRIPTS} == {p.name for p in folder.iterdir() if p.name.endswith(".js")}
    for forbidden in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "Function(", "fetch("):
        assert forbidden not in joined
    assert "</script" not in joined


@pytest.mark.parametrize("text", [HOSTILE, IMAGE, "<!--", "]]>", "\u2028\u2029", "&lt;", "'\"\\"])
def test_no_text_leaves_the_element_it_is_in(text: str, made_up: Maker, tmp_path: Path) -> None:
    raw = embedded({"text": text})
    assert json.loads(raw) == {"text": text}
    assert not set("<>&\u2028\u2029") & set(raw)
    tables = made_up([text, "bp"], scenarios=[text], fails=[text], message=text, refused=[Refusal(text, "ewc", text)])
    html = write_report(tmp_path / "index.html", tables).read_text(encoding="utf-8")
    elements = [tag for tag, _ in Page(html).elements]
    assert elements.count("script") == 2
    assert "img" not in elements
    assert data_in(html)["learners"] == sorted([text, "bp"])


def test_without_scripts_the_main_numbers_are_a_table(made_up: Maker, tmp_path: Path) -> None:
    tables = made_up()
    html = write_report(tmp_path / "index.html", tables).read_text()
    (table,) = re.findall(r"<noscript>(.*?)</noscript>", html, re.DOTALL)
    shown = [re.findall(r"<td>([^<\n]*)", line) for line in table.split("\n<tr>")[1:]]
    first = tables.rows.iloc[0]
    assert len(shown) == len(tables.rows)
    assert shown[0][:5] == [first["scenario"], first["learner"], first["strategy"], "", "10"]
    half = 100 * (first["ACC"] - first["ACC_low"])
    assert shown[0][5] == f"{100 * first['ACC']:.1f} ±{half:.1f}"


def test_empty_tables_make_a_page(made_up: Maker, tmp_path: Path) -> None:
    empty = pd.DataFrame()
    html = write_report(tmp_path / "index.html", make_leaderboard([], "ACC")).read_text()
    assert data_in(html)["rows"] == {}
    tables = made_up()
    write_report(tmp_path / "index.html", replace(tables, comparisons=empty, summary=empty))


def test_numbers_are_those_of_the_tables(made_up: Maker) -> None:
    tables = made_up(fails=["ff"])
    data = report_data(tables)
    row = tables.rows.iloc[2]
    cell = next(c for c in tables.cells if c.first.run.configuration == row["configuration"])
    assert data["rows"]["ACC"][2] == pytest.approx(row["ACC"], abs=5e-5)
    matrix, expected = data["details"]["matrix"][2], 1000 * cell.matrices.mean(0)
    for i, values in enumerate(matrix):  # zeros at the end are left out
        assert [*values, *[0] * (5 - len(values))] == pytest.approx(expected[i], abs=0.5)
    seeds, accuracies = data["details"]["values"][2][:2]
    finals = [np.mean(record.accuracy[-1]) for record in cell.done if record.accuracy]
    assert data["parts"][seeds] == [record.run.seed for record in cell.done]
    assert accuracies == pytest.approx([10_000 * value for value in finals], abs=0.5)
    failures = [failed for failed in data["details"]["failures"] if failed]
    assert failures == [[[0, "ValueError: boom"]]] * 2


def test_what_is_no_number_is_null(made_up: Maker) -> None:
    tables = made_up(seeds=1)
    data = report_data(tables)
    assert "ACC_low" not in data["rows"]
    json.dumps(data, allow_nan=False)


def test_equal_settings_are_kept_once(made_up: Maker) -> None:
    data = report_data(made_up(scenarios=["a", "b", "c"]))
    named = [part["name"] for part in data["parts"] if isinstance(part, dict)]
    assert sorted(named) == ["a", "b", "bp", "c", "ff", "none", "replay"]


def test_help_gives_titles_units_and_formulas(made_up: Maker) -> None:
    tables = made_up()
    rows = tables.rows.assign(new=0.5, new_low=0.4, new_high=0.6, new_seconds=[1.5, 2.5, 3.5, 4.5])
    data = report_data(replace(tables, rows=rows))
    assert data["help"]["ACC"]["formula"] == COLUMNS["ACC"].formula
    assert data["columns"]["ACC"] == {"title": "final accuracy", "unit": "share", "better": "higher"}
    assert data["columns"]["new"] == {"title": "new", "unit": "share", "better": ""}  # not explained yet
    assert data["columns"]["new_seconds"]["unit"] == "seconds"


def test_columns_to_come_are_shown_as_they_are(made_up: Maker) -> None:
    tables = made_up()
    rows = tables.rows.assign(train_flops=1.23456789e12, stale="the data has changed", groups=[{"a": 1}] * 4)
    data = report_data(replace(tables, rows=rows))
    assert data["rows"]["train_flops"] == {"same": 1234567890000, "count": 4}
    assert data["rows"]["stale"] == {"texts": ["the data has changed"], "at": [0, 0, 0, 0]}
    assert data["rows"]["groups"]["texts"] == ['{"a": 1}']


def test_defaults_are_written_like_settings(made_up: Maker) -> None:
    data = report_data(made_up(), defaults={"bp.lr": 0.001, "toy.order": [], "toy.shuffle": True})
    assert data["defaults"] == {"bp.lr": "0.001", "toy.order": "", "toy.shuffle": "True"}


def test_comparisons_point_to_their_rows(made_up: Maker) -> None:
    tables = made_up(scenarios=["a", "b"])
    data = report_data(tables)
    first = tables.comparisons.iloc[0]
    at, base = data["comparisons"]["row"][0], data["comparisons"]["baseline_row"][0]
    assert tables.rows.loc[at, "configuration"] == first["configuration"]
    assert tables.rows.loc[base, "configuration"] == first["baseline_configuration"]
    assert tables.rows.loc[at, "scenario"] == tables.rows.loc[base, "scenario"] == first["scenario"]


@pytest.mark.parametrize("seeds", [[0, 1, 2], [3], [0, 2], [1, 2, 3, 7, 9, 10], [0]])
def test_seeds_are_written_as_they_are_read(seeds: list[int]) -> None:
    assert parse_seeds(seeds_text(seeds)) == seeds


def test_settings_are_written_as_the_command_line_reads_them() -> None:
    assert [setting_text(v) for v in (True, 1.0, 1e-05, [1, 2], [], "adam")] == [
        "True",
        "1.0",
        "1e-05",
        "1,2",
        "",
        "adam",
    ]


def test_every_text_can_be_read_in_both_themes() -> None:
    """The contrast that WCAG 2.2 asks of text: 4.5 to 1."""
    style = (files("ffcl_leaderboard.report") / "report.css").read_text(encoding="utf-8")
    themes = [
        dict(re.findall(r"--([\w-]+): (#\w+);", block)) for block in re.findall(r"{([^{}]*--ground:[^{}]*)}", style)
    ]
    assert len(themes) == 3
    pairs = [
        (text, ground) for text in ("ink", "muted", "accent", "good", "bad") for ground in ("ground", "raised", "wash")
    ]
    for theme in themes:
        for text, ground in [*pairs, ("good", "good-wash"), ("bad", "bad-wash")]:
            assert contrast(theme[text], theme[ground]) >= 4.5, (text, ground)


def test_dark_marks_stand_out() -> None:
    from ffcl_leaderboard.report.page import DARK

    assert len(DARK) == len(COLOURS) == len(set(DARK))
    assert all(contrast(colour, "#1b1e23") >= 4.5 for colour in DARK)


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * c for c in colour[1:])
    channels = (int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_a_page_of_the_same_tables_is_left_as_it_is(made_up: Maker, tmp_path: Path) -> None:
    tables, path = made_up(), tmp_path / "index.html"
    write_report(path, tables)
    first = path.stat().st_mtime_ns
    write_report(path, made_up())
    assert path.stat().st_mtime_ns == first
    write_report(path, made_up(seeds=11))
    second = path.stat().st_mtime_ns
    assert second != first
    write_report(path, made_up(seeds=11), defaults={"bp.lr": 0.1})
    assert path.stat().st_mtime_ns != second
    path.write_bytes(b"\xff damaged")
    write_report(path, tables)
    assert path.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
