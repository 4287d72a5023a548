"""The leaderboard as a file for other programs and for papers: CSV, Parquet, Markdown, LaTeX."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from ffcl.errors import UsageError
from ffcl.records import write_atomically
from ffcl_leaderboard.percent import percent
from ffcl_leaderboard.rows import MAIN, notes
from ffcl_leaderboard.tables import csv_text

_LATEX = {c: f"\\{c}" for c in "&%$#_{}"} | {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}"}
_LATEX |= {"^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}", "±": r"$\pm$"}


def export(rows: pd.DataFrame, path: Path) -> Path:
    """Write the leaderboard's rows in the format that the file's ending says.

    ``.csv`` and ``.parquet`` hold every column; ``.md`` and ``.tex`` the main ones, per cent with half of the 95% t
    interval, and which rows are stale or have failed runs, one table a scenario (LaTeX with the package booktabs).

    Raises:
        UsageError: another ending, or pyarrow is missing for Parquet.
    """
    if path.suffix not in FORMATS:
        raise UsageError(f"Cannot tell the format of {path.name}; its ending is one of {', '.join(FORMATS)}.")
    write_atomically(path, FORMATS[path.suffix](rows))
    return path


def _parquet(rows: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    try:
        rows.to_parquet(buffer, index=False, engine="pyarrow")
    except ImportError as error:
        raise UsageError("Parquet needs pyarrow: pip install 'ffcl[parquet]'.") from error
    return buffer.getvalue()


def _markdown(rows: pd.DataFrame) -> str:
    def text(value: str) -> str:
        return value.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")

    lines = []
    for scenario, names, table in _tables(rows):
        lines += [f"### {text(scenario)}", "", f"| {' | '.join(names)} |"]
        lines.append("| " + " | ".join(["---", "---", *["---:"] * (len(names) - 2)]) + " |")
        lines += [f"| {' | '.join(map(text, row))} |" for row in table] + [""]
    return "\n".join([*lines, "Per cent, mean over seeds ± half of the 95% t interval.", ""])


def _latex(rows: pd.DataFrame) -> str:
    def text(value: str) -> str:
        return "".join(_LATEX.get(character, character) for character in value)

    lines = []
    for scenario, names, table in _tables(rows):
        lines += [r"\begin{table}", r"\centering", rf"\begin{{tabular}}{{ll{'r' * (len(names) - 2)}}}", r"\toprule"]
        lines += [" & ".join(map(text, names)) + r" \\", r"\midrule"]
        lines += [" & ".join(map(text, row)) + r" \\" for row in table]
        lines += [r"\bottomrule", r"\end{tabular}"]
        lines += [
            rf"\caption{{{text(scenario)}: per cent, mean over seeds {text('±')} half of the 95\% t interval.}}",
            r"\end{table}",
            "",
        ]
    return "\n".join(lines)


FORMATS: Mapping[str, Callable[[pd.DataFrame], str | bytes]] = {
    ".csv": csv_text,
    ".parquet": _parquet,
    ".md": _markdown,
    ".tex": _latex,
}


def _tables(rows: pd.DataFrame) -> Iterator[tuple[str, list[str], list[list[str]]]]:
    names = ["learner", "strategy", "seeds", *MAIN]
    for scenario, of_scenario in rows.groupby("scenario", sort=True):
        yield str(scenario), names, [_line(row) for row in of_scenario.to_dict("records")]


def _line(row: Mapping[Any, Any]) -> list[str]:
    said = [*filter(None, [row["variant"]]), *notes(row)]
    learner = f"{row['learner']} ({', '.join(said)})" if said else str(row["learner"])
    measures = (percent(row[name], row[f"{name}_low"], between=" ± ") for name in MAIN)
    return [learner, str(row["strategy"]), str(row["seeds"]), *measures]
