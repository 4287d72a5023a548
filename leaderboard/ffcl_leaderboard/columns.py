"""What each column means: the one source for ``ffcl explain``, the report and docs/columns.md."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ffcl.errors import unknown_name

Better = Literal["higher", "lower", ""]


@dataclass(frozen=True)
class Column:
    """One column of the leaderboard's tables.

    Attributes:
        name: in the CSV files.
        title: in words.
        formula: how it is computed, or what it says.
        source: where the definition comes from; empty if it is plain.
        better: which values are better; empty where that is no question.
        unit: of the values in the CSV files.
    """

    name: str
    title: str
    formula: str
    source: str = ""
    better: Better = ""
    unit: str = ""


INTERVALS = {
    "_low": "lower end of the 95% interval",
    "_high": "upper end of the 95% interval",
    "_sd": "standard deviation over seeds, with n - 1",
}
"""What a suffix says of the column before it."""

_FILE = Path(__file__).with_name("columns.toml")

GROUPS: dict[str, dict[str, Column]] = {
    title: {name: Column(name, **values) for name, values in group.items()}
    for title, group in tomllib.loads(_FILE.read_text(encoding="utf-8")).items()
}
"""Every column by what it is about, and by its name."""

COLUMNS: dict[str, Column] = {name: column for group in GROUPS.values() for name, column in group.items()}
"""Every column by its name."""


def column(name: str) -> Column | None:
    """The column of this name; of ``NAME_low``, ``NAME_high`` and ``NAME_sd`` that of ``NAME``; else None."""
    for suffix in INTERVALS:
        if name not in COLUMNS and name.endswith(suffix):
            name = name.removesuffix(suffix)
    return COLUMNS.get(name)


def explain(name: str) -> str:
    """A column in a few lines.

    Raises:
        UsageError: there is no such column.
    """
    found = column(name)
    if found is None:
        raise unknown_name("column", name, COLUMNS)
    suffix = next((text for end, text in INTERVALS.items() if name == found.name + end), "")
    lines = [
        f"{found.name}, {found.title}" + (f": {suffix}" if suffix else ""),
        f"  {found.formula}",
        f"  unit: {found.unit}" if found.unit else "",
        f"  {found.better} is better" if found.better else "",
        f"  source: {found.source}" if found.source else "",
    ]
    return "\n".join(line for line in lines if line)


def markdown() -> Iterator[str]:
    """Every column as the lines of docs/columns.md."""
    yield "# Every column"
    yield ""
    yield "Made by `ffcl explain --markdown`. `NAME_low`, `NAME_high` and `NAME_sd` are the ends of the 95% interval of"
    yield "`NAME` and its standard deviation over seeds. [numbers.md](numbers.md) says how to read them."
    for title, group in GROUPS.items():
        yield from (
            "",
            f"## {title}",
            "",
            "| column | what it is | unit | better | source |",
            "| --- | --- | --- | --- | --- |",
        )
        for c in group.values():
            formula = c.formula.replace("|", "\\|")
            yield f"| `{c.name}`, {c.title} | {formula} | {c.unit} | {c.better} | {c.source} |"
