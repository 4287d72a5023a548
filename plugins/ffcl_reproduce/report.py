"""Tables that go to the terminal and into a Markdown report."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ffcl.records import write_atomically
from ffcl.statistics import t_interval


@dataclass
class Section:
    """One claim: a table, what it says, and its figures."""

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[str, ...]] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    figures: list[Path] = field(default_factory=list)

    def show(self, console: Console) -> None:
        """Print it."""
        table = Table(
            title=escape(self.title), title_justify="left", box=None, header_style="bold", padding=(0, 1, 0, 0)
        )
        for number, column in enumerate(self.columns):
            table.add_column(column, justify="left" if number == 0 else "right", no_wrap=number == 0)
        for row in self.rows:
            table.add_row(*map(escape, row))
        console.print(table)
        for remark in self.remarks:
            console.print(remark, highlight=False, markup=False)
        for figure in self.figures:
            console.print(str(figure), style="dim", highlight=False, markup=False, soft_wrap=True)
        console.print()

    def to_markdown(self, folder: Path) -> str:
        """The same in Markdown; figures are linked relative to ``folder``."""
        header = [f"## {self.title}", "", _line(self.columns), _line(["---"] * len(self.columns))]
        lines = [*header, *(_line(row) for row in self.rows), ""]
        for remark in self.remarks:
            lines += [remark, ""]
        for figure in self.figures:
            if figure.suffix == ".png":
                lines += [f"![{figure.stem}]({figure.relative_to(folder).as_posix()})", ""]
        return "\n".join(lines)


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def write_report(folder: Path, title: str, introduction: str, sections: Sequence[Section]) -> Path:
    """Write ``report.md`` into ``folder``."""
    parts = [f"# {title}", "", introduction, "", *(section.to_markdown(folder) for section in sections)]
    path = folder / "report.md"
    write_atomically(path, "\n".join(parts).rstrip() + "\n")
    return path


def interval(values: Sequence[float], digits: int = 1) -> str:
    """``mean ± half of the 95% t interval``; of one value that value."""
    mean, low, _ = t_interval(values)
    return f"{mean:.{digits}f}" if math.isnan(low) else f"{mean:.{digits}f} ±{mean - low:.{digits}f}"


def compared(values: Sequence[float], printed: float | None, digits: int) -> tuple[str, str, str]:
    """Ours with its interval, the printed value, and how ours lies to it: above, below, or the value inside.

    Of one value, whose interval is unknown, nothing is said.
    """
    ours = interval(values, digits)
    if printed is None:
        return ours, "-", ""
    mean, low, high = t_interval(values)
    if math.isnan(low):
        return ours, f"{printed:g}", ""
    return ours, f"{printed:g}", "inside" if low <= printed <= high else "above" if mean > printed else "below"
