"""Comparisons with a baseline: what a row holds, and which verdict it is given."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ffcl.statistics import t_interval
from ffcl_leaderboard.cells import group
from ffcl_leaderboard.comparisons import COLUMNS, SUMMARY, comparisons_frame, groups, summary_frame
from ffcl_leaderboard.paired import effect_size, holm, sign_flip
from paired_runs import BASE, NOISE, compared, record, runs


def test_a_row_is_the_paired_differences_of_the_seeds_both_have() -> None:
    records = [*runs("bp", BASE), *runs("ff", BASE + 0.01 + NOISE)[2:], record("ff", 0.9, seed=99)]
    (row,) = compared(records)
    differences = (0.01 + NOISE)[2:]
    assert tuple(row) == COLUMNS
    assert (row["learner"], row["baseline"], row["pairs"]) == ("ff", "bp", 10)
    interval = t_interval(differences)
    assert (row["difference"], row["difference_low"], row["difference_high"]) == pytest.approx(interval)
    assert row["p"] == row["p_holm"] == pytest.approx(sign_flip(differences))
    assert row["effect_size"] == pytest.approx(effect_size(differences))
    assert row["wins"] == (differences > 0).sum()
    assert row["baseline_configuration"] == group(runs("bp", BASE))[0].first.run.configuration


@pytest.mark.parametrize(
    ("shift", "noise", "verdict"),
    [
        (0.05, 1, "better"),
        (-0.05, 1, "worse"),
        (0.0005, 0.1, "equivalent"),
        (0.0, 3, "indistinguishable"),
        (0.004, 0.01, "better"),  # also within a point: a difference that is sure comes first
    ],
)
def test_verdicts(shift: float, noise: float, verdict: str) -> None:
    centred = NOISE - NOISE.mean()
    (row,) = compared([*runs("bp", BASE), *runs("ff", BASE + shift + noise * centred)])
    assert row["verdict"] == verdict
    assert row["equivalent"] == (noise < 1)


def test_below_ten_pairs_there_is_no_winner() -> None:
    for n, verdict in ((9, "few seeds"), (10, "better")):
        (row,) = compared([*runs("bp", BASE[:n]), *runs("ff", BASE[:n] + 0.2)])
        assert row["p_holm"] < 0.05
        assert row["verdict"] == verdict
    (row,) = compared([record("bp", seed=0), record("ff", seed=1)])
    assert (row["pairs"], row["verdict"], row["equivalent"]) == (0, "few seeds", False)
    assert math.isnan(row["difference"])
    assert math.isnan(row["p_holm"])


def test_p_is_corrected_for_the_scenarios_of_one_comparison() -> None:
    scenarios = ("a", "b", "c")
    records = [r for name in scenarios for r in runs("bp", BASE, scenario=name)]
    records += [r for k, name in enumerate(scenarios) for r in runs("ff", BASE + k / 100 + NOISE, scenario=name)]
    records += [r for name in scenarios for r in runs("oja", BASE - NOISE, scenario=name)]
    frame = comparisons_frame(group(records))
    for _, rows in frame.groupby("learner"):
        assert rows["p_holm"].to_numpy() == pytest.approx(holm(rows["p"]))
    assert frame["learner"].value_counts().to_dict() == {"ff": 3, "oja": 3}


def test_few_seeds_for_many_scenarios_are_called_so() -> None:
    """10 pairs cannot give a p below 1/512, which 26 scenarios raise above 0.05."""
    for n_scenarios, seeds, verdict in ((25, 10, "better"), (26, 10, "few seeds"), (26, 11, "better")):
        records = [
            r
            for k in range(n_scenarios)
            for learner, shift in (("bp", 0), ("ff", 0.1))
            for r in runs(learner, BASE[:seeds] + shift, scenario=f"s{k}")
        ]
        assert {row["verdict"] for row in compared(records)} == {verdict}


values = st.lists(st.integers(0, 100).map(lambda k: k / 100), min_size=10, max_size=10)


@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(values, values, values)
def test_adding_a_learner_changes_nobody_elses_verdict(bp: list[float], ff: list[float], new: list[float]) -> None:
    before = [r for name in "ab" for r in (*runs("bp", bp, scenario=name), *runs("ff", ff, scenario=name))]
    after = [*before, *(r for name in "abc" for r in runs("a-new-one", new, scenario=name))]
    rows = comparisons_frame(group(before))
    grown = comparisons_frame(group(after))
    pd.testing.assert_frame_equal(grown[grown["learner"] != "a-new-one"].reset_index(drop=True), rows)
    told, told_after = groups(group(before)), groups(group(after))
    for one, other in itertools.combinations([c.first.run.configuration for c in group(before)], 2):
        assert bool(set(told[one]) & set(told[other])) == bool(set(told_after[one]) & set(told_after[other]))


def test_without_records_there_are_no_rows() -> None:
    assert list(comparisons_frame([]).columns) == list(COLUMNS)
    assert list(summary_frame([]).columns) == list(SUMMARY)
    assert groups([]) == {}
    failed = replace(record("ff"), status="failed", accuracy=None)
    assert compared([record("bp"), failed]) == []
    assert sorted(groups(group([record("bp"), failed])).values()) == ["", ""]


@pytest.mark.parametrize("make", [comparisons_frame, groups, summary_frame])
def test_the_order_of_records_and_cells_does_not_matter(make: Callable[..., Any]) -> None:
    rng = np.random.default_rng(3)
    records = [
        r
        for name, learner, strategy in itertools.product("abc", ("bp", "ff", "oja"), ("none", "replay"))
        for r in runs(learner, rng.random(10), scenario=name, strategy=strategy)
    ]
    mixed = random.Random(0).sample(records, len(records))
    first, second = make(group(records)), make(group(mixed)[::-1])
    if isinstance(first, pd.DataFrame):
        pd.testing.assert_frame_equal(first, second)
    else:
        assert first == second
