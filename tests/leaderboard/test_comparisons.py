"""Comparisons with a baseline, letters and summaries: what is compared with what, and what is said of it."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.stats import rankdata

from ffcl.configuration import Component, Run, Tuning
from ffcl.errors import UsageError
from ffcl.records import Record
from ffcl.statistics import t_interval
from ffcl_leaderboard.across import interquartile_mean, mean_score, probability_of_improvement, stratified_bootstrap
from ffcl_leaderboard.cells import group
from ffcl_leaderboard.comparisons import COLUMNS, SUMMARY, baseline_name, comparisons_frame, groups, summary_frame
from ffcl_leaderboard.paired import effect_size, holm, sign_flip


def record(
    learner: str = "bp",
    accuracy: float = 0.5,
    seed: int = 0,
    strategy: str = "none",
    scenario: str = "toy",
    strategy_settings: dict[str, Any] | None = None,
    stream: dict[str, Any] | None = None,
    tuned: str = "",
    **of_learner: Any,
) -> Record:
    """A made-up run that ends at ``accuracy`` on both of its experiences."""
    parts = [
        Component(learner, of_learner, "made-up", "1.0", "c0"),
        Component(strategy, strategy_settings or {}, "made-up", "1.0", "c0"),
        Component(scenario, {"stream": stream or {}, "training": {"epochs": 1}}, "made-up", "1.0", "c0"),
    ]
    defaults = {f"{learner}.lr": 0.1, f"{strategy}.strength": 1.0}
    tuning = Tuning("s", tuned, "ACC", 9, 0, 0, 5, "tpe", 0, "space", 1.0, defaults, []) if tuned else None
    matrix = [[0.0, 0.0], [accuracy, 0.0], [accuracy, accuracy]]
    return Record(Run(*parts, seed, "0.1.0", tuning), "done", "2026", matrix, n_parameters=1)


def runs(learner: str, values: Sequence[float], **names: Any) -> list[Record]:
    return [record(learner, value, seed, **names) for seed, value in enumerate(values)]


BASE = np.random.default_rng(0).uniform(0.4, 0.6, 12).round(4)
NOISE = np.random.default_rng(1).normal(0, 0.02, 12).round(4)


def compared(records: Sequence[Record], baseline: str | None = None) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = comparisons_frame(group(records), baseline).to_dict("records")
    return rows


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


def test_a_learner_is_compared_under_the_same_strategy_with_the_same_settings() -> None:
    records = [
        *runs("bp", BASE),
        *runs("bp", BASE + 0.1, strategy="ewc", strategy_settings={"strength": 1.0}),
        *runs("bp", BASE + 0.2, strategy="ewc", strategy_settings={"strength": 2.0}),
        *runs("ff", BASE + 0.3, strategy="ewc", strategy_settings={"strength": 2.0}),
        *runs("ff", BASE + 0.3, strategy="replay"),  # without its like
        *runs("ff", BASE + 0.3, stream={"mixing": 0.5}),  # on another stream
    ]
    (row,) = compared(records)
    assert (row["learner"], row["strategy"], row["baseline"]) == ("ff", "ewc", "bp + ewc (ewc.strength=2.0)")
    assert row["difference"] == pytest.approx(0.1)


def test_tuned_is_compared_with_tuned_by_the_same_protocol() -> None:
    ewc: dict[str, Any] = {"strategy": "ewc"}
    records = [
        *runs("bp", BASE, lr=0.1, strategy_settings={"strength": 1.0}, **ewc),
        *runs("ff", BASE + 0.1, lr=0.1, strategy_settings={"strength": 1.0}, **ewc),
        *runs("bp", BASE + 0.2, lr=0.3, strategy_settings={"strength": 7.0}, tuned="disjoint", **ewc),
        *runs("ff", BASE + 0.4, lr=0.5, strategy_settings={"strength": 9.0}, tuned="disjoint", **ewc),
        *runs("oja", BASE + 0.4, lr=0.5, strategy_settings={"strength": 9.0}, tuned="same-stream", **ewc),
    ]
    rows = compared(records)
    assert [(row["learner"], row["variant"]) for row in rows] == [("ff", ""), ("ff", "tuned, disjoint")]
    assert [row["difference"] for row in rows] == pytest.approx([0.1, 0.2])


def test_one_cell_can_be_the_baseline_of_all() -> None:
    records = [*runs("bp", BASE), *runs("bp", BASE + 0.1, strategy="replay"), *runs("ff", BASE + 0.2)]
    rows = compared(records, "bp+replay")
    assert [(row["learner"], row["strategy"], row["baseline"]) for row in rows] == [
        ("bp", "none", "bp + replay"),
        ("ff", "none", "bp + replay"),
    ]
    assert [row["difference"] for row in rows] == pytest.approx([-0.1, 0.1])
    assert compared(records, " bp + replay ") == rows


def baselines(records: Sequence[Record], baseline: str | None = None, **defaults: Any) -> set[str]:
    named = {f"bp.{name}": value for name, value in defaults.items()}
    return set(comparisons_frame(group(records), baseline, named)["baseline"])


def test_of_several_baselines_it_is_the_one_with_most_seeds_then_the_defaults_then_the_least() -> None:
    small, large = runs("bp", BASE, hidden=200, lr=0.001), runs("bp", BASE + 0.1, hidden=1000, lr=0.001)
    records = [*small, *large, *runs("ff", BASE + 0.2)]
    assert baselines(records) == {"bp (hidden=200)"}
    assert baselines(records, hidden=1000, lr=0.001) == {"bp (hidden=1000)"}
    assert baselines(records, hidden=1000, lr=0.002) == {"bp (hidden=200)"}  # neither has the defaults
    assert baselines(records[1:], hidden=200, lr=0.001) == {"bp (hidden=200)"}  # 11 seeds are as good as 12
    assert baselines(records[3:], hidden=200, lr=0.001) == {"bp (hidden=1000)"}  # but 9 are not
    rates = [r for lr in (0.01, 1e-05, 0.002) for r in runs("bp", BASE, lr=lr)]
    assert baselines([*rates, *runs("ff", BASE)]) == {"bp (lr=1e-05)"}


@pytest.mark.parametrize(
    ("baseline", "name"), [("bp", "bp under the same strategy"), ("bp+none", "bp"), ("bp+replay", "bp + replay")]
)
def test_a_baseline_of_several_rows_is_called_what_it_is(baseline: str, name: str) -> None:
    """Of each stream another row, whose labels differ."""
    records = [
        r
        for mixing, learner, strategy in itertools.product((0.0, 0.5), ("bp", "ff"), ("none", "replay"))
        for r in runs(learner, BASE[:2], strategy=strategy, stream={"mixing": mixing})
    ]
    cells = group(records)
    by_configuration = {cell.first.run.configuration: cell for cell in cells}
    assert baseline_name(comparisons_frame(cells, baseline), by_configuration) == name


def test_of_several_settings_of_a_baseline_some_can_be_named() -> None:
    records = [*runs("bp", BASE, hidden=200, lr=1), *runs("bp", BASE + 0.1, hidden=1000, lr=1), *runs("ff", BASE)]
    for named in (
        "bp (hidden=1000)",
        "bp (hidden=1000, lr=1)",
        "bp+none (hidden=1000)",
        "bp + none (lr=1, hidden=1000)",
    ):
        assert baselines(records, named) == {"bp (hidden=1000)"}
    assert baselines(records, "bp (lr=1)") == {"bp (hidden=200)"}
    records += runs("bp", BASE, hidden=1000, strategy="replay") + runs("ff", BASE, strategy="replay")
    assert baselines(records, "bp (hidden=1000)") == {"bp (hidden=1000)", "bp + replay"}
    with pytest.raises(UsageError, match=r"Did you mean 'bp\+none \(hidden=1000\)'\?"):
        baselines(records, "bp+none (hidden=100)")


def test_without_a_wish_the_baseline_is_bp_or_the_first_by_name() -> None:
    ours = [*runs("aaa", BASE), *runs("ff", BASE)]
    assert [row["baseline"] for row in compared(ours)] == ["aaa"]
    assert [row["baseline"] for row in compared([*ours, *runs("bp", BASE)])] == ["bp", "bp"]


def test_what_does_not_exist_is_refused_with_the_nearest_name() -> None:
    cells = group([*runs("hebbian", BASE), *runs("ff", BASE)])
    with pytest.raises(UsageError, match=r"Unknown baseline 'hebian'\. Did you mean 'hebbian'\?"):
        comparisons_frame(cells, "hebian")
    with pytest.raises(UsageError, match=r"Unknown baseline 'ff\+nome'\. Did you mean 'ff\+none'\?"):
        summary_frame(cells, "ff+nome")


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


def by_label(records: Sequence[Record]) -> dict[str, str]:
    cells = group(records)
    letters = groups(cells)
    return {cell.label: letters[cell.first.run.configuration] for cell in cells}


def test_cells_not_told_apart_share_a_letter_and_the_best_has_a() -> None:
    records = [
        *runs("bp", BASE),
        *runs("good", BASE + 0.2),
        *runs("alike", BASE + 0.2 + NOISE - NOISE.mean()),
        *runs("unsure", BASE + 0.1 + np.tile([0.3, -0.3], 6)),
        *runs("few", BASE[:9] + 0.3),
    ]
    letters = by_label(records)
    assert letters["good"] == letters["alike"] == "a"
    assert letters["bp"] == "b"
    assert letters["unsure"] == "ab"  # not told apart from any
    assert letters["few"] == ""


def test_letters_and_comparisons_tell_the_same_apart() -> None:
    rng = np.random.default_rng(2)
    records = [
        r
        for name, (k, learner) in itertools.product("abcd", enumerate(("bp", "ff", "oja", "stdp")))
        for r in runs(learner, BASE + 0.012 * k + rng.normal(0, 0.02, 12), scenario=name)
    ]
    records = [r for r in records if r.run.seed != 3 or r.run.learner.name != "ff"]  # seeds differ
    cells = group(records)
    letters = groups(cells)
    compared_pairs = 0
    for learner in ("bp", "ff", "oja", "stdp"):
        for row in comparisons_frame(cells, learner).to_dict("records"):
            shared = set(letters[row["configuration"]]) & set(letters[row["baseline_configuration"]])
            assert bool(shared) == (row["p_holm"] > 0.05)
            compared_pairs += bool(shared)
    assert 0 < compared_pairs < 48  # some of both kinds


def test_letters_are_of_one_stream() -> None:
    records = [*runs("bp", BASE, stream={"mixing": 0.0}), *runs("bp", BASE + 0.3, stream={"mixing": 1.0})]
    assert set(by_label(records).values()) == {"a"}


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


def test_letters_need_ten_common_seeds() -> None:
    later = [record("ff", 0.99, seed) for seed in range(3, 15)]
    assert set(by_label([*runs("bp", BASE), *later]).values()) == {"a"}  # of 9 common seeds
    assert set(by_label([*runs("bp", BASE), *later, record("ff", 0.99, 2)]).values()) == {"a", "b"}


def test_rows_without_a_common_seed_are_not_told_apart() -> None:
    later = [record("ff", value + 0.3, seed) for seed, value in enumerate(BASE, start=50)]
    assert by_label([*runs("bp", BASE), *later]) == {"bp": "a", "ff": "a"}
    # nor does their pair take the test of any other pair
    letters = by_label([*runs("bp", BASE), *runs("oja", BASE + 0.2), *later])
    assert not set(letters["bp"]) & set(letters["oja"])
    assert set(letters["ff"]) == set(letters["bp"]) | set(letters["oja"])


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
