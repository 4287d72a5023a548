"""From records to tables, and to files if asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Group
from rich.text import Text

from ffcl.records import Record, write_atomically
from ffcl.refusals import Refusal
from ffcl.selection import Part
from ffcl.tables import Tables
from ffcl_leaderboard.staleness import Changes, nothing_changed
from ffcl_leaderboard.tables import Leaderboard, make_leaderboard
from ffcl_leaderboard.terminal import view

REPORT = "index.html"
PLOTS = "plots"
NOT_DRAWN = "plots/ is of an earlier leaderboard; `ffcl leaderboard --plots` draws it."
MANY_ROWS = 300
"""More rows than these are drawn only if asked for: it takes a quarter of a second a row."""


def build(
    records: Sequence[Record],
    output: Path | None,
    sort: str,
    refusals: Sequence[Refusal] = (),
    part: Part | None = None,
    *,
    baseline: str | None = None,
    changes: Changes = nothing_changed,
    defaults: Mapping[str, Any] | None = None,
    plots: bool | None = None,
) -> Tables:
    """Make the leaderboard of these records, a pure function of them.

    Args:
        records: what to aggregate.
        output: folder for the CSV files, ``index.html`` and ``plots/``; None writes nothing.
        sort: the column to sort by.
        refusals: pairs of a learner and a strategy that cannot be run.
        part: what the tables and the view are of; None is all.
        baseline: what is compared with, see `ffcl_leaderboard.baselines.with_baselines`.
        changes: what has changed in the installed code since a run.
        defaults: ``name.parameter`` to its default, for the baseline and for the commands in the report.
        plots: whether PNG and SVG files are drawn; None draws them for up to `MANY_ROWS` rows.

    Raises:
        UsageError: ``sort`` is no column, or there is no such baseline.
    """
    board = make_leaderboard(records, sort, refusals, baseline, changes, defaults)
    shown = board if part is None else board.part(part)
    written = shown if part is not None and part.in_files else board
    drawn = len(written.cells) <= MANY_ROWS if plots is None else plots
    files = [] if output is None else _write(written, output, defaults, drawn)
    seen = view(shown)
    if output is not None and not drawn and (output / PLOTS).is_dir():
        seen = Group(seen, Text(NOT_DRAWN, style="dim"))
    return Tables(shown.rows, shown.runs, seen, files, comparisons=shown.comparisons, summary=shown.summary)


def _write(board: Leaderboard, output: Path, defaults: Mapping[str, Any] | None, drawn: bool) -> list[Path]:
    from ffcl_leaderboard.report import write_report

    files = []
    for name, text in board.csv.items():
        write_atomically(output / name, text)
        files.append(output / name)
    files.append(write_report(output / REPORT, board, defaults))
    if drawn:
        from ffcl_leaderboard.plots import draw_all

        files += draw_all(board, output / PLOTS)
    return files
