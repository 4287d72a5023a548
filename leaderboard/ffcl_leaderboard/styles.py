"""How the cells of a leaderboard are told apart, the same in every plot, and what their figures share."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ffcl.figures import COLOURS, MARKERS
from ffcl_leaderboard.cells import Cell
from ffcl_leaderboard.mixing import without_mixing

LINES = ("-", "--", ":", "-.")
ENTRIES = 24
"""The most entries of a legend's column."""
PANELS = 4
"""The most panels side by side."""
NARROW = 36
"""Characters in a line of a label."""


class Styles:
    """One colour a learner, one marker a learner and variant (over streams, without theirs), and one line a strategy.

    With more strategies than lines it is a panel a learner and a colour and marker a strategy (``by_learner``).
    """

    def __init__(self, cells: Sequence[Cell]) -> None:
        self._learners = sorted({c.learner for c in cells})
        self._variants = sorted({_learner(c) for cell in cells for c in (cell, replace(cell, stream_variant=""))})
        self._strategies = sorted({c.strategy for c in cells}, key=lambda name: (name != "none", name))
        self.by_learner = len(self._strategies) > len(LINES)

    def look(self, cell: Cell) -> list[str]:
        """Colour, marker, line, face, label and panel."""
        looks = (self.colour, self.marker, self.line, self.face, self.label, self.panel)
        return [look(cell) for look in looks]

    def colour(self, cell: Cell) -> str:
        """The learner's colour, the same in the report; or the strategy's."""
        number = self._strategy(cell) if self.by_learner else self._learners.index(cell.learner)
        return COLOURS[number % len(COLOURS)]

    def marker(self, cell: Cell) -> str:
        """The marker of the learner and its variant."""
        number = self._strategy(cell) if self.by_learner else self._variants.index(_learner(cell))
        return MARKERS[(number + number // len(COLOURS)) % len(MARKERS)]  # the 13th has the 1st's colour

    def line(self, cell: Cell) -> str:
        """The strategy's line style."""
        number = self._strategy(cell) // len(COLOURS) if self.by_learner else self._strategy(cell)
        return LINES[number % len(LINES)]

    def face(self, cell: Cell) -> str:
        """Filled without a strategy, hollow with one."""
        return self.colour(cell) if self._strategy(cell) == 0 else "white"

    def label(self, cell: Cell) -> str:
        """What the legend calls it."""
        return cell.strategy if self.by_learner else cell.label

    def panel(self, cell: Cell) -> str:
        """The title of its panel, or "" where one panel holds all."""
        return _learner(cell) if self.by_learner else ""

    def curve(
        self, axes: Axes, cell: Cell, x: Sequence[float], intervals: NDArray[np.float64], marker_size: float = 5
    ) -> None:
        """Draw a cell's means with their intervals (points, 3: mean, low, high) at x."""
        mean, low, high = intervals.T
        axes.errorbar(
            x,
            mean,
            yerr=np.nan_to_num(np.stack([mean - low, high - mean])),
            color=self.colour(cell),
            marker=self.marker(cell),
            markerfacecolor=self.face(cell),
            linestyle=self.line(cell),
            markersize=marker_size,
            linewidth=1.4,
            capsize=2,
            elinewidth=0.9,
            label=self.label(cell),
        )

    def _strategy(self, cell: Cell) -> int:
        return self._strategies.index(cell.strategy)


def _learner(cell: Cell) -> str:
    cell = without_mixing(cell)
    return f"{cell.learner} ({cell.variant})" if cell.variant else cell.learner


def panels(n_panels: int, n_entries: int) -> tuple[Figure, list[Axes]]:
    """A figure of panels with the same axes, with room for a legend of so many entries at its right."""
    columns = n_panels if n_panels < PANELS else min(PANELS, math.ceil(math.sqrt(n_panels)))
    rows = -(-n_panels // columns)
    width, height = (8.4, 4.4) if n_panels == 1 else (2.6 + 3.4 * columns, 0.8 + 3.0 * rows)
    size = (width + 2.4 * (_legend_columns(n_entries) - 1), max(height, 0.9 + 0.26 * min(n_entries, ENTRIES)))
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
    for axes in grid.flat[n_panels:]:
        axes.set_visible(False)
    for axes in grid.flat[max(0, n_panels - columns) : n_panels]:  # nothing, or an empty place, is below these
        axes.tick_params(labelbottom=True)
    return figure, list(grid.flat[:n_panels])


def add_legend(figure: Figure, axes: Sequence[Axes], title: str | None = None) -> None:
    """One legend of all panels, right of them."""
    entries: dict[str, Artist] = {}
    for one in axes:
        for handle, label in zip(*one.get_legend_handles_labels(), strict=True):
            entries.setdefault(str(label), handle)
    figure.legend(
        list(entries.values()),
        [folded(label) for label in entries],
        loc="outside right center",
        title=title,
        title_fontsize=9,
        fontsize=9,
        handlelength=3 if title is None else 2,
        ncols=_legend_columns(len(entries)),
    )


def grid_of(n_cells: int) -> tuple[int, int]:
    """Rows and columns of a grid with a panel a cell."""
    columns = n_cells if n_cells <= 4 else min(6, max(3, math.ceil(math.sqrt(n_cells))))
    return -(-n_cells // columns), columns


def folded(label: str) -> str:
    """A label in lines of its own, cut after four."""
    label = label.replace("$", r"\$")  # no mathematics
    return textwrap.fill(label, NARROW, max_lines=4, placeholder=" …", break_on_hyphens=False)


def describe(figure: Figure, grid: Sequence[Axes], title: str, x: str, y: str) -> None:
    """Name a figure and its axes: at the panel if there is one, else once for all."""
    if len(grid) == 1:
        grid[0].set(title=title, xlabel=x, ylabel=y)
        return
    figure.suptitle(title, fontsize=10)
    figure.supxlabel(x, fontsize=10)
    figure.supylabel(y, fontsize=10)


def seeds(cells: Sequence[Cell]) -> str:
    """What is drawn, and over how many seeds."""
    counts = sorted({len(cell.done) for cell in cells})
    number = str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    return f"mean and 95% t interval over {number} seed{'s' * (counts != [1])}"


def _legend_columns(n_entries: int) -> int:
    return -(-n_entries // ENTRIES)
