"""The plots, as PNG and SVG: accuracy over experiences, accuracy matrices, accuracy against forgetting, and others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import groupby
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ffcl.figures import STYLE
from ffcl.metrics import accuracy_seen, final_accuracy, forgetting
from ffcl.statistics import t_interval, t_intervals
from ffcl_leaderboard.cells import Cell
from ffcl_leaderboard.gallery import Gallery, content_of
from ffcl_leaderboard.mixing import dial_lines, position, turned, without_mixing
from ffcl_leaderboard.plot_across import profiles_figure, ranks_figure, summary_figure
from ffcl_leaderboard.plot_comparisons import comparisons_figure
from ffcl_leaderboard.plot_coverage import coverage_figure
from ffcl_leaderboard.plot_mixing import mixing_figure
from ffcl_leaderboard.plot_within import measured, within_figure
from ffcl_leaderboard.styles import Styles, add_legend, describe, folded, grid_of, panels, seeds
from ffcl_leaderboard.tables import Leaderboard

Draw = Callable[[], Figure]

MIN_SPAN = 10.0
"""The least a percentage axis spans, in points."""
MANY_MATRICES = 24
"""More accuracy matrices than these are drawn without their numbers."""
MANY = 20
"""More experiences than these are not drawn one by one."""


def draw_all(board: Leaderboard, folder: Path) -> list[Path]:
    """Have every plot of every scenario, and the coverage, in the folder; return the files.

    Only what has changed since the last time is drawn.
    """
    coverage, comparisons, summary = board.coverage, board.comparisons, board.summary
    drawable = [cell for cell in board.cells if cell.done]
    styles, gallery = Styles(drawable), Gallery(folder)
    with mpl.rc_context(STYLE):
        if len(coverage):
            gallery.show("coverage", coverage.to_csv(), lambda: coverage_figure(coverage))
        for scenario, group in groupby(drawable, key=lambda c: c.scenario):
            of_scenario = list(group)
            content = [(content_of(cell), styles.look(cell)) for cell in of_scenario]
            for name, draw in _figures(scenario, of_scenario, styles):
                gallery.show(f"{name}--{scenario}", content, draw)
            compared = comparisons[comparisons["scenario"] == scenario]
            if len(compared):
                gallery.show(
                    f"comparisons--{scenario}",
                    [compared.to_csv(), content],
                    partial(comparisons_figure, scenario, comparisons, board.everyone, styles),
                )
        if len(summary):
            everyone = [cell for cell in board.everyone if cell.done]
            everything = [summary.to_csv(), [styles.look(c) for c in drawable], [content_of(c) for c in everyone]]
            for name, draw in _overall(drawable, everyone, summary, styles):
                gallery.show(name, everything, draw)
    gallery.close()
    return gallery.files


def _figures(scenario: str, cells: Sequence[Cell], styles: Styles) -> Iterator[tuple[str, Draw]]:
    yield "accuracy", lambda: accuracy_figure(scenario, cells, styles)
    yield "matrix", lambda: matrix_figure(scenario, cells)
    if all(cell.matrices.shape[2] > 1 for cell in cells):
        yield "forgetting", lambda: forgetting_figure(scenario, cells, styles)
    if within := [cell for cell in cells if measured(cell)]:
        yield "within", lambda: within_figure(scenario, within)
    if lines := dial_lines(cells):
        yield "mixing", lambda: mixing_figure(scenario, lines, styles)


def _overall(
    cells: Sequence[Cell], everyone: Sequence[Cell], summary: pd.DataFrame, styles: Styles
) -> Iterator[tuple[str, Draw]]:
    """What is drawn over all scenarios."""
    yield "summary", lambda: summary_figure(summary, cells, styles)
    yield "ranks", lambda: ranks_figure(cells, styles, everyone)
    yield "profiles", lambda: profiles_figure(cells, styles, everyone)


def accuracy_figure(scenario: str, cells: Sequence[Cell], styles: Styles) -> Figure:
    """Accuracy over the experiences seen so far, after each experience, with its 95% t interval."""
    figure, grid = _panels(cells, styles, _accuracy_panel)
    widest = max(cell.matrices.shape[2] for cell in cells)
    grid[0].set_xticks(range(1, widest + 1) if widest <= MANY else np.linspace(1, widest, 11).round())
    grid[0].set_ylim(-2, 102)
    title = f"{scenario}: accuracy while learning\n{seeds(cells)}"
    describe(figure, grid, title, "experiences learned", "accuracy over the experiences seen (%)")
    return figure


def forgetting_figure(scenario: str, cells: Sequence[Cell], styles: Styles) -> Figure:
    """Final accuracy against forgetting, with the 95% t interval of both; the best corner is top left."""
    figure, grid = _panels(cells, styles, _forgetting_panel)
    grid[0].set_xlim(*_at_least(grid[0].get_xlim(), MIN_SPAN))
    grid[0].set_ylim(*_at_least(grid[0].get_ylim(), MIN_SPAN))
    title = f"{scenario}: accuracy against forgetting\n{seeds(cells)}"
    describe(figure, grid, title, "forgetting (%): less is better", "final accuracy (%): more is better")
    return figure


def _panels(
    cells: Sequence[Cell], styles: Styles, draw: Callable[[Axes, Sequence[Cell], Styles], None]
) -> tuple[Figure, list[Axes]]:
    """Draw cells, in a panel for each mixing of the experiences if they differ, and for each learner if need be."""
    several = turned(cells)
    by_panel: dict[str, list[Cell]] = {}
    for cell in sorted(cells, key=position) if several else cells:
        plain = without_mixing(cell) if several else cell
        mixing = f"mixing {position(cell):g}" if several else ""
        by_panel.setdefault(", ".join(filter(None, (styles.panel(plain), mixing))), []).append(plain)
    labels = {styles.label(cell) for drawn in by_panel.values() for cell in drawn}
    figure, grid = panels(len(by_panel), len(labels))
    for axes, (title, drawn) in zip(grid, by_panel.items(), strict=True):
        draw(axes, drawn, styles)
        axes.set_title(folded(title))
    add_legend(figure, grid)
    return figure, grid


def _accuracy_panel(axes: Axes, cells: Sequence[Cell], styles: Styles) -> None:
    for number, cell in enumerate(cells):
        curves = np.array([accuracy_seen(matrix) for matrix in cell.matrices])
        intervals = 100 * np.stack(t_intervals(curves.T), axis=1)
        # curves that coincide stay visible: each is shifted a little to the side
        shift = 0.16 * (number / max(1, len(cells) - 1) - 0.5) if len(cells) > 1 else 0.0
        x = [i + shift for i in range(1, len(intervals) + 1)]
        styles.curve(axes, cell, x, intervals, marker_size=5 if len(intervals) <= MANY else 2)


def _forgetting_panel(axes: Axes, cells: Sequence[Cell], styles: Styles) -> None:
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
            label=styles.label(cell),
        )


def matrix_figure(scenario: str, cells: Sequence[Cell]) -> Figure:
    """The mean accuracy matrix of each cell as a heat map: row i after experience i, column j on experience j."""
    rows, columns = grid_of(len(cells))
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
        axes.set_title(folded(cell.label), fontsize=9)
        if size <= 10 and len(cells) <= MANY_MATRICES:
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


def _at_least(limits: tuple[float, float], span: float) -> tuple[float, float]:
    """Widen axis limits to at least ``span``, so that noise does not look like a difference."""
    missing = max(0.0, span - (limits[1] - limits[0])) / 2
    return limits[0] - missing, limits[1] + missing
