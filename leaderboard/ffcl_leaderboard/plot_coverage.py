"""The coverage of learners by strategies as a figure."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from ffcl_leaderboard.coverage import FAILED, NOT_RUN, REFUSED, WORKS

LOOK = {  # face, ink and mark: the mark and the word tell them apart without colour
    WORKS: ("#D6EAF5", "#00507D"),
    FAILED: ("#F7D9C4", "#8A3B00"),
    REFUSED: ("#E4E4E4", "#3C3C3C"),
    NOT_RUN: ("#FFFFFF", "#9A9A9A"),
}


def coverage_figure(coverage: pd.DataFrame) -> Figure:
    """A row a learner, a column a strategy: a check mark and the number of runs, or what is wrong."""
    learners, strategies = list(dict.fromkeys(coverage["learner"])), list(dict.fromkeys(coverage["strategy"]))
    side = 0.095 * max(map(len, learners))
    figure = Figure(
        figsize=(max(4.6, 0.6 + side + 0.72 * len(strategies)), 1.6 + 0.46 * len(learners)), layout="constrained"
    )
    axes = figure.subplots()
    for row in coverage.to_dict("records"):
        x, y = strategies.index(row["strategy"]), learners.index(row["learner"])
        face, ink = LOOK[row["status"]]
        axes.add_patch(Rectangle((x - 0.47, y - 0.45), 0.94, 0.9, facecolor=face, edgecolor="none"))
        axes.text(x, y, _mark(row), ha="center", va="center", fontsize=8.5, color=ink, linespacing=1.1)
    axes.set_xlim(-0.5, len(strategies) - 0.5)
    axes.set_ylim(len(learners) - 0.5, -0.5)
    axes.set_xticks(range(len(strategies)), strategies, rotation=40, ha="left", rotation_mode="anchor")
    axes.set_yticks(range(len(learners)), learners)
    axes.tick_params(length=0, top=True, labeltop=True, bottom=False, labelbottom=False)
    axes.grid(visible=False)
    axes.spines[["left", "bottom"]].set_visible(False)
    figure.supxlabel("✓ runs, all finished    ✗ failed of all runs    – not run", fontsize=9)
    return figure


def _mark(row: dict[Any, Any]) -> str:
    if row["status"] == WORKS:
        return f"✓ {row['finished']}"
    if row["status"] == FAILED:
        return f"✗ {row['failed']}/{row['finished'] + row['failed']}\nfailed"
    return "refused" if row["status"] == REFUSED else "–"
