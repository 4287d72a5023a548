"""From records to tables, and to files if asked for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from ffcl.records import Record, write_atomically
from ffcl.refusals import Refusal
from ffcl.tables import Tables
from ffcl_leaderboard.cells import current, group
from ffcl_leaderboard.columns import COLUMNS
from ffcl_leaderboard.comparisons import comparisons_frame, groups, summary_frame
from ffcl_leaderboard.coverage import coverage_frame
from ffcl_leaderboard.rows import leaderboard_frame, runs_frame
from ffcl_leaderboard.staleness import Changes, nothing_changed
from ffcl_leaderboard.terminal import view

REPORT = "index.html"
MANY_ROWS = 300
"""More rows than these are drawn only if asked for: it takes a quarter of a second a row."""


def build(
    records: Sequence[Record],
    output: Path | None,
    sort: str,
    refusals: Sequence[Refusal] = (),
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
        baseline: what is compared with, see `ffcl_leaderboard.baselines.with_baselines`.
        changes: what has changed in the installed code since a run.
        defaults: ``name.parameter`` to its default, for the commands in the report.
        plots: whether PNG and SVG files are drawn; None draws them for up to `MANY_ROWS` rows.

    Raises:
        UsageError: ``sort`` is no column, or there is no such baseline.
    """
    kept, superseded = current(records)
    cells = group(kept)
    rows = leaderboard_frame(cells, sort, changes)
    letters = groups(cells)
    rows.insert(1, "group", [letters.get(name, "") for name in rows["configuration"]])
    runs = runs_frame(cells, group(superseded))
    coverage = coverage_frame(cells, refusals)
    comparisons, summary = comparisons_frame(cells, baseline), summary_frame(cells, baseline)
    files: list[Path] = []
    if output is not None:
        tables = {
            "leaderboard": rows,
            "comparisons": comparisons,
            "summary": summary,
            "runs": runs,
            "coverage": coverage,
        }
        texts = {name: _csv(frame) for name, frame in tables.items()}
        for name, text in texts.items():
            write_atomically(output / f"{name}.csv", text)
            files.append(output / f"{name}.csv")
        from ffcl_leaderboard.report import write_report

        frames = (rows, runs, coverage, comparisons, summary)
        digest = hashlib.sha256(json.dumps([texts, defaults], sort_keys=True).encode()).hexdigest()
        files.append(write_report(output / REPORT, cells, *frames, help=COLUMNS, defaults=defaults, digest=digest))
        if plots or (plots is None and len(cells) <= MANY_ROWS):
            from ffcl_leaderboard.plots import draw_all

            files += draw_all(cells, coverage, comparisons, summary, output / "plots")
    shown = view(rows, comparisons, coverage, len(superseded))
    return Tables(rows, runs, shown, files, comparisons=comparisons, summary=summary)


def _csv(frame: pd.DataFrame) -> str:
    return frame.to_csv(index=False, float_format="%.6g", lineterminator="\n")
