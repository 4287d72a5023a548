"""The forest plot: how far each cell is from its baseline, and what is said of it."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ffcl_leaderboard.baselines import METRIC
from ffcl_leaderboard.cells import Cell
from ffcl_leaderboard.comparisons import BETTER, EQUIVALENT, MARGIN, WORSE, baseline_name
from ffcl_leaderboard.styles import Styles

MOST = 40
"""Of more rows the best and the worst are drawn, as many of each."""
LONGEST = 52
"""Characters in a row's label."""
INK = {BETTER: "#00507D", WORSE: "#8A3B00", EQUIVALENT: "#1B5E20"}
"""Of verdicts that say something; the others are grey."""
GREY = "#6B6B6B"


def comparisons_figure(scenario: str, comparisons: pd.DataFrame, cells: Sequence[Cell], styles: Styles) -> Figure:
    """Paired difference of each cell to its baseline, with its 95% t interval, the best at the top.

    The band is ±1 point. At the right stand the verdict and on how many seeds the cell is better. With more than 40
    rows those in the middle are left out, and the figure says so.

    Args:
        scenario: which rows are drawn.
        comparisons: from `ffcl_leaderboard.comparisons.comparisons_frame`, with a row of the scenario.
        cells: the leaderboard's: those of the rows and their baselines are found by their configuration.
        styles: of all cells of the leaderboard.
    """
    rows = comparisons[(comparisons["scenario"] == scenario) & comparisons["difference"].notna()]
    best_first = rows.sort_values("difference", ascending=False, kind="stable").to_dict("records")
    by_configuration = {cell.first.run.configuration: cell for cell in cells}
    drawn, left_out = best_first, len(best_first) - MOST
    if left_out > 0:
        drawn = [*best_first[: MOST // 2], {}, *best_first[-MOST // 2 :]]
    figure = Figure(figsize=(8.4, 1.5 + 0.23 * max(4, len(drawn))), layout="constrained")
    axes = figure.subplots()
    axes.axvspan(-100 * MARGIN, 100 * MARGIN, color="#E3EFE6", zorder=0, linewidth=0)
    axes.axvline(0, color="#707070", linewidth=0.8, zorder=1)
    labels = []
    for y, row in enumerate(drawn):
        if not row:
            labels.append(f"({left_out} in between are left out)")
            continue
        cell = by_configuration[row["configuration"]]
        labels.append(one_line(cell.label))
        point(axes, y, [row[name] for name in ("difference", "difference_low", "difference_high")], cell, styles)
        said = f"{row['verdict']}, {row['wins']} of {row['pairs']}"
        beside(axes, y, said, INK.get(row["verdict"], GREY))
    name_rows(axes, labels)
    title = f"{scenario}: paired difference in {METRIC} to {one_line(baseline_name(rows, by_configuration))}"
    axes.set_title(f"{title}\nmean and 95% t interval; verdict and seeds on which it is better", fontsize=10)
    axes.set_xlabel("difference (points): more is better; band: ±1 point")
    return figure


def point(axes: Axes, y: float, interval: Sequence[float], cell: Cell, styles: Styles) -> None:
    """Draw mean, low and high, shares of 1, as a point and a line in per cent at the height y."""
    mean, low, high = (100 * value for value in interval)
    axes.errorbar(
        mean,
        y,
        xerr=None if pd.isna(low) else [[max(0.0, mean - low)], [max(0.0, high - mean)]],
        color=styles.colour(cell),
        marker=styles.marker(cell),
        markerfacecolor=styles.face(cell),
        markersize=5,
        capsize=2,
        elinewidth=1.1,
    )


def beside(axes: Axes, y: float, text: str, colour: str = GREY) -> None:
    """Write right of the axes at the height y."""
    axes.text(1.015, y, text, transform=axes.get_yaxis_transform(), va="center", fontsize=8, color=colour)


def name_rows(axes: Axes, labels: Sequence[str]) -> None:
    """One label a row, the first at the top."""
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.set_yticks(range(len(labels)), labels, fontsize=8)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")


def one_line(label: str) -> str:
    """A label short enough for a row: both ends of a long one."""
    if len(label) > LONGEST:
        half = LONGEST // 2 - 1
        label = f"{label[:half]} … {label[-half:]}"
    return label.replace("$", r"\$")  # no mathematics
