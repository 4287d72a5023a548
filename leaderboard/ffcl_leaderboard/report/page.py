"""The page: one file, with style, scripts and data inside, which loads nothing."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.resources import files
from pathlib import Path
from typing import Any

import pandas as pd

from ffcl.figures import COLOURS, MARKERS
from ffcl.records import write_atomically
from ffcl_leaderboard.columns import COLUMNS
from ffcl_leaderboard.percent import percent
from ffcl_leaderboard.report.data import report_data
from ffcl_leaderboard.rows import MAIN
from ffcl_leaderboard.tables import Leaderboard

SCRIPTS = (
    "data", "dom", "marks", "state", "filters", "columns", "badges", "table", "overview", "details", "axes",
    "curves", "scatter", "dots", "heat", "coverage", "main",
)  # fmt: skip
"""The scripts in js/, in the order in which they are joined."""
DARK = (
    "#4C9FDB", "#F5844A", "#2BC59B", "#E5A3CB", "#F2B632", "#9AD8FF",
    "#EDEDED", "#C08D80", "#B193E2", "#A3A3A3", "#7CC284", "#F27474",
)  # fmt: skip
"""Lighter kin of `ffcl.figures.COLOURS`, one by one, for a dark ground."""
HEAD = 300
"""Characters in which the page says what it was made from."""


def write_report(path: Path, board: Leaderboard, defaults: Mapping[str, Any] | None = None) -> Path:
    """Write the report, one HTML file; the same leaderboard gives the same bytes.

    A page that was made from the same, by the same code, is left as it is.

    Args:
        path: the file.
        board: what is shown.
        defaults: see `report_data`.
    """
    explained = {name: asdict(column) for name, column in COLUMNS.items()}
    made_from = hashlib.sha256(json.dumps([board.csv, explained, defaults, _code()]).encode()).hexdigest()
    if made_from not in _head(path):
        text = page(report_data(board, defaults), plain_table(board.rows), made_from)
        write_atomically(path, text.encode("utf-8", "replace"))
    return path


def _head(path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            return file.read(HEAD)
    except (OSError, UnicodeDecodeError):
        return ""


def _code() -> str:
    """Identifies what makes the page: a page of other code is made again."""
    folder = Path(__file__).parent
    sources = sorted(path for path in folder.rglob("*") if path.suffix in (".py", ".js", ".css", ".html"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()


def page(data: Mapping[str, Any], plain: Sequence[Sequence[str]], made_from: str = "") -> str:
    """The HTML of a report.

    Names and texts come from plugins and are nothing but text: the template escapes them, and so does the JSON. The
    policy in the page's head allows no script and no style but these two, by their SHA-256, and no connection.
    """
    from jinja2 import Environment, StrictUndefined

    folder = files("ffcl_leaderboard.report")
    style = _palette() + (folder / "report.css").read_text(encoding="utf-8")
    scripts = [(folder / "js" / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS]
    script = '(() => {\n"use strict";\n' + "\n".join(scripts) + "})();\n"
    template = Environment(autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True).from_string(
        (folder / "template.html").read_text(encoding="utf-8")
    )
    return template.render(
        policy="; ".join(
            (
                "default-src 'none'",
                f"script-src '{_digest(script)}'",
                f"style-src '{_digest(style)}'",
                "img-src data:",
                "base-uri 'none'",
                "form-action 'none'",
            )
        ),
        made_from=made_from,
        style=style,
        script=script,
        data=embedded(data),
        metrics=MAIN,
        plain=plain,
    )


def embedded(data: Mapping[str, Any]) -> str:
    """JSON that cannot end the element it stands in, nor begin another one."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)  # ASCII: U+2028 and U+2029 are escaped already
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def plain_table(rows: pd.DataFrame) -> list[list[str]]:
    """The main numbers as texts: scenario, learner, strategy, variant, seeds, and metrics in per cent."""
    return [
        [str(row[name]) for name in ("scenario", "learner", "strategy", "variant", "seeds")]
        + [percent(row[name], row[f"{name}_low"], unknown="") for name in MAIN]
        for row in rows.to_dict("records")
    ]


def _palette() -> str:
    """The colours as variables, light and dark; the class ``cN`` gives an element the Nth."""
    assert len(COLOURS) == len(DARK) == len(MARKERS)
    light, dark = (";".join(f"--c{i}:{c}" for i, c in enumerate(colours)) for colours in (COLOURS, DARK))
    classes = "".join(f".c{i}{{--mark:var(--c{i})}}" for i in range(len(COLOURS)))
    return (
        f":root{{{light}}}\n@media screen{{:root[data-theme=dark]{{{dark}}}\n"
        f"@media (prefers-color-scheme:dark){{:root:not([data-theme=light]){{{dark}}}}}}}\n{classes}\n"
    )


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
