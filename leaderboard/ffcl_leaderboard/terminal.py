"""The leaderboard as a terminal shows it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from ffcl_leaderboard.comparisons import baseline_name
from ffcl_leaderboard.coverage import REFUSED, reasons, word
from ffcl_leaderboard.percent import percent
from ffcl_leaderboard.rows import MAIN, notes
from ffcl_leaderboard.tables import Leaderboard
from ffcl_leaderboard.within import WITHIN

WIDTH = 80
"""The coverage is broken into blocks of columns that fit into so many characters."""

SHOWN_WHOLE = 200
"""With more rows than these, of several scenarios, each table is cut to `CUT_TO`."""

CUT_TO = 10

NARROW = 12
"""Characters that a setting is given at least."""


def view(board: Leaderboard) -> RenderableType:
    """The tables of each scenario: percentages with the half-width of their 95% t interval; then the coverage."""
    rows, coverage = board.rows, board.coverage
    parts: list[RenderableType] = []
    cells = {cell.first.run.configuration: cell for cell in board.everyone}
    few = CUT_TO if len(rows) > SHOWN_WHOLE and rows["scenario"].nunique() > 1 else None
    for scenario, of_scenario in rows.groupby("scenario", sort=True):
        compared = board.comparisons[board.comparisons["scenario"] == scenario]
        baseline = baseline_name(compared, cells)
        for table in _of_scenario(str(scenario), of_scenario, compared, baseline, few):
            parts += [table, Text()]
    if coverage["strategy"].nunique() > 1 or (coverage["status"] == REFUSED).any():
        parts += _coverage(coverage)
    if "note" in rows:
        for learner, note in dict(zip(rows["learner"], rows["note"], strict=True)).items():
            if note:
                parts.append(Text(f"{learner}: {note}"))
    parts.append(
        Text(
            "Per cent, mean over seeds ± half of the 95% t interval; more columns in leaderboard.csv.",
            style="dim",
        )
    )
    if board.n_superseded:
        parts.append(Text(f"{board.n_superseded} runs of code that has been edited since are left out.", style="dim"))
    return Group(*parts)


def _of_scenario(
    scenario: str, rows: pd.DataFrame, compared: pd.DataFrame, baseline: str, few: int | None
) -> Iterable[RenderableType]:
    """The tables that there is something to show in, each cut to ``few`` rows."""
    compared = compared.sort_values("difference", ascending=False, kind="stable")
    within = rows[rows["AAA"].notna()] if "AAA" in rows else rows[:0]
    tuned = rows[rows["tuned"] == "tuned"] if "tuned" in rows else rows[:0]
    for draw, title, shown in (
        (_scores, scenario, rows),
        (_verdicts, f"{scenario}, difference to {baseline}, seed by seed", compared),
        (_within, f"{scenario}, while experiences are learned", within),
        (_tuning, f"{scenario}, tuned against defaults", tuned),
    ):
        if few is not None and len(shown) > few:
            hint = f"and {len(shown) - few} more; `ffcl leaderboard --scenario {scenario}` shows them"
            yield Group(draw(title, shown[:few]), Text(hint, style="dim"))
        elif len(shown):
            yield draw(title, shown)


def _scores(title: str, rows: pd.DataFrame) -> Table:
    table = _table(title, ("#", "learner", "strategy"), ("seeds", *MAIN, "train s"))
    for row in rows.to_dict("records"):
        table.add_row(
            row["rank"] if row["rank"].isdecimal() else "-",
            _name(row, notes(row)),
            str(row["strategy"]),
            str(row["seeds"]),
            *(percent(row[name], row[f"{name}_low"]) for name in MAIN),
            "-" if math.isnan(row["train_seconds"]) else f"{row['train_seconds']:.1f}",
        )
    return _folding(table, rows)


def _verdicts(title: str, rows: pd.DataFrame) -> Table:
    """Each row against its baseline, on the seeds that both have."""
    table = _table(title, ("learner", "strategy"), ("pairs", "ACC", "p"))
    table.add_column("verdict", no_wrap=True)
    for row in rows.to_dict("records"):
        difference = percent(row["difference"], row["difference_low"], sign="+")
        p = "-" if math.isnan(row["p_holm"]) else f"{row['p_holm']:.3f}"
        said = ["stale"] * bool(row["stale"]) + ["baseline stale"] * bool(row["baseline_stale"])
        table.add_row(_name(row, said), row["strategy"], str(row["pairs"]), difference, p, row["verdict"])
    return _folding(table, rows)


def _within(title: str, rows: pd.DataFrame) -> Table:
    table = _table(title, ("learner", "strategy"), WITHIN)
    for row in rows.to_dict("records"):
        table.add_row(_name(row), str(row["strategy"]), *(percent(row[name], row[f"{name}_low"]) for name in WITHIN))
    return _folding(table, rows)


def _tuning(title: str, rows: pd.DataFrame) -> Table:
    """What tuning took, and what it brought over the defaults on the same seeds."""
    numbers = ("protocol", "trials", "pruned", "failed", "core-h", "gain in ACC")
    table = _table(title, ("learner", "strategy"), numbers)
    for row in rows.to_dict("records"):
        counts = (f"{row[name]:.0f}" for name in ("trials", "pruned", "failed_trials"))
        gain = percent(row["tuning_gain"], row["tuning_gain_low"])
        protocol = row["protocol"] + ("\noptimistic" if row["optimistic"] else "")
        table.add_row(row["learner"], str(row["strategy"]), protocol, *counts, f"{row['core_hours']:.2f}", gain)
    return table


def _coverage(coverage: pd.DataFrame) -> Iterable[RenderableType]:
    """Blocks of a strategy a row and a learner a column, then a line a reason."""
    words = {(row["learner"], row["strategy"]): word(row) for _, row in coverage.iterrows()}
    strategies = list(dict.fromkeys(coverage["strategy"]))
    widths = {
        learner: 1 + max(len(learner), *(len(words[learner, strategy]) for strategy in strategies))
        for learner in dict.fromkeys(coverage["learner"])
    }
    yield Text("runs of each learner with each strategy", style="italic")
    for learners in _blocks(widths, WIDTH - 2 - max(len("strategy"), *map(len, strategies))):
        table = _table("", ("strategy",), learners)
        for strategy in strategies:
            table.add_row(strategy, *(words[learner, strategy] for learner in learners))
        yield from (table, Text())
    if lines := reasons(coverage):
        yield from (*map(Text, lines), Text())


def _blocks(widths: dict[str, int], room: int) -> Iterable[list[str]]:
    """Columns, taken in order into as few blocks as the room allows."""
    block: list[str] = []
    for name, width in widths.items():
        if block and sum(widths[other] for other in block) + width > room:
            yield block
            block = []
        block.append(name)
    yield block


def _table(title: str, names: Sequence[str], numbers: Sequence[str]) -> Table:
    table = Table(
        title=escape(title) or None, title_justify="left", box=None, header_style="bold", padding=(0, 1, 0, 0)
    )
    for name in names:
        table.add_column(name, no_wrap=True)
    for name in numbers:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _folding(table: Table, rows: pd.DataFrame) -> Table:
    """Have long settings in the learner's column folded where there is no room, but no name of a learner."""
    first = next(column for column in table.columns if column.header == "learner")
    longest = max(len(line) for cell in first.cells for line in str(cell).split("\n"))
    first.no_wrap, first.overflow = False, "fold"
    first.min_width = max(*rows["learner"].str.len(), min(longest, NARROW), 0)
    return table


def _name(row: dict[Any, Any], said: Sequence[str] = ()) -> str:
    """The learner, and a line each for what else must be said of the row: tables stay narrow."""
    variant = row["variant"].split(", ") if row["variant"] else []
    lines = [row["learner"], *(part.removeprefix(f"{row['scenario']}.") for part in variant), *said]
    return escape("\n".join(lines))  # a path among the settings may have brackets
