"""The summary over all scenarios."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import rankdata

from ffcl.records import Record
from ffcl_leaderboard.across import interquartile_mean, mean_score, probability_of_improvement, stratified_bootstrap
from ffcl_leaderboard.cells import group
from ffcl_leaderboard.comparisons import SUMMARY, summary_frame
from ffcl_leaderboard.paired import holm
from paired_runs import BASE, NOISE, compared, runs


def over_scenarios() -> list[Record]:
    rng = np.random.default_rng(1)
    return [
        r
        for (k, learner), scenario in itertools.product(enumerate(("bp", "ff", "oja")), "abc")
        for r in runs(learner, rng.normal(0.5 + 0.03 * k, 0.05, 10 + k).round(3), scenario=scenario)
    ]


def test_a_summary_is_over_all_scenarios() -> None:
    records = over_scenarios()
    frame = summary_frame(group(records)).set_index("learner")
    assert list(frame.reset_index()[list(SUMMARY)]) == list(SUMMARY)

    def taken(learner: str, seeds: int = 99) -> list[list[float]]:
        chosen = [r for r in records if r.run.learner.name == learner and r.run.seed < seeds]
        return [[r.accuracy[-1][0] for r in chosen if r.run.scenario.name == s and r.accuracy] for s in "abc"]

    row = frame.loc["oja"]
    interval = stratified_bootstrap(taken("oja"), interquartile_mean)
    assert (row["IQM"], row["IQM_low"], row["IQM_high"]) == pytest.approx(interval)
    assert row["scenarios"] == 3
    assert row["mean"] == pytest.approx(float(mean_score(taken("oja"))))
    own, other = taken("oja", 10), taken("bp", 10)
    assert row["improvement"] == pytest.approx(float(probability_of_improvement(own, other)))
    assert row["improvement_low"] < row["improvement"] < row["improvement_high"]
    assert row["difference"] == pytest.approx(np.mean(np.array(own) - np.array(other)))
    assert row["difference_low"] < row["difference"] < row["difference_high"]
    means = np.array([[np.mean(runs) for runs in taken(learner)] for learner in frame.index])
    assert frame["mean_rank"].to_numpy() == pytest.approx(rankdata(-means, axis=0).mean(axis=1))
    assert math.isnan(frame.loc["bp", "difference"])
    assert frame["IQM"].is_monotonic_decreasing


def test_equivalence_over_scenarios() -> None:
    centred = NOISE - NOISE.mean()
    shifts = {"near": 0.002 + centred / 10, "far": 0.02 + centred / 10, "unsure": 10 * centred}
    records = [r for name in "ab" for r in runs("bp", BASE, scenario=name)]
    records += [
        r for name in "ab" for learner, shift in shifts.items() for r in runs(learner, BASE + shift, scenario=name)
    ]
    frame = summary_frame(group(records)).set_index("learner")
    assert frame["equivalent"].to_dict() == {"near": True, "far": False, "unsure": False, "bp": False}
    single = [r for r in records if r.run.seed == 0]
    alone = summary_frame(group(single)).set_index("learner")
    assert not alone["equivalent"].any()
    few = [r for r in records if r.run.seed < 9 or r.run.learner.name == "bp" or r.run.scenario.name == "b"]
    assert not summary_frame(group(few))["equivalent"].any()  # 9 seeds on one of the scenarios
    assert alone["IQM_low"].isna().all()


def test_a_summary_is_of_those_that_ran_on_the_common_scenarios() -> None:
    records = over_scenarios()
    one_more, one_less = runs("bp", BASE, scenario="d"), runs("partly", BASE, scenario="a")
    frame = summary_frame(group([*records, *one_more, *one_less])).set_index("learner")
    assert frame["scenarios"].to_dict() == {"bp": 3, "ff": 3, "oja": 3}
    pd.testing.assert_frame_equal(frame, summary_frame(group(records)).set_index("learner"))


@pytest.mark.parametrize("strategies", [("none",), ("none", "replay", "ewc", "si")])
def test_easy_scenarios_of_its_own_take_nobody_to_the_top(strategies: tuple[str, ...]) -> None:
    """A row is ahead by what others have run on too, however much it ran alone."""
    hard = [
        r
        for name, gain in (("bp", 0.0), ("ff", 0.3), ("oja", 0.1))
        for scenario in ("hard", "harder")
        for r in runs(name, BASE + gain, scenario=scenario)
    ]
    easy = [
        r
        for k, strategy in itertools.product(range(8), strategies)
        for r in runs("oja", BASE + 0.39, scenario=f"easy-{k}", strategy=strategy)
    ]
    frame = summary_frame(group([*hard, *easy]))
    assert list(frame["learner"]) == ["ff", "oja", "bp"]
    assert list(frame["mean_rank"]) == [1, 2, 3]
    assert list(frame["scenarios"]) == [2, 2, 2]


def test_what_one_row_ran_on_alone_is_summed_up_only_if_there_is_nothing_else() -> None:
    alone = [r for scenario in "abcdefgh" for r in runs("bp", BASE, scenario=scenario)]
    assert list(summary_frame(group(alone))["scenarios"]) == [8]
    both = [*alone, *(r for scenario in "ab" for r in runs("bp", BASE + 0.1, scenario=scenario, strategy="replay"))]
    assert list(summary_frame(group(both))["scenarios"]) == [2, 2]


def test_what_was_tuned_on_two_streams_of_a_scenario_is_one_rule() -> None:
    """Each stream has a study of its own, as each scenario has."""
    streams: list[dict[str, Any]] = [
        {"scenario": "a"},
        {"scenario": "b", "stream": {"mixing": 0.0}},
        {"scenario": "b", "stream": {"mixing": 0.5}},
    ]
    records = []
    for number, of in enumerate(streams):
        for name, gain in (("bp", 0.0), ("ff", 0.01)):
            records += runs(name, BASE + gain + NOISE * (name == "ff"), **of)
            tuned = runs(name, BASE + gain + 0.1 + NOISE * (name == "ff"), tuned="disjoint", lr=0.3, **of)
            for r in tuned:
                assert r.run.tuning is not None
                study = replace(r.run.tuning, study=f"s--{number}")
                records.append(replace(r, run=replace(r.run, tuning=study)))
    frame = summary_frame(group(records))
    assert sorted(frame["variant"]) == ["", "", "tuned, disjoint", "tuned, disjoint"]
    assert set(frame["scenarios"]) == {3}
    rows = [row for row in compared(records) if "tuned" in row["variant"]]
    assert len(rows) == 3
    assert [row["p_holm"] for row in rows] == pytest.approx(holm([row["p"] for row in rows]))


def test_of_one_scenario_there_is_no_summary() -> None:
    frame = summary_frame(group([*runs("bp", BASE), *runs("ff", BASE)]))
    assert (len(frame), list(frame.columns)) == (0, list(SUMMARY))


def test_a_second_configuration_on_one_scenario_does_not_split_the_first() -> None:
    """Who is who over scenarios goes by the settings, also where they need not be told apart."""
    records = [r for name in "xyz" for r in (*runs("bp", BASE, scenario=name), *runs("ff", BASE + 0.1, scenario=name))]
    before = summary_frame(group(records)).set_index("learner")
    p_before = {(row["scenario"], row["learner"]): row["p_holm"] for row in compared(records)}
    records += runs("ff", BASE + 0.2, scenario="x", hidden=100)
    after = summary_frame(group(records))
    assert list(after["learner"]) == ["ff", "bp"]  # the other one ran on x alone
    assert after.set_index("learner").loc["ff", "IQM"] == before.loc["ff", "IQM"]
    assert list(after["scenarios"]) == [3, 3]
    first = [row for row in compared(records) if "hidden" not in row["variant"]]
    assert {(row["scenario"], row["learner"]): row["p_holm"] for row in first} == p_before


def test_streams_of_one_scenario_count_each_for_itself() -> None:
    mixed = {"mixing": 0.1}
    records = [r for name in ("bp", "ff") for r in (*runs(name, BASE), *runs(name, BASE - 0.2, stream=mixed))]
    frame = summary_frame(group(records))
    assert list(frame["scenarios"]) == [2, 2]
    assert list(frame["variant"]) == ["", ""]
    assert list(frame["seeds"]) == [len(BASE), len(BASE)]
    assert frame["mean"].tolist() == pytest.approx([BASE.mean() - 0.1] * 2)
