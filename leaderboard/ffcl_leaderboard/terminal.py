"""The leaderboard as a terminal shows it."""

from __future__ import annotations

import math

import pandas as pd
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

SHOWN = ("ACC", "AIA", "LA", "forgetting")


def view(rows: pd.DataFrame, n_superseded: int) -> RenderableType:
    """One table a scenario: percentages with the half-width of their 95% t interval."""
    parts: list[RenderableType] = []
    for scenario, of_scenario in rows.groupby("scenario", sort=True):
        table = Table(title=str(scenario), title_justify="left", box=None, header_style="bold", padding=(0, 1, 0, 0))
        table.add_column("learner", no_wrap=True)
        table.add_column("strategy", no_wrap=True)
        for name in ("seeds", *SHOWN, "train s"):
            table.add_column(name, justify="right", no_wrap=True)
        for row in of_scenario.to_dict("records"):
            notes = row["variant"].split(", ") if row["variant"] else []  # a line each: tables stay narrow
            notes += [f"{row['failed']} failed"] if row["failed"] else []
            table.add_row(
                "\n".join([row["learner"], *notes]),
                str(row["strategy"]),
                str(row["seeds"]),
                *(_percent(row[name], row[f"{name}_low"]) for name in SHOWN),
                "-" if math.isnan(row["train_seconds"]) else f"{row['train_seconds']:.1f}",
            )
        parts += [table, Text()]
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
    if n_superseded:
        parts.append(Text(f"{n_superseded} runs of code that has been edited since are left out.", style="dim"))
    return Group(*parts)


def _percent(mean: float, low: float) -> str:
    if math.isnan(mean):
        return "-"
    half = "" if math.isnan(low) else f" ±{100 * (mean - low):.1f}"
    return f"{100 * mean:.1f}{half}"
