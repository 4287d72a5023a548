from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated

import pytest
from rich.console import Console

from ffcl.configuration import Tuning
from ffcl.parameters import Parameters
from ffcl.plan import make_plan
from ffcl.records import Record
from ffcl.registry import Registry, installed
from ffcl.specs import LearnerSpec
from ffcl_leaderboard.build import build
from ffcl_leaderboard.staleness import data_changes, installed_changes, installed_defaults
from made_up import done, run


def test_a_run_of_the_installed_code_is_not_stale() -> None:
    registry = installed()
    (planned,) = make_plan(registry, ["bp"], ["none"], ["split-digits"], [0]).runs
    changes = installed_changes(registry)
    assert changes(planned) == []
    assert changes(replace(planned, learner=replace(planned.learner, code="c0"))) == ["learner code edited"]
    assert changes(replace(planned, strategy=replace(planned.strategy, name="gone"))) == ["strategy not installed"]
    (older,) = changes(replace(planned, scenario=replace(planned.scenario, version="0.0.1")))
    assert older.startswith("scenario of ffcl 0.0.1, now ffcl ")
    assert changes(replace(planned, ffcl="0.0.1"))[0].startswith("ffcl 0.0.1, now ")


@dataclass(frozen=True, kw_only=True)
class WithoutDefault(Parameters):
    width: Annotated[int, "units"]


def test_a_learner_that_needs_a_value_keeps_nobody_elses_defaults_away(
    registry_with: Callable[..., Registry],
) -> None:
    spec = LearnerSpec("mine", "needs a width", WithoutDefault, "made_up:Mine")
    defaults = installed_defaults(registry_with(learners=[spec]))
    assert not any(name.startswith("mine.") for name in defaults)
    assert defaults == installed_defaults(installed())


def test_rows_of_data_that_has_changed_since_are_flagged() -> None:
    old = done(run("bp"), data_sha256="0" * 64, started="2025-01-01")
    new = done(run("ff"), started="2026-01-01")
    assert data_changes([old, new]) == {old.run.key}
    rows = build([old, new], None, "ACC", changes=lambda run: ["learner code edited"] * (run.learner.name == "ff")).rows
    assert dict(zip(rows["learner"], rows["stale"], strict=True)) == {"bp": "data changed", "ff": "learner code edited"}


def test_seeds_of_a_named_data_set_have_one_and_the_same_data() -> None:
    """Data of one's own may be replaced between two seeds; their mean would be of neither."""

    def of(learner: str, seed: int, dataset: str = "birds.npz", **changes: str) -> Record:
        made = run(learner, seed=seed)
        settings = made.scenario.settings | {"stream": {"dataset": dataset}}
        return done(replace(made, scenario=replace(made.scenario, settings=settings)), **changes)

    old = [of("bp", seed, data_sha256="0" * 64, started="2025-01-01") for seed in (0, 1)]
    new = [of("bp", 2), of("ff", 0)]
    other = of("bp", 0, "cats.npz", data_sha256="1" * 64)
    assert data_changes([*old, *new, other]) == {record.run.key for record in old}
    rows = build([*old, *new], None, "ACC").rows
    assert dict(zip(rows["learner"], rows["stale"], strict=True)) == {"bp": "data changed", "ff": ""}


def test_a_verdict_says_what_is_stale_in_it_and_in_its_baseline() -> None:
    records = [done(run(name, seed=s), acc) for name, acc in (("bp", 0.6), ("ff", 0.8), ("oja", 0.7)) for s in (0, 1)]
    for stale, said in (("bp", {"ff": "baseline stale", "oja": "baseline stale"}), ("ff", {"ff": "stale", "oja": ""})):
        tables = build(records, None, "ACC", changes=lambda run, stale=stale: ["edited"] * (run.learner.name == stale))
        of = tables.comparisons.set_index("learner")
        assert of["stale"].to_dict() == {"ff": "edited" * (stale == "ff"), "oja": ""}
        assert set(of["baseline_stale"]) == {"edited" * (stale == "bp")}
        console = Console(width=100)
        with console.capture() as capture:
            console.print(tables.view)
        verdicts = capture.get().split("difference to bp")[1]
        for learner, words in said.items():
            assert re.search(rf"{learner} .*\n *{words}", verdicts)
        assert verdicts.count("stale") == len([words for words in said.values() if words])


def test_runs_on_other_data_are_no_pairs() -> None:
    """What is not known of a record of long ago keeps no pair apart."""
    old = [done(run("bp", seed=s), 0.6, data_sha256="0" * 64, started="2025-01-01") for s in range(4)]
    unknown = [done(run("bp", seed=4), 0.6, data_sha256="")]
    records = [*old, *unknown, *(done(run("bp", seed=s), 0.6) for s in range(5, 10))]
    records += [done(run("ff", seed=s), 0.8) for s in range(10)]
    tables = build(records, None, "ACC")
    (row,) = tables.comparisons.to_dict("records")
    assert (row["pairs"], row["verdict"], row["baseline_stale"]) == (6, "few seeds", "data changed")
    assert list(tables.rows["group"]) == ["a", "a"]


def test_other_streams_and_seeds_may_have_other_data() -> None:
    a, b = done(run(seed=0), data_sha256="0" * 64), done(run(seed=1))
    c = done(run(scenario="other"), data_sha256="1" * 64)
    assert data_changes([a, b, c]) == set()


@pytest.mark.parametrize(("seeds", "ranks"), [(9, ["few seeds", "few seeds"]), (10, ["1", "2"])])
def test_few_seeds_have_no_rank(seeds: int, ranks: list[str]) -> None:
    records = [done(run(name, seed=s), acc) for name, acc in (("bp", 0.6), ("ff", 0.8)) for s in range(seeds)]
    rows = build(records, None, "ACC").rows
    assert list(rows["learner"]) == ["ff", "bp"]
    assert list(rows["rank"]) == ranks


def test_a_row_of_few_seeds_takes_nobodys_rank() -> None:
    records = [done(run("bp", seed=s), 0.6) for s in range(10)] + [done(run("ff", seed=s), 0.8) for s in range(3)]
    assert list(build(records, None, "ACC").rows["rank"]) == ["few seeds", "1"]


def test_what_is_stale_or_optimistic_is_not_ranked_and_equals_share_a_place() -> None:
    accuracies = {"a": 0.9, "b": 0.8, "c": 0.8, "d": 0.7}
    records = [done(run(name, seed=s), accuracy) for name, accuracy in accuracies.items() for s in range(10)]
    rows = build(records, None, "ACC", changes=lambda run: ["edited"] * (run.learner.name == "a")).rows
    assert dict(zip(rows["learner"], rows["rank"], strict=True)) == {"a": "not ranked", "b": "1", "c": "1", "d": "3"}
    tuning = Tuning("s", "same-stream", "ACC", 9, 0, 0, 5, "tpe", 0, "space", 1.0, {}, [])
    records += [done(replace(run("e", seed=s), tuning=tuning), 0.95) for s in range(10)]
    rows = build(records, None, "learner").rows
    assert list(rows["rank"]) == ["1", "2", "2", "4", "not ranked"]


def test_a_summary_says_what_is_stale_in_it() -> None:
    """On any scenario; the report's headline names no such row."""
    records = [
        done(run(name, scenario=scenario, seed=s), accuracy)
        for name, accuracy in (("bp", 0.6), ("ff", 0.8))
        for scenario in ("a", "b")
        for s in range(10)
    ]
    edited = {("ff", "b"): ["learner code edited"]}
    tables = build(records, None, "ACC", changes=lambda run: edited.get((run.learner.name, run.scenario.name), []))
    assert dict(zip(tables.summary["learner"], tables.summary["stale"], strict=True)) == {
        "bp": "",
        "ff": "learner code edited",
    }


def test_rows_are_ranked_among_those_of_their_own_stream() -> None:
    accuracies = {("a", 0.0): 0.6, ("b", 0.0): 0.5, ("a", 1.0): 0.8, ("b", 1.0): 0.9}
    records = []
    for (name, mixing), accuracy in accuracies.items():
        for seed in range(10):
            of = run(name, seed=seed)
            settings = of.scenario.settings | {"stream": {"experiences": 2, "mixing": mixing}}
            records.append(done(replace(of, scenario=replace(of.scenario, settings=settings)), accuracy))
    rows = build(records, None, "ACC").rows
    assert rows[["learner", "variant", "rank"]].to_numpy().tolist() == [
        ["a", "toy.mixing=0.0", "1"],
        ["b", "toy.mixing=0.0", "2"],
        ["b", "toy.mixing=1.0", "1"],
        ["a", "toy.mixing=1.0", "2"],
    ]
    # who has enough seeds on another stream takes nobody's rank here
    fewer = [r for r in records if r.run.seed < 9 or r.run.scenario.settings["stream"]["mixing"]]
    assert list(build(fewer, None, "ACC").rows["rank"]) == ["few seeds", "few seeds", "1", "2"]
