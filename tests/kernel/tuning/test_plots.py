"""Plots of a search."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from optuna.trial import TrialState

from ffcl.tuning.plots import best_so_far, importances, parallel_coordinates, slices, trade_off
from ffcl.tuning.search import Search
from searches import SPACE, carry_out, plan, two_objectives


def drawn(axes: Any) -> dict[str, int]:
    """How many points of each kind a panel has."""
    handles, labels = axes.get_legend_handles_labels()
    return {
        label: len(h.get_offsets() if hasattr(h, "get_offsets") else h.get_xdata())
        for h, label in zip(handles, labels, strict=True)
    }


def test_slices_show_given_up_trials_too_and_a_parameter_where_it_acts() -> None:
    space = replace(SPACE, conditions=(("x.keep", "x.kind", "b"),))
    search = Search(replace(plan(), space=space), 40)
    carry_out(search)
    panels = {
        axes.get_xlabel(): drawn(axes) for axes in slices(search, list(space.distributions)).axes if axes.get_visible()
    }
    pruned, complete = search.count(TrialState.PRUNED), search.count(TrialState.COMPLETE)
    assert pruned > 5
    assert panels["x.lr"] == {"given up early": pruned, "trial": complete - 1, "winner": 1}
    assert sum(panels["x.keep"].values()) == sum(t.params["x.kind"] == "b" for t in search.told) < 40
    assert set(importances(search)) == {"x.lr", "x.kind"}
    lines = parallel_coordinates(search, list(space.distributions)).axes[0].lines
    idle = [np.isnan(line.get_ydata()).any() for line in lines]
    assert idle.count(True) == sum(t.params["x.kind"] == "a" for t in search.told)
    assert len(lines) == 40
    points = drawn(best_so_far(search).axes[0])
    assert points["given up early"] == pruned
    assert points["trial"] == complete


def test_the_trade_off_tells_what_learns_too_little_from_what_is_dominated() -> None:
    search = two_objectives(0.8)
    (axes,) = trade_off(search).axes
    points = drawn(axes)
    assert points["LA below 80%"] == sum(1 - t.params["x.keep"] / 2 < 0.8 for t in search.told) > 0
    assert points["Pareto front"] == len(search.front)
    assert sum(points.values()) == len(search.told)


def test_importances_say_what_makes_a_trial_good() -> None:
    search = Search(plan(), 40)
    carry_out(search)
    shares = importances(search)
    assert list(shares)[-1] == "x.keep", shares  # has no effect
    assert sum(shares.values()) == pytest.approx(1)
