"""Tuned rows beside the defaults they are compared with."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import pytest

from ffcl.configuration import Component, Run, Tuning
from ffcl.records import Record
from ffcl.statistics import t_interval
from ffcl_leaderboard.cells import group
from ffcl_leaderboard.rows import leaderboard_frame

Make = Callable[..., Record]


def tuning(study: str = "s--0123456789", protocol: str = "disjoint") -> Tuning:
    return Tuning(study, protocol, "AIA", 40, 15, 5, 5, "tpe", 0, "space", 1.5, {"bp.lr": 1e-3}, [])


@pytest.fixture
def record(run_of: Callable[..., Run]) -> Make:
    def make(seed: int, accuracy: float, lr: float, tuned: Tuning | None = None, part: str = "evaluation") -> Record:
        run = run_of("bp", seed=seed)
        scenario = run.scenario.settings | {"stream": run.scenario.settings["stream"] | {"part": part}}
        learner = Component(**{**run.learner.__dict__, "settings": {**run.learner.settings, "lr": lr}})
        run = replace(run, learner=learner, scenario=replace(run.scenario, settings=scenario), tuning=tuned)
        return Record(run, "done", "2026", accuracy=[[0.0], [accuracy]], experiences=[[0]])

    return make


def test_the_gain_is_of_the_seeds_that_both_have(record: Make) -> None:
    records = [record(seed, 0.70 + seed / 100, 1e-3) for seed in range(4)]
    records += [record(seed, value, 5e-3, tuning()) for seed, value in ((1, 0.75), (2, 0.80), (3, 0.78), (9, 0.1))]
    records.append(record(1, 0.99, 1e-3, part="all"))  # another stream
    records.append(record(1, 0.99, 2e-3))  # other settings
    frame = leaderboard_frame(group(records), "ACC").set_index("tuned")
    row = frame.loc["tuned"]
    expected = t_interval([0.75 - 0.71, 0.80 - 0.72, 0.78 - 0.73])
    assert (row["tuning_gain"], row["tuning_gain_low"], row["tuning_gain_high"]) == pytest.approx(expected)
    assert (row["trials"], row["pruned"], row["failed_trials"], row["core_hours"]) == (60, 15, 5, 1.5)
    assert (row["protocol"], row["sampler"], row["tuning_seeds"], row["space"]) == ("disjoint", "tpe", 5, "space")
    assert frame.loc[["default"], "tuning_gain"].isna().all()


def test_without_the_defaults_there_is_no_gain(record: Make) -> None:
    frame = leaderboard_frame(group([record(0, 0.9, 5e-3, tuning())]), "ACC")
    assert math.isnan(frame["tuning_gain"][0])


def test_defaults_of_other_code_show_no_gain(record: Make) -> None:
    tuned = record(0, 0.9, 5e-3, tuning())
    edited = replace(tuned, run=replace(tuned.run, learner=replace(tuned.run.learner, code="edited")))
    frame = leaderboard_frame(group([record(0, 0.7, 1e-3), edited]), "ACC")
    assert frame["tuning_gain"].isna().all()


def test_settings_that_tuning_left_as_they_were_are_a_row_of_their_own(record: Make) -> None:
    records = [record(0, 0.7, 1e-3), record(0, 0.7, 1e-3, tuning())]
    frame = leaderboard_frame(group(records), "ACC").set_index("tuned")
    assert frame.loc["tuned", "variant"] == "tuned, disjoint"
    assert frame.loc["tuned", "tuning_gain"] == 0.0
    assert frame.loc["default", "variant"] == ""


def test_what_was_tuned_on_the_evaluation_says_so(record: Make) -> None:
    two = [record(0, 0.7, 1e-3, tuning("a--0000000001", "same-stream")), record(0, 0.7, 2e-3, tuning())]
    frame = leaderboard_frame(group(two), "ACC").set_index("protocol")
    assert frame.loc["same-stream", "variant"] == "tuned, same-stream, optimistic"
    assert frame.loc["same-stream", "optimistic"]
    again = leaderboard_frame(group([*two, record(0, 0.6, 3e-3, tuning("b--0000000002", "same-stream"))]), "ACC")
    assert "tuned, same-stream, optimistic, 0000000002" in set(again["variant"])


def test_a_stream_that_is_not_the_others_is_named_in_a_tuned_row_too(record: Make) -> None:
    records = [record(0, 0.7, 1e-3, part="all"), record(0, 0.8, 5e-3, tuning())]
    frame = leaderboard_frame(group(records), "ACC").set_index("tuned")
    assert frame.loc["tuned", "variant"] == "tuned, disjoint, split-digits.part=evaluation"
    assert frame.loc["default", "variant"] == "split-digits.part=all"
