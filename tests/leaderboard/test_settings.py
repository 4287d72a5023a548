"""Rows of code that had fewer settings: what it did not know was as today's default."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ffcl.records import Record
from ffcl.selection import Part
from ffcl_leaderboard.build import build
from ffcl_leaderboard.cells import group
from ffcl_leaderboard.diff import diff_frame
from ffcl_leaderboard.rows import leaderboard_frame
from ffcl_leaderboard.tables import make_leaderboard
from made_up import done, run

DEFAULTS: dict[str, Any] = {"bp.lr": 0.1, "bp.momentum": 0.0, "a.mixing": 0.0, "b.mixing": 0.0}


def runs(learner: str, scenario: str, accuracy: float, strategy: str = "none", **settings: Any) -> list[Record]:
    """Ten runs of today's code if it is told of ``mixing``, else of a code of before there was such a thing.

    Other settings are the learner's.
    """
    code, started = ("new", "2026-02-01") if "mixing" in settings else ("old", "2026-01-01")
    stream = {"experiences": 2} | ({"mixing": settings.pop("mixing")} if "mixing" in settings else {})
    of = run(learner, strategy, scenario, code=code)
    of = replace(
        of,
        learner=replace(of.learner, settings={**of.learner.settings, **settings}),
        scenario=replace(of.scenario, settings={**of.scenario.settings, "stream": stream}),
    )
    return [done(replace(of, seed=seed), accuracy, started=started) for seed in range(10)]


def test_runs_of_before_a_setting_are_replaced_by_those_with_its_default() -> None:
    old = [*runs("bp", "a", 0.3), *runs("bp", "b", 0.4)]
    new = [*runs("bp", "a", 0.5, mixing=0.0), *runs("bp", "b", 0.6, mixing=0.0)]
    for records, superseded in (([*old, *new], 20), ([*old[:10], *new], 10)):
        tables = build(records, None, "ACC", defaults=DEFAULTS)
        assert tables.rows[["scenario", "variant", "seeds"]].to_numpy().tolist() == [["a", "", 10], ["b", "", 10]]
        assert (~tables.runs["current"].astype(bool)).sum() == superseded
        assert tables.summary[["scenarios", "mean"]].to_numpy().tolist() == [[2, pytest.approx(0.55)]]


def test_other_values_than_the_default_are_another_stream() -> None:
    records = [*runs("bp", "a", 0.3), *runs("bp", "a", 0.5, mixing=0.5)]
    rows = build(records, None, "ACC", defaults=DEFAULTS).rows
    assert dict(zip(rows["variant"], rows["ACC"], strict=True)) == pytest.approx(
        {"a.mixing=0.0": 0.3, "a.mixing=0.5": 0.5}
    )


def test_a_learner_with_a_new_setting_is_the_baseline_as_it_is_today() -> None:
    old, new = runs("bp", "a", 0.3), runs("bp", "a", 0.5, mixing=0.0, momentum=0.0)
    tables = build([*old, *new, *runs("ff", "a", 0.6, mixing=0.0)], None, "ACC", defaults=DEFAULTS)
    (row,) = tables.comparisons.to_dict("records")
    assert (row["learner"], row["baseline"]) == ("ff", "bp")
    assert row["baseline_configuration"] == new[0].run.configuration


def test_what_has_not_been_run_again_is_still_of_the_same_stream_and_rule() -> None:
    records = [
        *runs("bp", "a", 0.5, mixing=0.0, momentum=0.0),
        *runs("bp", "b", 0.5),
        *runs("ff", "a", 0.7),
        *runs("ff", "a", 0.8, "joint", mixing=0.0),
    ]
    tables = build(records, None, "ACC", defaults=DEFAULTS)
    assert set(tables.rows["variant"]) == {""}
    on_a = tables.rows[tables.rows["scenario"] == "a"]
    assert list(on_a["rank"]) == ["1", "2", "3"]
    assert len(set(on_a["group"])) == 3
    assert list(on_a["strategy"][on_a["intransigence"].notna()]) == ["joint"]  # the other ff is of older code
    (row,) = tables.comparisons.to_dict("records")
    assert (row["learner"], row["strategy"], row["pairs"]) == ("ff", "none", 10)
    assert dict(zip(tables.summary["learner"], tables.summary["scenarios"], strict=True)) == {"bp": 2}


def test_a_part_has_the_rows_that_replaced_its_own() -> None:
    old, new = runs("bp", "a", 0.3), runs("bp", "a", 0.5, mixing=0.0)
    part = make_leaderboard([*old, *new], "ACC", defaults=DEFAULTS).part(Part(old))
    assert list(part.rows["ACC"]) == pytest.approx([0.5])


def test_two_folders_are_compared_row_by_row_though_one_is_older() -> None:
    old, new = runs("bp", "a", 0.5), runs("bp", "a", 0.5, mixing=0.0)
    assert list(diff_frame(old, new, defaults=DEFAULTS)["what"]) == ["same"]
    assert set(diff_frame(old, new)["what"]) == {"only in the first", "only in the second"}


def test_without_defaults_settings_are_taken_as_they_are() -> None:
    rows = leaderboard_frame(group([*runs("bp", "a", 0.3), *runs("bp", "a", 0.5, mixing=0.0)]), "ACC")
    assert sorted(rows["variant"]) == ["", "a.mixing=0.0"]
