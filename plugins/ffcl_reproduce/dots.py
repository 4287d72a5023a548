"""The figure of a published set-up: published values and ours, cell by cell."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ffcl.figures import COLOURS, MARKERS
from ffcl.statistics import t_interval
from ffcl_reproduce.cells import Outcome
from ffcl_reproduce.published import TOLERANCE

BAND = "#d5d5d5"
ROW = 0.2
"""Inches that a dot takes."""


def dots(outcomes: Sequence[Outcome]) -> Figure:
    """A panel a scenario, a row a strategy, in it a line a learner: published with what counts as inside, and ours."""
    scenarios, learners, strategies = (list(dict.fromkeys(o.cell.label[place] for o in outcomes)) for place in range(3))
    lines = len(strategies) * (len(learners) + 0.6)
    figure = Figure(figsize=(1.6 + 3.2 * len(scenarios), 1.5 + ROW * lines), layout="constrained")
    panels = figure.subplots(1, len(scenarios), sharey=True, squeeze=False)[0]
    for axes, scenario in zip(panels, scenarios, strict=True):
        for o in outcomes:
            if o.cell.label[0] == scenario:
                number = learners.index(o.cell.label[1])
                shift = (number - (len(learners) - 1) / 2) / (len(learners) + 0.6)
                _dot(axes, strategies.index(o.cell.label[2]) + shift, o, number)
        axes.set_title(scenario)
        axes.set_xlabel("final accuracy (%)")
        low, high = axes.get_xlim()
        axes.set_xlim(max(low, 0.0), min(high, 100.5))
        axes.grid(visible=False, axis="y")
        axes.tick_params(axis="y", length=0)
        for edge in range(1, len(strategies)):
            axes.axhline(edge - 0.5, color="#eeeeee", linewidth=0.8, zorder=0)
    panels[0].set_yticks(range(len(strategies)), strategies)
    panels[0].set_ylim(len(strategies) - 0.5, -0.5)
    handles = _legend(learners)
    columns = min(len(handles), 2 * len(scenarios))
    figure.legend(handles=handles, loc="outside lower center", ncols=columns, fontsize=9)
    return figure


def _dot(axes: Axes, y: float, o: Outcome, number: int) -> None:
    if o.cell.published is not None:
        value, reach = o.cell.published.value, o.cell.published.reach
        axes.hlines(y, value - reach, value + reach, color=BAND, linewidth=7, zorder=1)
        axes.plot([value], [y], "|", color="black", markersize=8, markeredgewidth=1.6, zorder=2)
    if o.accuracies:
        mean, low, high = t_interval(o.accuracies)
        spread = None if len(o.accuracies) < 2 else [[mean - low], [high - mean]]
        colour, marker = _look(number)
        axes.errorbar(
            [mean], [y], xerr=spread, color=colour, marker=marker, markersize=5, linewidth=1.2, capsize=2, zorder=3
        )


def _look(number: int) -> tuple[str, str]:
    return COLOURS[number % len(COLOURS)], MARKERS[number % len(MARKERS)]


def _legend(learners: Sequence[str]) -> list[Line2D]:
    handles = [
        Line2D([], [], linestyle="none", marker="|", color="black", markersize=8, markeredgewidth=1.6),
        Line2D([], [], color=BAND, linewidth=7),
    ]
    handles[0].set_label("published")
    handles[1].set_label(f"published ± spread ± {TOLERANCE:g}")
    for number, learner in enumerate(learners):
        colour, marker = _look(number)
        handles.append(Line2D([], [], color=colour, marker=marker, markersize=5, linewidth=1.2))
        handles[-1].set_label(f"{learner}, ours" if len(learners) > 1 else "ours, 95% interval")
    return handles
