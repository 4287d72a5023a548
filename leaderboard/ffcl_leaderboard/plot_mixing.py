"""The curve over non-stationarity: final accuracy against how far the experiences are mixed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from ffcl.metrics import final_accuracy
from ffcl.statistics import t_interval
from ffcl_leaderboard.cells import Cell
from ffcl_leaderboard.mixing import position, without_mixing
from ffcl_leaderboard.styles import Styles, add_legend, describe, folded, panels, seeds


def mixing_figure(scenario: str, lines: Sequence[Sequence[Cell]], styles: Styles) -> Figure:
    """Final accuracy against mixing, with its 95% t interval; a line a learner and strategy.

    The values of mixing stand at equal distances: most happens close to 0.
    """
    by_panel: dict[str, list[list[Cell]]] = {}
    for line in lines:
        by_panel.setdefault(styles.panel(line[0]), []).append(list(line))
    positions = sorted({position(cell) for line in lines for cell in line})
    figure, grid = panels(len(by_panel), len({styles.label(without_mixing(line[0])) for line in lines}))
    for axes, (title, drawn) in zip(grid, by_panel.items(), strict=True):
        for line in drawn:
            cell = without_mixing(line[0])
            intervals = 100 * np.array([t_interval([final_accuracy(m) for m in c.matrices]) for c in line])
            styles.curve(axes, cell, [positions.index(position(c)) for c in line], intervals)
        axes.set_title(folded(title))
        axes.set_ylim(-2, 102)
        axes.set_xticks(range(len(positions)), [f"{p:g}" for p in positions])
    title = f"{scenario}: accuracy and non-stationarity\n{seeds([cell for line in lines for cell in line])}"
    describe(figure, grid, title, "mixing of the experiences (0: sharp boundaries, 1: none)", "final accuracy (%)")
    add_legend(figure, grid)
    return figure
