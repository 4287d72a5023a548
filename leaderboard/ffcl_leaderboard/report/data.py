"""What the report shows, as plain JSON: a pure function of the leaderboard's tables and cells."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ffcl.figures import MARKERS
from ffcl.metrics import accuracy_seen
from ffcl.statistics import t_intervals
from ffcl_leaderboard.cells import ENOUGH_SEEDS, Cell
from ffcl_leaderboard.columns import COLUMNS
from ffcl_leaderboard.report.encoding import Distinct, encode_frame, short
from ffcl_leaderboard.report.parts import part_of, seeds_text, setting_text
from ffcl_leaderboard.tables import Leaderboard

PER_SHARE = 10_000
"""A share of a seed is kept as a whole number of these."""
OF_SEEDS = ("ACC", "AIA", "LA", "forgetting", "train_seconds")
"""What is shown of each seed."""
KEY = ("scenario", "learner", "strategy", "configuration")
ELSEWHERE = ("learner_settings", "strategy_settings", "scenario_settings")
"""Columns of the leaderboard that the page takes from the cells, where equal settings are kept once."""
TEXT_LENGTH = 400
"""Characters of a failure's message that are kept."""


def report_data(board: Leaderboard, defaults: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """All that the page shows, as plain values for JSON.

    Args:
        board: the leaderboard; whatever columns its rows have are shown.
        defaults: ``name.parameter`` to its default; a command names what differs from it, or everything without.
    """
    cells, rows, runs, coverage = board.cells, board.rows, board.runs, board.coverage
    by_key = {_cell_key(cell): cell for cell in cells}
    of_key = _runs_by_key(runs)
    keys = list(zip(*(rows[name] for name in KEY), strict=True))
    parts, versions = Distinct(), Distinct()
    details = [_details(by_key.get(key), of_key.get(key, ()), parts, versions) for key in keys]
    table = encode_frame(rows, ELSEWHERE) if keys else {}
    return {
        "few": ENOUGH_SEEDS,
        "learners": _learners(cells, coverage),
        "per_share": PER_SHARE,
        "markers": list(MARKERS),
        "strategies": _strategies(cells, coverage),
        "scenarios": sorted({cell.scenario for cell in cells}),
        "notes": _notes(cells),
        "columns": _columns(table, rows),
        "help": _help(),
        "rows": table,
        "of_seeds": OF_SEEDS,
        "details": {name: [detail[name] for detail in details] for name in details[0]} if details else {},
        "parts": parts.values,
        "versions": versions.values,
        "defaults": {name: setting_text(value) for name, value in sorted((defaults or {}).items())},
        "comparisons": _comparisons(board.comparisons, keys),
        "summary": encode_frame(board.summary),
        "coverage": encode_frame(coverage),
        "superseded": board.n_superseded,
    }


def _cell_key(cell: Cell) -> tuple[str, ...]:
    return cell.scenario, cell.learner, cell.strategy, cell.first.run.configuration


def _learners(cells: Sequence[Cell], coverage: pd.DataFrame) -> list[str]:
    """In the order of the plots' colours: those with results first."""
    drawn = sorted({cell.learner for cell in cells if cell.done})
    others = {cell.learner for cell in cells} | set(coverage["learner"])
    return [*drawn, *sorted(others - set(drawn))]


def _strategies(cells: Sequence[Cell], coverage: pd.DataFrame) -> list[str]:
    names = {cell.strategy for cell in cells} | set(coverage["strategy"])
    return sorted(names, key=lambda name: (name != "none", name))


def _notes(cells: Sequence[Cell]) -> dict[str, str]:
    return {cell.learner: cell.first.note for cell in sorted(cells, key=lambda c: c.learner) if cell.first.note}


def _runs_by_key(runs: pd.DataFrame) -> dict[tuple[str, ...], list[dict[Any, Any]]]:
    """The runs of today's code, by the row they belong to."""
    by_key: dict[tuple[str, ...], list[dict[Any, Any]]] = {}
    for run in runs[runs["current"].astype(bool)].to_dict("records"):
        by_key.setdefault(tuple(run[name] for name in KEY), []).append(run)
    return by_key


def _details(cell: Cell | None, runs: Sequence[dict[Any, Any]], parts: Distinct, versions: Distinct) -> dict[str, Any]:
    """What a row's own page shows beside its columns; numbers of parts and versions stand for the things themselves."""
    names = ("matrix", "halves", "parts", "stream", "versions", "seeds", "values", "failures")
    detail: dict[str, Any] = dict.fromkeys(names)
    if cell is not None:
        run, first = cell.first.run, cell.first
        detail["parts"] = [parts.number(part_of(part)) for part in run.parts]
        detail["stream"] = parts.number(cell.stream_variant)  # it tells the streams of a scenario apart
        detail["versions"] = versions.number({"ffcl": run.ffcl, **first.versions, **first.hardware})
        detail["seeds"] = seeds_text([record.run.seed for record in (*cell.done, *cell.failed)])
        if cell.done:
            detail |= {"matrix": _per_mille(cell.matrices.mean(0)), "halves": _halves(cell)}
    done = [run for run in runs if run["status"] == "done"]
    detail["values"] = [parts.number([run["seed"] for run in done])] if done else None
    for name in OF_SEEDS:
        if done:
            detail["values"].append([_of_seed(name, run[name]) for run in done])
    detail["failures"] = [
        [run["seed"], run["failure"][:TEXT_LENGTH]] for run in runs if run["status"] == "failed"
    ] or None
    return detail


def _of_seed(name: str, value: float) -> float | int | None:
    if not math.isfinite(value):
        return None
    return short(round(value, 2)) if name == "train_seconds" else round(PER_SHARE * value)


def _per_mille(matrix: NDArray[np.float64]) -> list[list[int]]:
    """The matrix in per mille; zeros at the end of a row, which are most of the upper right, are left out."""
    rows: list[list[int]] = np.rint(1000 * matrix).astype(int).tolist()
    return [row[: max((j + 1 for j, value in enumerate(row) if value), default=0)] for row in rows]


def _halves(cell: Cell) -> list[int] | None:
    """Half of the interval of the accuracy over the experiences seen, after each of them, in per mille."""
    if len(cell.done) < 2:
        return None
    curves = np.array([accuracy_seen(matrix) for matrix in cell.matrices])
    mean, _, high = t_intervals(curves.T)
    halves: list[int] = np.rint(1000 * (high - mean)).astype(int).tolist()
    return halves


def _columns(table: Mapping[str, Any], rows: pd.DataFrame) -> dict[str, dict[str, str]]:
    """Title, unit and better direction of each column of numbers, told or guessed from its name."""
    ends = {name for name in table if name.endswith(("_low", "_high", "_sd"))}
    columns = {}
    for name in table:
        if name in ends or "texts" in table[name] or rows[name].dtype == bool:
            continue
        known = COLUMNS.get(name)
        guess = "share" if f"{name}_low" in ends else next((u for u in ("seconds", "bytes") if u in name), "count")
        columns[name] = {
            "title": known.title if known else name.replace("_", " "),
            "unit": (known.unit if known else guess) or guess,
            "better": known.better if known else "",
        }
    return columns


def _help() -> dict[str, dict[str, str]]:
    names = ("title", "formula", "source", "better", "unit")
    return {name: {n: str(getattr(column, n)) for n in names} for name, column in sorted(COLUMNS.items())}


def _comparisons(comparisons: pd.DataFrame, keys: Sequence[tuple[Any, ...]]) -> dict[str, Any]:
    """Comparisons of the rows shown, with the number of the row and of the baseline's row, -1 if that is not shown."""
    if comparisons.empty:
        return {}
    numbers = {key: i for i, key in enumerate(keys)}
    by_configuration = {(key[0], key[3]): i for i, key in enumerate(keys)}
    at = [numbers.get(key, -1) for key in zip(*(comparisons[name] for name in KEY), strict=True)]
    frame = comparisons.assign(row=at)
    ends = zip(frame["scenario"], frame["baseline_configuration"], strict=True)
    frame = frame.assign(baseline_row=[by_configuration.get(end, -1) for end in ends])
    told = ("variant", "stale", "baseline_configuration", "p", "equivalent")  # by the row, p_holm and the verdict
    return encode_frame(frame[frame["row"] >= 0], (*KEY, *told))
