"""Plots of comparisons: all that is left out is said, and labels do not cover each other."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from ffcl.configuration import Component, Run
from ffcl.figures import STYLE
from ffcl.records import Record
from ffcl_leaderboard.cells import Cell, group
from ffcl_leaderboard.comparisons import comparisons_frame, summary_frame
from ffcl_leaderboard.plot_across import profiles_figure, ranks_figure, summary_figure
from ffcl_leaderboard.plot_comparisons import comparisons_figure
from ffcl_leaderboard.styles import Styles


def cells(n_learners: int, n_strategies: int, n_scenarios: int, n_seeds: int = 10) -> list[Cell]:
    rng = np.random.default_rng(0)
    names = ["bp", *(f"a-learner-{k:02}" for k in range(1, n_learners))]
    strategies = ["none", *(f"a-strategy-{k}" for k in range(1, n_strategies))]
    records = []
    for s, learner, strategy in itertools.product(range(n_scenarios), names, strategies):
        level = rng.uniform(0.4, 0.8)
        for seed in range(n_seeds):
            parts = [Component(name, {}, "made-up", "1.0", "c0") for name in (learner, strategy)]
            scenario = Component(f"s{s:02}", {"stream": {}, "training": {}}, "made-up", "1.0", "c0")
            value = float(np.clip(level + rng.normal(0, 0.05), 0, 1))
            run = Run(parts[0], parts[1], scenario, seed, "0.1.0")
            records.append(Record(run, "done", "2026", [[0.0], [value]], n_parameters=1))
    return group(records)


def figures(drawn: Sequence[Cell]) -> list[Figure]:
    styles = Styles(drawn)
    with mpl.rc_context(STYLE):
        return [
            comparisons_figure("s00", comparisons_frame(drawn), drawn, styles),
            summary_figure(summary_frame(drawn), drawn, styles),
            profiles_figure(drawn, styles),
            ranks_figure(drawn, styles),
        ]


def texts(figure: Figure) -> list[Text]:
    """What is written in a figure, without the numbers at its axes."""
    shown = [text for text in figure.findobj(Text) if isinstance(text, Text) and text.get_visible()]
    return [text for text in shown if text.get_text().strip("0123456789.−- ")]


@cache
def figures_of(*size: int) -> list[Figure]:
    return figures(cells(*size))


@pytest.mark.parametrize("size", [(12, 6, 2), (3, 1, 2), (2, 2, 7)], ids=str)
def test_no_label_covers_another_or_is_cut_off(size: tuple[int, int, int]) -> None:
    for figure in figures_of(*size):
        FigureCanvasAgg(figure).draw()
        places = [(text.get_text(), text.get_window_extent()) for text in texts(figure)]
        for name, box in places:
            assert box.x0 >= -1, name
            assert box.x1 <= figure.bbox.x1 + 1, name
        for (name, box), (other, its) in itertools.combinations(places, 2):
            over = min(box.x1, its.x1) - max(box.x0, its.x0), min(box.y1, its.y1) - max(box.y0, its.y0)
            assert min(over) < 2, (name, other)


def test_what_is_left_out_is_said() -> None:
    written = [" ".join(text.get_text() for text in texts(figure)) for figure in figures_of(12, 6, 2)]
    forest, summary, _, ranks = written
    assert "(26 in between are left out)" in forest  # 72 cells, 6 of them baselines
    assert "the best 40 of 72" in summary
    assert "the best 24 of 72" in ranks
    assert "2 scenarios are too few to tell any of 72 apart" in ranks


@pytest.mark.parametrize("setting", ["mixing", "experiences"])
def test_streams_of_one_scenario_are_drawn_and_not_called_scenarios(setting: str) -> None:
    both = []
    for value in (0, 1):
        scenario = Component("s00", {"stream": {setting: value}, "training": {}}, "made-up", "1.0", "c0")
        of_stream = [record for cell in cells(2, 1, 1) for record in cell.done]
        both += [replace(record, run=replace(record.run, scenario=scenario)) for record in of_stream]
    for figure in figures(group(both))[1:]:
        written = " ".join(text.get_text() for text in texts(figure))
        assert "over 2 streams" in written
        assert "scenario" not in written


def test_a_forest_names_its_baseline_and_verdicts() -> None:
    drawn = cells(3, 2, 2, n_seeds=3)
    styles = Styles(drawn)
    by_strategy = texts(comparisons_figure("s01", comparisons_frame(drawn), drawn, styles))
    one = texts(comparisons_figure("s01", comparisons_frame(drawn, "bp+none"), drawn, styles))
    assert any("difference in ACC to bp under the same strategy" in text.get_text() for text in by_strategy)
    assert any("difference in ACC to bp\n" in text.get_text() for text in one)
    assert sum(text.get_text().startswith("few seeds, ") for text in one) == 5


@pytest.mark.parametrize("size", [(1, 14), (30, 1)], ids=str)
def test_none_of_many_looks_like_another(size: tuple[int, int]) -> None:
    drawn = cells(*size, 1, n_seeds=1)
    styles = Styles(drawn)
    assert len({(styles.colour(cell), styles.marker(cell)) for cell in drawn}) == len(drawn)


@pytest.mark.parametrize("name", ["$\\frac{$", "x" * 300])
def test_a_hostile_name_stays_text(name: str) -> None:
    drawn = [replace(cell, rule_variant=name) if cell.learner != "bp" else cell for cell in cells(2, 1, 2)]
    for figure in figures(drawn):
        FigureCanvasAgg(figure).draw()
