"""The two tables: the leaderboard, a row a configuration, and the runs, a row a seed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ffcl.errors import unknown_name
from ffcl.records import Record
from ffcl.statistics import standard_deviations, t_intervals
from ffcl_leaderboard.cells import ENOUGH_SEEDS, FEW_SEEDS, MEASURES, Cell
from ffcl_leaderboard.columns import COLUMNS
from ffcl_leaderboard.costs import OF_ROW, row_costs, run_costs
from ffcl_leaderboard.intransigence import References
from ffcl_leaderboard.provenance import provenance_columns
from ffcl_leaderboard.staleness import Changes, data_changes, nothing_changed
from ffcl_leaderboard.tuning import Defaults, tuning_columns

MAIN = ("ACC", "AIA", "LA", "forgetting")
"""The measures that are shown where there is no room for more."""
NOT_RANKED = "not ranked"
NAMES = ("learner", "strategy")
SORTABLE = (*MEASURES, "intransigence", *OF_ROW, "seeds", *NAMES)


def leaderboard_frame(cells: Sequence[Cell], sort: str, changes: Changes = nothing_changed) -> pd.DataFrame:
    """One row per cell, by scenario and stream; within each stream sorted by ``sort``, the best first.

    Args:
        cells: the rows to be.
        sort: a column.
        changes: what has changed in the installed code since a run.

    Raises:
        UsageError: ``sort`` is no column.
    """
    if sort not in SORTABLE:
        raise unknown_name("column to sort by", sort, SORTABLE)
    if not cells:
        return pd.DataFrame(columns=["rank", "learner", "strategy", "scenario", "configuration"])
    references, defaults = References(cells), Defaults(cells)
    other_data = data_changes([record for cell in cells for record in cell.done])
    rows = [
        {**_row(cell, references), **tuning_columns(cell, defaults), "stale": _stale(cell, changes, other_data)}
        for cell in cells
    ]
    streams = [cell.stream for cell in cells]
    ascending = [True, True, sort in NAMES or COLUMNS[sort].better == "lower"]
    frame = pd.DataFrame(rows).assign(stream=streams)
    frame = frame.sort_values(
        ["scenario", "stream", sort], ascending=ascending, kind="stable", na_position="last", ignore_index=True
    )
    frame.insert(0, "rank", _ranks(frame))
    return frame.drop(columns="stream")


def notes(row: Mapping[Any, Any]) -> list[str]:
    """What must be said of a row beside its numbers: runs that failed, and that what it is of has changed since."""
    return [f"{row['failed']} failed"] * bool(row["failed"]) + ["stale"] * bool(row["stale"])


def _ranks(frame: pd.DataFrame) -> list[str]:
    """The place of each row in its stream by ACC, equals sharing theirs; in words why a row has none.

    Ranked is what has seeds enough, is of today's code and data, and was not tuned on what it is evaluated on.
    """
    enough = frame["seeds"] >= ENOUGH_SEEDS
    ranked = frame[enough & (frame["stale"] == "") & ~frame["optimistic"]]
    places = ranked.groupby("stream")["ACC"].rank(method="min", ascending=False).reindex(frame.index)
    return [
        (NOT_RANKED if has_enough else FEW_SEEDS) if np.isnan(place) else f"{place:.0f}"
        for place, has_enough in zip(places, enough, strict=True)
    ]


def _stale(cell: Cell, changes: Changes, other_data: set[str]) -> str:
    data = ["data changed"] if any(record.run.key in other_data for record in cell.done) else []
    return ", ".join([*changes(cell.first.run), *data])


def _row(cell: Cell, references: References) -> dict[str, Any]:
    run = cell.first.run
    measures = {**cell.measures, "intransigence": references.intransigence(cell)}
    row: dict[str, Any] = {
        "learner": cell.learner,
        "strategy": cell.strategy,
        "scenario": cell.scenario,
        "configuration": run.configuration,
        "variant": cell.variant,
        "seeds": len(cell.done),
        "failed": len(cell.failed),
    }
    for name, (mean, low, high, deviation) in _statistics(measures).items():
        row |= {name: mean, f"{name}_low": low, f"{name}_high": high, f"{name}_sd": deviation}
    return row | row_costs(cell.done) | provenance_columns(cell)


def _statistics(measures: dict[str, NDArray[np.float64]]) -> dict[str, tuple[float, float, float, float]]:
    """Mean, ends of the 95% t interval and standard deviation of each measure; of equally many seeds at once."""
    by_size: dict[int, list[str]] = {}
    for name, values in measures.items():
        by_size.setdefault(len(values), []).append(name)
    found: dict[str, tuple[float, float, float, float]] = {}
    for names in by_size.values():
        stacked = np.array([measures[name] for name in names])
        columns = (*t_intervals(stacked), standard_deviations(stacked))
        found |= dict(zip(names, zip(*(column.tolist() for column in columns), strict=True), strict=True))
    return {name: found[name] for name in measures}


def runs_frame(cells: Sequence[Cell], superseded: Sequence[Cell] = ()) -> pd.DataFrame:
    """One row per run; ``current`` is false for runs of code that has been edited since."""
    rows = [row for cell in cells for row in _run_rows(cell, is_current=True)]
    rows += [row for cell in superseded for row in _run_rows(cell, is_current=False)]
    order = ["scenario", "learner", "strategy", "configuration", "seed"]
    return pd.DataFrame(rows, columns=None if rows else [*order, "current"]).sort_values(order, ignore_index=True)


def _run_rows(cell: Cell, is_current: bool) -> list[dict[str, Any]]:
    undefined = dict.fromkeys(cell.measures, math.nan)
    by_seed = zip(*(values.tolist() for values in cell.measures.values()), strict=True)
    of_done = [dict(zip(cell.measures, values, strict=True)) for values in by_seed]
    pairs = [*zip(cell.done, of_done, strict=True), *((record, undefined) for record in cell.failed)]
    return [_run_row(record, measures, is_current) for record, measures in pairs]


def _run_row(record: Record, measures: dict[str, float], is_current: bool) -> dict[str, Any]:
    run = record.run
    return {
        "learner": run.learner.name,
        "strategy": run.strategy.name,
        "scenario": run.scenario.name,
        "configuration": run.configuration,
        "seed": run.seed,
        "study": run.tuning.study if run.tuning is not None else "",
        "status": record.status,
        "current": is_current,
        **measures,
        **run_costs(record),
        "parameters_sha256": record.parameters_sha256,
        "data_sha256": record.data_sha256,
        "started": record.started,
        "git": record.versions.get("git", ""),
        "processor": record.hardware.get("processor", ""),
        "failure": f"{record.failure.kind}: {record.failure.message}" if record.failure else "",
        "key": run.key,
    }
