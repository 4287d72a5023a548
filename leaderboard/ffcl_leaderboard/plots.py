"""The plots, as PNG and SVG: accuracy over experiences, accuracy matrices, accuracy against forgetting."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ffcl.figures import COLOURS, MARKERS, STYLE, save_figure
from ffcl.statistics import t_interval
from ffcl_leaderboard.cells import Cell
from ffcl_leaderboard.metrics import accuracy_seen, final_accuracy, forgetting

MIN_SPAN = 10.0
"""The least a percentage axis spans, in points."""
LINES = ("-", "--", ":", "-.", (0, (1, 1)), (0, (5, 1, 1, 1, 1, 1)))


class Styles:
    """One colour and marker a learner and one line a strategy, the same in every plot."""

    def __init__(self, cells: Sequence[Cell]) -> None:
        self._learners = list(dict.fromkeys(sorted(f"{c.learner} {c.variant}" for c in cells)))
        names = {c.strategy for c in cells}
        self._strategies = sorted(names, key=lambda name: (name != "none", name))

    def colour(self, cell: Cell) -> str:
        """The learner's colour."""
        return COLOURS[self._learner(cell) % len(COLOURS)]

    def marker(self, cell: Cell) -> str:
        """The learner's marker."""
        return MARKERS[self._learner(cell) % len(MARKERS)]

    def line(self, cell: Cell) -> str | tuple[int, tuple[int, ...]]:
        """The strategy's line style."""
        return LINES[self._strategies.index(cell.strategy) % len(LINES)]

    def face(self, cell: Cell) -> str:
        """Filled without a strategy, hollow with one."""
        return self.colour(cell) if self._strategies.index(cell.strategy) == 0 else "white"

    def _learner(self, cell: Cell) -> int:
        return self._learners.index(f"{cell.learner} {cell.variant}")


def draw_all(cells: Sequence[Cell], folder: Path) -> list[Path]:
    """Draw every plot of every scenario; return the files."""
    drawable = [cell for cell in cells if cell.done]
    styles, files = Styles(drawable), []
    with mpl.rc_context(STYLE):
        for scenario, group in groupby(drawable, key=lambda c: c.scenario):
            for name, figure in _figures(scenario, list(group), styles):
                files += save_figure(figure, folder / f"{name}--{scenario}")
    return files


def _figures(scenario: str, cells: Sequence[Cell], styles: Styles) -> Iterator[tuple[str, Figure]]:
    yield "accuracy", accuracy_figure(scenario, cells, styles)
    yield "matrix", matrix_figure(scenario, cells)
    if all(cell.matrices.shape[2] > 1 for cell in cells):
        yield "forgetting", forgetting_figure(scenario, cells, styles)


def accuracy_figure(scenario: str, cells: Sequence[Cell], styles: Styles) -> Figure:
    """Accuracy over the experiences seen so far, after each experience, with its 95% t interval."""
    figure, axes = _axes(len(cells))
    widest = max(cell.matrices.shape[2] for cell in cells)
    for number, cell in enumerate(cells):
        curves = np.array([accuracy_seen(matrix) for matrix in cell.matrices])
        intervals = np.array([t_interval(column) for column in curves.T]) * 100
        # curves that coincide stay visible: each is shifted a little to the side
        shift = 0.16 * (number / max(1, len(cells) - 1) - 0.5) if len(cells) > 1 else 0.0
        x = np.arange(1, len(intervals) + 1) + shift
        axes.errorbar(
            x,
            intervals[:, 0],
            yerr=np.nan_to_num(np.stack([intervals[:, 0] - intervals[:, 1], intervals[:, 2] - intervals[:, 0]])),
            color=styles.colour(cell),
            marker=styles.marker(cell),
            markerfacecolor=styles.face(cell),
            linestyle=styles.line(cell),
            markersize=5,
            linewidth=1.4,
            capsize=2,
            elinewidth=0.9,
            label=cell.label,
        )
    axes.set_xticks(range(1, widest + 1) if widest <= 20 else np.linspace(1, widest, 11).round())
    axes.set_ylim(-2, 102)
    axes.set_xlabel("experiences learned")
    axes.set_ylabel("accuracy over the experiences seen (%)")
    axes.set_title(f"{scenario}: accuracy while learning\n{_seeds(cells)}")
    _legend(axes)
    return figure


def forgetting_figure(scenario: str, cells: Sequence[Cell], styles: Styles) -> Figure:
    """Final accuracy against forgetting, with the 95% t interval of both; the best corner is top left."""
    figure, axes = _axes(len(cells))
    for cell in cells:
        accuracy = 100 * np.array(t_interval([final_accuracy(m) for m in cell.matrices]))
        forgotten = 100 * np.array(t_interval([forgetting(m) for m in cell.matrices]))
        axes.errorbar(
            forgotten[0],
            accuracy[0],
            xerr=np.nan_to_num([[forgotten[0] - forgotten[1]], [forgotten[2] - forgotten[0]]]),
            yerr=np.nan_to_num([[accuracy[0] - accuracy[1]], [accuracy[2] - accuracy[0]]]),
            color=styles.colour(cell),
            marker=styles.marker(cell),
            markerfacecolor=styles.face(cell),
            linestyle="none",
            markersize=6,
            alpha=0.85,
            capsize=2,
            elinewidth=0.9,
            label=cell.label,
        )
    axes.set_xlim(*_at_least(axes.get_xlim(), MIN_SPAN))
    axes.set_ylim(*_at_least(axes.get_ylim(), MIN_SPAN))
    axes.set_xlabel("forgetting (%): less is better")
    axes.set_ylabel("final accuracy (%): more is better")
    axes.set_title(f"{scenario}: accuracy against forgetting\n{_seeds(cells)}")
    _legend(axes)
    return figure


def matrix_figure(scenario: str, cells: Sequence[Cell]) -> Figure:
    """The mean accuracy matrix of each cell as a heat map: row i after experience i, column j on experience j."""
    columns = len(cells) if len(cells) <= 4 else min(4, math.ceil(math.sqrt(len(cells))))
    rows = -(-len(cells) // columns)
    size = max(cell.matrices.shape[2] for cell in cells)
    side = min(3.4, 1.2 + 0.36 * size)
    figure = Figure(figsize=(side * columns + 0.9, (side + 0.35) * rows + 0.5), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False)
    for axes in grid.flat[len(cells) :]:
        axes.set_visible(False)
    image = None
    for axes, cell in zip(grid.flat, cells, strict=False):
        mean = 100 * cell.matrices.mean(0)
        image = axes.imshow(mean, vmin=0, vmax=100, cmap="cividis", aspect="auto")
        axes.grid(visible=False)
        axes.spines[["left", "bottom"]].set_visible(False)
        axes.set_title(cell.label, fontsize=9)
        if size <= 10:
            axes.set_xticks(range(mean.shape[1]), [str(j + 1) for j in range(mean.shape[1])], fontsize=7)
            axes.set_yticks(range(mean.shape[0]), [str(i) for i in range(mean.shape[0])], fontsize=7)
            for (i, j), value in np.ndenumerate(mean):
                axes.text(
                    j,
                    i,
                    f"{value:.0f}",
                    ha="center",
                    va="center",
                    fontsize=7,
                    color="black" if value > 55 else "white",
                )
    figure.suptitle(
        f"{scenario}: accuracy (%) on experience (column) after learning experience (row; 0: untrained)",
        fontsize=10,
        wrap=True,
    )
    if image is not None:
        figure.colorbar(image, ax=list(grid.flat), aspect=20 * rows, pad=0.02)
    return figure


def _axes(n_entries: int) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(8.4, max(4.4, 0.9 + 0.26 * n_entries)), layout="constrained")
    return figure, figure.subplots()


def _at_least(limits: tuple[float, float], span: float) -> tuple[float, float]:
    """Widen axis limits to at least ``span``, so that noise does not look like a difference."""
    missing = max(0.0, span - (limits[1] - limits[0])) / 2
    return limits[0] - missing, limits[1] + missing


def _seeds(cells: Sequence[Cell]) -> str:
    counts = sorted({len(cell.done) for cell in cells})
    number = str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    return f"mean and 95% t interval over {number} seed{'s' * (counts != [1])}"


def _legend(axes: Axes) -> None:
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), fontsize=9, handlelength=3)
