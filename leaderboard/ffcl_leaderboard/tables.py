"""The leaderboard's tables, made of records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from ffcl.records import Record
from ffcl.refusals import Refusal
from ffcl_leaderboard.cells import Cell, current, group
from ffcl_leaderboard.comparisons import comparisons_frame, groups, summary_frame
from ffcl_leaderboard.coverage import coverage_frame
from ffcl_leaderboard.rows import leaderboard_frame, runs_frame
from ffcl_leaderboard.staleness import Changes, nothing_changed


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
    """

    cells: Sequence[Cell]
    rows: pd.DataFrame
    comparisons: pd.DataFrame
    summary: pd.DataFrame
    runs: pd.DataFrame
    coverage: pd.DataFrame

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
        return {
            name: frame.to_csv(index=False, float_format="%.6g", lineterminator="\n") for name, frame in frames.items()
        }


def make_leaderboard(
    records: Sequence[Record],
    sort: str,
    refusals: Sequence[Refusal] = (),
    baseline: str | None = None,
    changes: Changes = nothing_changed,
) -> Leaderboard:
    """Make the tables; `ffcl_leaderboard.build.build` says what the arguments are.

    Raises:
        UsageError: ``sort`` is no column, or there is no such baseline.
    """
    kept, superseded = current(records)
    cells = group(kept)
    rows = leaderboard_frame(cells, sort, changes)
    letters = groups(cells)
    rows.insert(1, "group", [letters[configuration] for configuration in rows["configuration"]])
    return Leaderboard(
        cells,
        rows,
        comparisons_frame(cells, baseline),
        summary_frame(cells, baseline),
        runs_frame(cells, group(superseded)),
        coverage_frame(cells, refusals),
    )
