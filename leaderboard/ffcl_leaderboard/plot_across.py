"""Plots over scenarios: interquartile means, performance profiles, and mean ranks with who is told apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ffcl_leaderboard.across import CriticalDifference, critical_difference, performance_profile
from ffcl_leaderboard.baselines import METRIC, Rule, in_order, rule
from ffcl_leaderboard.cells import Cell
from ffcl_leaderboard.cliques import cliques
from ffcl_leaderboard.comparisons import ALPHA, common_scenarios, scores_by_rule
from ffcl_leaderboard.plot_comparisons import GREY, beside, name_rows, one_line, point
from ffcl_leaderboard.styles import Styles, add_legend, describe, folded, panels

MOST = 40
"""Of more rows the best are drawn."""
MIN_SPAN = 10.0
"""The least that interquartile means span, in points: noise should not look like a difference."""
RANKED, BARS = 24, 24
"""Of more ranks the best are drawn, and of more groups the first."""


def summary_figure(summary: pd.DataFrame, cells: Sequence[Cell], styles: Styles) -> Figure:
    """Interquartile mean, and probability of improvement over the baseline, with 95% bootstrap intervals; best first.

    Of more than 40 rows the best are drawn, and the figure says so.

    Args:
        summary: from `ffcl_leaderboard.comparisons.summary_frame`, with at least one row.
        cells: the leaderboard's.
        styles: of all cells of the leaderboard.
    """
    rows = summary.head(MOST).to_dict("records")
    of_rule = _cells_by_rule(cells)
    figure = Figure(figsize=(9.6, 1.7 + 0.23 * max(4, len(rows))), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True, width_ratios=(1.25, 1))
    right.axvline(50, color="#707070", linewidth=0.8, zorder=1)
    for y, row in enumerate(rows):
        cell = of_rule[row["learner"], row["strategy"], row["variant"]]
        point(left, y, [row[name] for name in ("IQM", "IQM_low", "IQM_high")], cell, styles)
        if not pd.isna(row["improvement"]):
            interval = [row[name] for name in ("improvement", "improvement_low", "improvement_high")]
            point(right, y, interval, cell, styles)
        beside(right, y, "equivalent" if row["equivalent"] else "", "#1B5E20")
    name_rows(left, [one_line(of_rule[row["learner"], row["strategy"], row["variant"]].label) for row in rows])
    right.grid(visible=False, axis="y")
    right.tick_params(axis="y", length=0)
    right.set_xlim(-3, 103)
    low, high = left.get_xlim()
    missing = max(0.0, MIN_SPAN - (high - low)) / 2
    left.set_xlim(low - missing, high + missing)
    over = _number(rows[0]["scenarios"], cells)
    figure.suptitle(
        f"{METRIC} over {over}, 95% stratified bootstrap intervals{_of(len(rows), len(summary))}\n"
        "equivalent: on average within ±1 point of the baseline",
        fontsize=10,
    )
    left.set_xlabel("interquartile mean (%): more is better")
    right.set_xlabel("better than the baseline (probability, %)")
    return figure


def profiles_figure(cells: Sequence[Cell], styles: Styles, everyone: Sequence[Cell] | None = None) -> Figure:
    """Performance profiles: the share of runs above each value, over the common scenarios of the leaderboard.

    Where one curve is above another everywhere, its learner is better at every level. Needs two common scenarios.

    Args:
        cells: of those who are drawn.
        styles: of these.
        everyone: all cells of the leaderboard; None if all are drawn.
    """
    scores, common = _common(everyone or cells)
    of_rule = _cells_by_rule(cells)
    scores = {name: runs for name, runs in scores.items() if name in of_rule}
    by_panel: dict[str, list[Rule]] = {}
    for name in scores:
        by_panel.setdefault(styles.panel(of_rule[name]), []).append(name)
    runs = np.concatenate([values for of_scenarios in scores.values() for values in of_scenarios])
    low, high = min(0.0, float(runs.min())), max(1.0, float(runs.max()))
    thresholds = np.linspace(low, high, 201)
    figure, grid = panels(len(by_panel), len({styles.label(of_rule[name]) for name in scores}))
    for axes, (title, names) in zip(grid, by_panel.items(), strict=True):
        for name in names:
            cell = of_rule[name]
            axes.step(
                100 * thresholds,
                100 * performance_profile(scores[name], thresholds),
                where="post",
                color=styles.colour(cell),
                linestyle=styles.line(cell),
                linewidth=1.4,
                label=styles.label(cell),
            )
        axes.set_title(folded(title))
        axes.set_xlim(100 * low, 100 * high)
        axes.set_ylim(-2, 102)
    title = f"Performance profiles over {_number(len(common), cells)}: more is better"
    describe(figure, grid, title, f"{METRIC} (%)", "runs above it (%)")
    add_legend(figure, grid)
    return figure


def ranks_figure(cells: Sequence[Cell], styles: Styles, everyone: Sequence[Cell] | None = None) -> Figure:
    """A critical-difference view: mean ranks over scenarios, best first, and a bar for each group not told apart.

    A bar has a dot at each of its members. Of more than 24 rows the best are drawn, ranked and tested among all. Mean
    ranks, and this correction, depend on who else is there: verdicts stand in the comparisons. Needs two common
    scenarios.

    Args:
        cells: of those who are drawn.
        styles: of these.
        everyone: all cells of the leaderboard, among whom they are ranked; None if all are drawn.
    """
    scores, common = _common(everyone or cells)
    of_rule = _cells_by_rule(cells)
    names = list(scores)
    means = np.array([[runs.mean() for runs in scores[name]] for name in names]).T
    found = critical_difference(means)
    drawn = [number for number in np.argsort(found.ranks, kind="stable") if names[number] in of_rule]
    order = drawn[:RANKED]
    bars = [group for group in cliques(found.p[np.ix_(order, order)] > ALPHA) if len(group) > 1]
    side = 1.8 + 0.13 * min(len(bars), BARS)
    figure = Figure(figsize=(6.2 + side, 1.7 + 0.23 * max(4, len(order))), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True, width_ratios=(4.6, side))
    for y, number in enumerate(order):
        cell = of_rule[names[number]]
        point(left, y, (found.ranks[number] / 100, np.nan, np.nan), cell, styles)
    name_rows(left, [one_line(of_rule[names[number]].label) for number in order])
    left.set_xlabel(f"mean rank among {len(names)}: 1 is best")
    for x, group in enumerate(bars[:BARS]):
        right.plot([x, x], [group[0], group[-1]], color=GREY, linewidth=1.2)
        right.plot([x] * len(group), group, color="black", marker="o", markersize=3.5, linestyle="none")
    right.set_xlim(-0.7, max(len(bars[:BARS]), 4) - 0.3)
    right.set_xticks([])
    right.tick_params(axis="y", length=0)
    right.spines[["left", "bottom"]].set_visible(False)
    cut = f"\n({BARS} of {len(bars)} drawn)" if len(bars) > BARS else ""
    right.set_xlabel(f"groups not told apart{cut}")
    figure.align_xlabels([left, right])
    over = _number(len(common), cells)
    test = _test(found, len(common), over)
    figure.suptitle(f"{METRIC}: mean ranks over {over}{_of(len(order), len(drawn))}\n{test}", fontsize=10)
    return figure


def _number(n: int, cells: Sequence[Cell]) -> str:
    """So many scenarios; streams, where a scenario has several of them."""
    several = len({cell.stream for cell in cells}) > len({cell.scenario for cell in cells})
    return f"{n} {'streams' if several else 'scenarios'}"


def _test(found: CriticalDifference, n_scenarios: int, written: str) -> str:
    n = len(found.ranks)
    if 2.0 ** (1 - n_scenarios) * n * (n - 1) / 2 > ALPHA:
        return f"{written} are too few to tell any of {n} apart"
    return "Wilcoxon signed-rank tests, Holm's correction over all pairs"


def _common(cells: Sequence[Cell]) -> tuple[dict[Rule, list[NDArray[np.float64]]], list[str]]:
    """The scores of those who ran on all common scenarios, scenario by scenario, and these."""
    scores = scores_by_rule(cells)
    common = sorted(common_scenarios(scores))
    complete = {name: found for name, found in scores.items() if found.keys() >= set(common)}
    return {name: [found[scenario] for scenario in common] for name, found in complete.items()}, common


def _cells_by_rule(cells: Sequence[Cell]) -> dict[Rule, Cell]:
    of_rule: dict[Rule, Cell] = {}
    for cell in in_order(cells):
        of_rule.setdefault(rule(cell), replace(cell, stream_variant=""))
    return of_rule


def _of(drawn: int, there_are: int) -> str:
    return f"; the best {drawn} of {there_are}" if drawn < there_are else ""
