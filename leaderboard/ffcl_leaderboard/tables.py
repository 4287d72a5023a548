"""The leaderboard's tables, made of records."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from ffcl.records import Record
from ffcl.refusals import Refusal
from ffcl.selection import Part
from ffcl_leaderboard.baselines import rule
from ffcl_leaderboard.cells import Cell, current, group
from ffcl_leaderboard.comparisons import comparisons_frame, groups, summary_frame
from ffcl_leaderboard.coverage import coverage_frame
from ffcl_leaderboard.rows import leaderboard_frame, runs_frame
from ffcl_leaderboard.settings import by_owner, identity, settings_of
from ffcl_leaderboard.staleness import Changes, nothing_changed

EXACT = 2**53
"""Below it every integer is a float, and the other way round."""


@dataclass(frozen=True)
class Leaderboard:
    """All that is shown of some records.

    Attributes:
        cells: the records behind the rows, in order of their names.
        rows: one row a cell.
        comparisons: one row a cell that is compared with its baseline.
        summary: one row a learner, strategy and variant, over all scenarios.
        runs: one row a run.
        coverage: one row a learner x strategy.
        whole: of a part, the leaderboard that it is a part of.
        defaults: ``name.parameter`` to its default, for what older code did not know.
    """

    cells: Sequence[Cell]
    rows: pd.DataFrame
    comparisons: pd.DataFrame
    summary: pd.DataFrame
    runs: pd.DataFrame
    coverage: pd.DataFrame
    whole: Leaderboard | None = None
    defaults: Mapping[str, Any] = field(default_factory=dict)

    @property
    def everyone(self) -> Sequence[Cell]:
        """The cells that the rows are compared with and ranked among, whether they are shown or not."""
        return (self.whole or self).cells

    def part(self, part: Part) -> Leaderboard:
        """The rows of these records, by whatever code; each has the numbers that it has here.

        Of the summary those rows are left out that are over more than is shown.
        """
        runs = {record.run.configuration: record.run for record in part.records}
        owned = by_owner(self.defaults)
        wanted = {identity(run, settings_of(run, owned)) for run in runs.values()}
        cells = [cell for cell in self.cells if cell.identity in wanted]
        shown = {cell.first.run.configuration for cell in cells}
        hidden = {rule(cell) for cell in self.cells if cell.identity not in wanted}
        names = zip(*(self.summary[name] for name in ("learner", "strategy", "variant")), strict=True)
        whole = np.array([name not in hidden for name in names], dtype=bool)
        return Leaderboard(
            cells,
            _of(self.rows, shown),
            _of(self.comparisons, shown),
            self.summary[whole].reset_index(drop=True),
            _of(self.runs, shown | runs.keys()),
            coverage_frame(cells, part.refusals),
            self,
            self.defaults,
        )

    @property
    def n_superseded(self) -> int:
        """Runs that are left out, as the code has been edited since and run again."""
        return int((~self.runs["current"].astype(bool)).sum())

    @cached_property
    def csv(self) -> dict[str, str]:
        """The tables as texts, by the name of their file."""
        frames = {
            "leaderboard.csv": self.rows,
            "comparisons.csv": self.comparisons,
            "summary.csv": self.summary,
            "runs.csv": self.runs,
            "coverage.csv": self.coverage,
        }
        return {name: csv_text(frame) for name, frame in frames.items()}


def make_leaderboard(
    records: Sequence[Record],
    sort: str,
    refusals: Sequence[Refusal] = (),
    baseline: str | None = None,
    changes: Changes = nothing_changed,
    defaults: Mapping[str, Any] | None = None,
) -> Leaderboard:
    """Make the tables; `ffcl_leaderboard.build.build` says what the arguments are.

    Raises:
        UsageError: ``sort`` is no column, or there is no such baseline.
    """
    kept, superseded = current(records, defaults)
    cells = group(kept, defaults)
    rows = leaderboard_frame(cells, sort, changes)
    stale = dict(zip(rows["configuration"], rows["stale"], strict=True)) if cells else {}
    comparisons = comparisons_frame(cells, baseline, defaults)
    comparisons["stale"] = comparisons["configuration"].map(stale)
    comparisons["baseline_stale"] = comparisons["baseline_configuration"].map(stale)
    summary = summary_frame(cells, baseline, defaults)
    summary["stale"] = _stale(cells, stale, summary)
    letters = groups(cells)
    rows.insert(1, "group", [letters[configuration] for configuration in rows["configuration"]])
    return Leaderboard(
        cells,
        rows,
        comparisons,
        summary,
        runs_frame(cells, group(superseded)),
        coverage_frame(cells, refusals),
        defaults=defaults or {},
    )


def _of(frame: pd.DataFrame, configurations: Collection[str]) -> pd.DataFrame:
    return frame[frame["configuration"].isin(configurations)].reset_index(drop=True)


def _stale(cells: Sequence[Cell], of_configuration: Mapping[str, str], summary: pd.DataFrame) -> list[str]:
    """Of each row of the summary what has changed since any of its cells ran; empty if nothing has."""
    found = {rule(cell): text for cell in cells if (text := of_configuration[cell.first.run.configuration])}
    names = zip(summary["learner"], summary["strategy"], summary["variant"], strict=True)
    return [found.get(name, "") for name in names]


def csv_text(frame: pd.DataFrame) -> str:
    """A table as CSV: whole numbers exactly, others to six digits.

    Lines within a text end in a newline alone: a carriage return would end the row for who reads the file.
    """
    whole = {name: "Int64" for name, column in frame.items() if _is_whole(column)}
    text = frame.astype(whole).to_csv(index=False, float_format="%.6g", lineterminator="\n")
    return csv_text(frame.replace(r"\r\n?", "\n", regex=True)) if "\r" in text else text


def _is_whole(column: pd.Series[float]) -> bool:
    """Whether these are integers; pandas makes floats of them where one is missing."""
    known = column.dropna()
    return column.dtype == float and bool(((known % 1 == 0) & (known.abs() < EXACT)).all())
