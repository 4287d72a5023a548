"""What a study looks like: best so far, importances, slices, parallel coordinates, and the trade-off of two metrics."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import matplotlib as mpl
import numpy as np
import optuna
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from optuna.distributions import CategoricalDistribution
from optuna.trial import FrozenTrial, TrialState, create_trial

from ffcl.figures import COLOURS, STYLE, save_figure
from ffcl.tuning.samplers import quiet
from ffcl.tuning.search import Search
from ffcl.tuning.space import Space
from ffcl.tuning.study import Study

BEST, OTHER = COLOURS[1], COLOURS[0]


def draw_study(study: Study) -> list[Path]:
    """Draw the plots of a study as PNG and SVG into its folder ``plots``; none if fewer than two trials came through.

    Returns:
        The files.
    """
    trials = [t for t in study.search.told if t.state == TrialState.COMPLETE]
    if len(trials) < 2:
        return []
    description = study.description
    title = f"{description.cell} · {description.protocol.name}"
    figures = {
        "best-so-far": _best_so_far(study.search, trials),
        "importances": _importances(study.search, trials),
        "slices": _slices(study, trials),
        "parallel-coordinates": _parallel(study, trials),
    }
    if not description.objective.single:
        figures["trade-off"] = _trade_off(study.search, trials)
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


def _values(trials: Sequence[FrozenTrial]) -> Any:
    return 100 * np.array([t.values[0] for t in trials])


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


def _best_so_far(search: Search, trials: Sequence[FrozenTrial]) -> Figure:
    with mpl.rc_context(STYLE):
        figure, (axes,) = _figure(6, 3.6)
        numbers, values = [t.number for t in trials], _values(trials)
        floored = _floored(values)
        axes.scatter(numbers, floored, s=16, color=OTHER, label="trial", zorder=3)
        _mark_floor(axes, values, floored)
        best = np.maximum.accumulate(floored)
        last = search.told[-1].number
        axes.step([*numbers, last], [*best, best[-1]], where="post", color=BEST, label="best so far")
        for state, marker in ((TrialState.PRUNED, "|"), (TrialState.FAIL, "x")):
            if gone := [t.number for t in search.told if t.state == state]:
                label = {"|": "given up early", "x": "failed"}[marker]
                axes.scatter(gone, [floored.min()] * len(gone), marker=marker, color="#7F7F7F", label=label)
        if trials[0].number == 0:
            axes.axhline(floored[0], color="#7F7F7F", linewidth=0.8, linestyle="--", label="defaults")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_xlabel("trial")
        axes.set_ylabel(_metric(search))
        figure.legend(loc="outside lower center", ncols=5, fontsize=8)
    return figure


def _importances(search: Search, trials: Sequence[FrozenTrial]) -> Figure:
    with mpl.rc_context(STYLE):
        shares = importances(search)
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

    Trials given up early count with the mean of the seeds they got to: most trials end so, and the few that came
    through are too much alike to tell what matters.

    Source: Hutter, Hoos & Leyton-Brown 2014, An efficient approach for assessing hyperparameter importance.
    """
    names = list(search.plan.space.distributions)
    with quiet():
        seen = optuna.create_study(direction="maximize")
        for trial in search.told:
            if values := trial.values or list(trial.intermediate_values.values()):
                value = trial.values[0] if trial.values else fmean(values)
                seen.add_trial(create_trial(params=trial.params, distributions=trial.distributions, value=value))
        try:
            shares = optuna.importance.get_param_importances(
                seen, params=names, evaluator=optuna.importance.FanovaImportanceEvaluator(seed=0)
            )
        except (ValueError, RuntimeError):  # too few trials, or all are equally good
            return dict.fromkeys(names, 0.0)
    return {name: float(share) for name, share in shares.items()}


def _slices(study: Study, trials: Sequence[FrozenTrial]) -> Figure:
    space, search = study.description.space, study.search
    names = list(importances(search))
    columns = min(4, len(names))
    rows = -(-len(names) // columns)
    with mpl.rc_context(STYLE):
        figure, panels = _figure(2.6 * columns + 0.6, 2.3 * rows + 0.5, columns, rows)
        winner = search.winner.trial if search.winner is not None else None
        for axes, name in zip(panels, names, strict=False):
            at, labels = _positions(space, name, trials)
            chosen = [t.number == winner for t in trials]
            values = _values(trials)
            axes.scatter(at, _floored(values), s=12, color=[BEST if c else OTHER for c in chosen], alpha=0.8, zorder=3)
            _mark_floor(axes, values, _floored(values))
            axes.set_xlabel(name, fontsize=8)
            _scale(axes, space, name, labels)
        for axes in panels[len(names) :]:
            axes.set_visible(False)
        for axes in panels[::columns]:
            axes.set_ylabel(_metric(search), fontsize=8)
    return figure


def _positions(space: Space, name: str, trials: Sequence[FrozenTrial]) -> tuple[list[float], list[str]]:
    """Where trials are on a parameter's axis, and the labels of the axis if it has no numbers."""
    distribution, values = space.distributions[name], [t.params[name] for t in trials]
    if isinstance(distribution, CategoricalDistribution):
        return [float(distribution.choices.index(v)) for v in values], [str(c) for c in distribution.choices]
    return [float(v) for v in values], []


def _scale(axes: Axes, space: Space, name: str, labels: Sequence[str]) -> None:
    if labels:
        crowded = sum(map(len, labels)) > 24
        axes.set_xticks(range(len(labels)), [label.replace("-", "-\n") if crowded else label for label in labels])
        axes.set_xlim(-0.5, len(labels) - 0.5)
    elif getattr(space.distributions[name], "log", False):
        axes.set_xscale("log")
    axes.tick_params(labelsize=7)


def _parallel(study: Study, trials: Sequence[FrozenTrial]) -> Figure:
    """A line a trial through all parameters, each from the lower to the upper end of its range; the best on top."""
    space, search = study.description.space, study.search
    names = list(importances(search))
    with mpl.rc_context(STYLE):
        figure, (axes,) = _figure(max(6, 1.0 * len(names) + 2), 4.2)
        values = _values(trials)
        rank = values.argsort().argsort() / max(1, len(values) - 1)
        colours = mpl.colormaps["viridis"]
        for index in values.argsort():
            heights = [_height(space, name, trials[index].params[name]) for name in names]
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
    low, high = float(distribution.low), float(distribution.high)  # type: ignore[attr-defined]
    if distribution.log:  # type: ignore[attr-defined]
        return float((np.log(value) - np.log(low)) / (np.log(high) - np.log(low)))
    return float((value - low) / (high - low))


def _ends(space: Space, name: str) -> tuple[str, str]:
    distribution = space.distributions[name]
    if isinstance(distribution, CategoricalDistribution):
        return str(distribution.choices[0]), str(distribution.choices[-1])
    return f"{distribution.low:g}", f"{distribution.high:g}"  # type: ignore[attr-defined]


def _trade_off(search: Search, trials: Sequence[FrozenTrial]) -> Figure:
    front = {t.number for t in search.optuna.best_trials}
    with mpl.rc_context(STYLE):
        figure, (axes,) = _figure(5.2, 4)
        points = 100 * np.array([t.values for t in trials])
        on_front = np.array([t.number in front for t in trials])
        axes.scatter(points[~on_front, 1], points[~on_front, 0], s=14, color=OTHER, alpha=0.6, label="trial")
        order = points[on_front][points[on_front][:, 1].argsort()]
        axes.plot(order[:, 1], order[:, 0], "o-", color=BEST, markersize=5, label="Pareto front")
        axes.set_xlabel("forgetting on tuning data (%), less is better")
        axes.set_ylabel(_metric(search))
        axes.legend(fontsize=8)
    return figure
