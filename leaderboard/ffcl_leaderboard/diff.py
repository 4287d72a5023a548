"""What two results folders say of the same rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from ffcl.records import Record
from ffcl.statistics import t_interval
from ffcl_leaderboard.cells import Cell, current, group

COLUMNS = ("learner", "strategy", "scenario", "variant", "what", "seeds", "before", "after", "change", "low", "high")
ONLY_BEFORE, ONLY_AFTER, SAME, CHANGED = "only in the first", "only in the second", "same", "changed"
APART = "not comparable"
"""Of rows that are in both, but have no seed that has finished in both."""


def diff_frame(
    before: Sequence[Record],
    after: Sequence[Record],
    metric: str = "ACC",
    defaults: Mapping[str, Any] | None = None,
) -> pd.DataFrame:
    """One row for each row of either leaderboard.

    Rows are the same if learner, strategy, scenario and settings are, whatever the code; ``what`` says whether a row
    is in both, and whether its results on the seeds that both have finished are equal, if there are any. ``change``
    is the mean over those seeds of the metric after - before, with its 95% t interval. ``defaults`` are those of
    settings, ``name.parameter``: what older code did not know is at its default.
    """
    ours, theirs = _by_settings(before, defaults), _by_settings(after, defaults)
    rows = [_row(ours.get(key), theirs.get(key), metric) for key in sorted({*ours, *theirs})]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _by_settings(records: Sequence[Record], defaults: Mapping[str, Any] | None) -> dict[tuple[str, ...], Cell]:
    cells = group(current(records, defaults)[0], defaults)
    return {(cell.scenario, cell.learner, cell.strategy, cell.identity): cell for cell in cells}


def _row(before: Cell | None, after: Cell | None, metric: str) -> dict[str, Any]:
    either = after or before
    assert either is not None
    row = {"learner": either.learner, "strategy": either.strategy, "scenario": either.scenario}
    row["variant"] = either.variant
    ours, theirs = _by_seed(before, metric), _by_seed(after, metric)
    shared = sorted(ours.keys() & theirs.keys())
    if before is None or after is None:
        what = ONLY_BEFORE if after is None else ONLY_AFTER
    elif not shared:
        what = APART
    else:
        what = SAME if all(_matrix(before, s) == _matrix(after, s) for s in shared) else CHANGED
    change = t_interval([theirs[s] - ours[s] for s in shared])
    return row | {
        "what": what,
        "seeds": len(shared) if before and after else len(ours or theirs),
        "before": t_interval([ours[s] for s in shared] if after else list(ours.values())).mean,
        "after": t_interval([theirs[s] for s in shared] if before else list(theirs.values())).mean,
        "change": change.mean,
        "low": change.low,
        "high": change.high,
    }


def _by_seed(cell: Cell | None, metric: str) -> dict[int, float]:
    if cell is None:
        return {}
    return {r.run.seed: float(v) for r, v in zip(cell.done, cell.measures[metric], strict=True)}


def _matrix(cell: Cell, seed: int) -> list[list[float]] | None:
    return next(record.accuracy for record in cell.done if record.run.seed == seed)
