"""The plot of what happens while experiences are learned: where a stability gap is seen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ffcl.figures import COLOURS
from ffcl.statistics import t_intervals
from ffcl_leaderboard.cells import Cell
from ffcl_leaderboard.styles import add_legend, folded, grid_of, seeds

ALL, FIRST = 10, 5
"""Up to ALL experiences each has a line; of more, the first FIRST."""


def measured(cell: Cell) -> bool:
    """Whether every finished run of a cell has snapshots."""
    return bool(cell.done) and all(record.within for record in cell.done)


def within_figure(scenario: str, cells: Sequence[Cell]) -> Figure:
    """Accuracy on each experience over training steps; a panel a cell, a line an experience, a band its interval."""
    rows, columns = grid_of(len(cells))
    size = (max(7.0, 1.4 + 3.6 * columns), 1.1 + 2.5 * rows)
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False, sharey=True)
    for axes in grid.flat[len(cells) :]:
        axes.set_visible(False)
    longest = max(cell.matrices.shape[2] for cell in cells)
    shown = longest if longest <= ALL else FIRST
    for axes, cell in zip(grid.flat, cells, strict=False):
        _draw(axes, cell, shown)
    of = "" if shown == longest else f", {shown} of {longest}"
    figure.suptitle(f"{scenario}: accuracy while experiences are learned\n{seeds(cells)}", fontsize=10)
    figure.supxlabel("training steps; a vertical line: the next experience begins", fontsize=10)
    figure.supylabel(f"accuracy on each experience{of} (%)", fontsize=10)
    add_legend(figure, list(grid.flat[: len(cells)]), "experience")
    return figure


def _draw(axes: Axes, cell: Cell, shown: int) -> None:
    n_experiences = cell.matrices.shape[2]
    places, values = _common(cell)
    steps, ends = _timeline(places, n_experiences)
    for j in range(min(shown, n_experiences)):
        since = [k for k, (experience, _) in enumerate(places) if experience > j]
        if not since:
            continue
        curve = 100 * np.array([[run[k][j] for k in since] for run in values])
        middle, low, high = t_intervals(curve.T)
        colour = COLOURS[j % len(COLOURS)]
        axes.plot(steps[since], middle, color=colour, linewidth=1.3, zorder=3, label=str(j + 1))
        axes.fill_between(steps[since], low.clip(0, 100), high.clip(0, 100), color=colour, alpha=0.15, linewidth=0)
    for end in ends[1:-1]:
        axes.axvline(end, color="#707070", linewidth=0.8, zorder=1)
    axes.grid(visible=False, axis="x")
    axes.set_xlim(0, max(ends[-1], 1))
    axes.set_ylim(-2, 102)
    axes.set_title(folded(cell.label), fontsize=9)


def _common(cell: Cell) -> tuple[list[tuple[int, int]], list[list[list[float]]]]:
    """The places (experience, step) that every seed has, in order, and each seed's accuracies there."""
    runs = [{(s.experience, s.step): s.accuracy for s in record.within} for record in cell.done]
    places = sorted(set.intersection(*(set(run) for run in runs)))
    return places, [[run[place] for place in places] for run in runs]


def _timeline(places: Sequence[tuple[int, int]], n_experiences: int) -> tuple[NDArray[np.int64], list[int]]:
    """Steps counted through the stream, and where experiences begin: at the last common place of the one before."""
    ends = [0]
    for i in range(1, n_experiences + 1):
        ends.append(ends[-1] + max((step for experience, step in places if experience == i), default=0))
    return np.array([ends[experience - 1] + step for experience, step in places], dtype=np.int64), ends
