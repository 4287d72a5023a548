"""What a study looks like: best so far, importances, slices, parallel coordinates, and the trade-off of two metrics."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import optuna
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullFormatter
from optuna.distributions import CategoricalDistribution
from optuna.trial import FrozenTrial, TrialState

from ffcl.figures import COLOURS, STYLE, save_figure
from ffcl.tuning.samplers import quiet
from ffcl.tuning.search import Search
from ffcl.tuning.space import Space
from ffcl.tuning.study import Study
from ffcl.tuning.trials import feasible, scored, with_values

BEST, OTHER, GIVEN_UP = COLOURS[1], COLOURS[0], "#B0B0B0"


def draw_study(study: Study) -> list[Path]:
    """Draw the plots of a study as PNG and SVG into its folder ``plots``; none if fewer than two trials came through.

    Returns:
        The files.
    """
    if study.search.count(TrialState.COMPLETE) < 2:
        return []
    description = study.description
    title = f"{description.cell} · {description.protocol.name}"
    shares = importances(study.search)
    names = list(dict.fromkeys([*shares, *description.space.distributions]))  # what acts only under a condition last
    figures = {
        "best-so-far": best_so_far(study.search),
        "importances": _importances(study.search, shares),
        "slices": slices(study.search, names),
        "parallel-coordinates": parallel_coordinates(study.search, names),
    }
    if not description.objective.single:
        figures["trade-off"] = trade_off(study.search)
    files = []
    for name, figure in figures.items():
        with mpl.rc_context(STYLE):
            figure.suptitle(title, fontsize=10)
            files += save_figure(figure, study.folder / "plots" / name)
    return files


def _figure(width: float, height: float, columns: int = 1, rows: int = 1) -> tuple[Figure, list[Axes]]:
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, list(np.ravel(figure.subplots(rows, columns, squeeze=False)))


def _metric(search: Search) -> str:
    return f"{search.plan.objective.metrics[0]} on tuning data (%)"


def _floored(values: Any) -> Any:
    """The values, those far below the best at a floor: a few hopeless trials would flatten all that matters."""
    middle = np.median(values)
    return np.maximum(values, middle - 3 * (values.max() - middle) - 2)


def _mark_floor(axes: Axes, values: Any, floored: Any) -> None:
    """Say which line is not to be read as a value."""
    if (floored > values).any():
        low = floored.min()
        axes.axhline(low, color="#7F7F7F", linewidth=0.6, linestyle=":")
        axes.annotate("this or less", (1, low), xycoords=("axes fraction", "data"), ha="right", va="bottom", fontsize=7)


def best_so_far(search: Search) -> Figure:
    """Every trial, and the best of those that came through up to it."""
    trials, means = zip(*with_values(search.told), strict=True)
    numbers, values = np.array([t.number for t in trials]), 100 * np.array(means)
    floored = _floored(values)
    complete = np.array([t.state == TrialState.COMPLETE for t in trials])
    with mpl.rc_context(STYLE):
        figure, (axes,) = _figure(6, 3.6)
        for here, label, colour in ((~complete, "given up early", GIVEN_UP), (complete, "trial", OTHER)):
            if here.any():
                axes.scatter(numbers[here], floored[here], s=16, color=colour, label=label, zorder=3)
        _mark_floor(axes, values, floored)
        best, last = np.maximum.accumulate(np.where(complete, floored, -np.inf)), search.told[-1].number
        axes.step([*numbers, last], [*best, best[-1]], where="post", color=BEST, label="best so far")
        if failed := [t.number for t in search.told if t.state == TrialState.FAIL]:
            axes.scatter(failed, [floored.min()] * len(failed), marker="x", color="#7F7F7F", label="failed")
        if numbers[0] == 0:
            axes.axhline(floored[0], color="#7F7F7F", linewidth=0.8, linestyle="--", label="defaults")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_xlabel("trial")
        axes.set_ylabel(_metric(search))
        figure.legend(loc="outside lower center", ncols=5, fontsize=8)
    return figure


def _importances(search: Search, shares: dict[str, float]) -> Figure:
    with mpl.rc_context(STYLE):
        figure, (axes,) = _figure(6, 1.2 + 0.28 * max(1, len(shares)))
        names = list(reversed(shares))
        axes.barh(names, [shares[name] for name in names], color=OTHER)
        for name in names:
            axes.annotate(f" {shares[name]:.2f}", (shares[name], name), va="center", fontsize=8)
        axes.set_xlim(0, 1.12 * max([*shares.values(), 0.01]))
        axes.set_xlabel(f"importance for {search.plan.objective.metrics[0]} (fANOVA)")
        axes.grid(visible=False, axis="y")
    return figure


def importances(search: Search) -> dict[str, float]:
    """How much of the objective's variance each parameter explains, the most important first (fANOVA).

    Trials given up early count as far from the best as on the seeds they got to. Parameters that act only under a
    condition are left out: where one does not act, its values say nothing.

    Source: Hutter, Hoos & Leyton-Brown 2014, An efficient approach for assessing hyperparameter importance.
    """
    conditional = {name for name, _, _ in search.plan.space.conditions}
    names = [name for name in search.plan.space.distributions if name not in conditional]
    evaluator = optuna.importance.FanovaImportanceEvaluator(seed=0)
    try:
        with quiet():
            shares = optuna.importance.get_param_importances(scored(search.told), params=names, evaluator=evaluator)
    except (ValueError, RuntimeError):  # too few trials, or all are equally good
        return dict.fromkeys(names, 0.0)
    return {name: float(share) for name, share in shares.items()}


def slices(search: Search, names: Sequence[str]) -> Figure:
    """Each parameter over the range that is searched, against the objective, where the parameter has an effect.

    Trials given up early are drawn as far from the best as on the seeds they got to: where nearly all are, a range may
    be too wide.
    """
    space = search.plan.space
    columns = min(4, len(names))
    rows = -(-len(names) // columns)
    winner = search.winner.trial if search.winner is not None else None
    with mpl.rc_context(STYLE):
        figure, panels = _figure(2.6 * columns + 0.6, 2.3 * rows + 0.8, columns, rows)
        for axes, name in zip(panels, names, strict=False):
            acting = [
                (trial, value) for trial, value in with_values(search.told) if name not in space.idle(trial.params)
            ]
            for label, colour, group in (
                ("given up early", GIVEN_UP, [p for p in acting if p[0].state == TrialState.PRUNED]),
                ("trial", OTHER, [p for p in acting if p[0].state == TrialState.COMPLETE and p[0].number != winner]),
                ("winner", BEST, [p for p in acting if p[0].number == winner]),
            ):
                at = _positions(space, name, [trial for trial, _ in group])
                axes.scatter(at, [100 * value for _, value in group], s=12, color=colour, label=label, zorder=3)
            axes.set_xlabel(name, fontsize=8)
            _scale(axes, space, name)
        for axes in panels[len(names) :]:
            axes.set_visible(False)
        for axes in panels[::columns]:
            axes.set_ylabel(_metric(search), fontsize=8)
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=8)
    return figure


def _positions(space: Space, name: str, trials: Sequence[FrozenTrial]) -> list[float]:
    """Where trials are on a parameter's axis; choices are numbered."""
    distribution, values = space.distributions[name], [t.params[name] for t in trials]
    if isinstance(distribution, CategoricalDistribution):
        return [float(distribution.choices.index(v)) for v in values]
    return [float(v) for v in values]


def _scale(axes: Axes, space: Space, name: str) -> None:
    """Show the whole range, or all choices."""
    distribution = space.distributions[name]
    if isinstance(distribution, CategoricalDistribution):
        labels = [str(choice) for choice in distribution.choices]
        crowded = sum(map(len, labels)) > 24
        axes.set_xticks(range(len(labels)), [label.replace("-", "-\n") if crowded else label for label in labels])
        axes.set_xlim(-0.5, len(labels) - 0.5)
    else:
        if distribution.log:  # type: ignore[attr-defined]
            axes.set_xscale("log")
            axes.xaxis.set_minor_formatter(NullFormatter())
        axes.update_datalim([(float(end), axes.dataLim.y0) for end in _range(space, name)])
        axes.autoscale_view()
    axes.tick_params(labelsize=7)


def parallel_coordinates(search: Search, names: Sequence[str]) -> Figure:
    """A line a trial through all parameters, each from the lower to the upper end of its range; the best on top.

    Where a parameter has no effect the line is interrupted.
    """
    space = search.plan.space
    trials, values = zip(*with_values(search.told), strict=True)
    with mpl.rc_context(STYLE):
        figure, (axes,) = _figure(max(6, 1.0 * len(names) + 2), 4.2)
        order = np.argsort(values)
        rank = order.argsort() / max(1, len(values) - 1)
        colours = mpl.colormaps["viridis"]
        for index in order:
            settings = trials[index].params
            idle = space.idle(settings)
            heights = [math.nan if name in idle else _height(space, name, settings[name]) for name in names]
            axes.plot(range(len(names)), heights, color=colours(rank[index]), alpha=0.35 + 0.6 * rank[index] ** 4)
        for at, name in enumerate(names):
            low, high = _ends(space, name)
            axes.annotate(low, (at, -0.03), ha="center", va="top", fontsize=7)
            axes.annotate(high, (at, 1.03), ha="center", va="bottom", fontsize=7)
        axes.set_xticks(range(len(names)), names, rotation=30, ha="right", fontsize=8)
        axes.set_yticks([])
        axes.set_ylim(-0.12, 1.12)
        bar = mpl.cm.ScalarMappable(mpl.colors.Normalize(0, 1), colours)
        figure.colorbar(bar, ax=axes, label=f"rank by {search.plan.objective.metrics[0]}, 1 is the best")
    return figure


def _height(space: Space, name: str, value: Any) -> float:
    distribution = space.distributions[name]
    if isinstance(distribution, CategoricalDistribution):
        return distribution.choices.index(value) / max(1, len(distribution.choices) - 1)
    low, high = _range(space, name)
    if distribution.log:  # type: ignore[attr-defined]
        return float((np.log(value) - np.log(low)) / (np.log(high) - np.log(low)))
    return float((value - low) / (high - low))


def _range(space: Space, name: str) -> tuple[float, float]:
    distribution = space.distributions[name]
    return float(distribution.low), float(distribution.high)  # type: ignore[attr-defined]


def _ends(space: Space, name: str) -> tuple[str, str]:
    distribution = space.distributions[name]
    if isinstance(distribution, CategoricalDistribution):
        return str(distribution.choices[0]), str(distribution.choices[-1])
    low, high = _range(space, name)
    return f"{low:g}", f"{high:g}"


def trade_off(search: Search) -> Figure:
    """Both metrics of all trials, the front, and apart from it what learns less than is asked for."""
    front = {t.number for t in search.optuna.best_trials}
    trials = [t for t in search.told if t.state == TrialState.COMPLETE]
    with mpl.rc_context(STYLE):
        figure, (axes,) = _figure(5.2, 4)
        for label, colour, form, group in (
            (f"LA below {search.plan.objective.floor:.0%}", GIVEN_UP, "o", [t for t in trials if not feasible(t)]),
            ("trial", OTHER, "o", [t for t in trials if feasible(t) and t.number not in front]),
            ("Pareto front", BEST, "o-", [t for t in trials if t.number in front]),
        ):
            points = sorted((100 * t.values[1], 100 * t.values[0]) for t in group)
            if points:
                axes.plot(*zip(*points, strict=True), form, color=colour, markersize=4, label=label)
        axes.set_xlabel("forgetting on tuning data (%), less is better")
        axes.set_ylabel(_metric(search))
        axes.legend(fontsize=8)
    return figure
