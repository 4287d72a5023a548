from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import pytest
from optuna.distributions import IntDistribution

from ffcl import LearnerSpec, Parameters, StrategySpec
from ffcl.api import SEEDS
from ffcl.configuration import Run
from ffcl.errors import UsageError
from ffcl.plan import make_plan, parse_settings
from ffcl.refusals import Refusal
from ffcl.registry import Registry, installed
from ffcl.selection import plan_of


def test_the_grid_is_crossed_with_seeds_slowest() -> None:
    plan = make_plan(installed(), ["bp", "ff"], ["none", "replay"], ["split-digits"], range(2))
    assert len(plan.runs) == 8
    assert [run.seed for run in plan.runs] == [0] * 4 + [1] * 4
    assert len({run.key for run in plan.runs}) == 8


def test_what_is_run_when_nothing_is_named() -> None:
    plan = plan_of(installed(), None, None, None, SEEDS, None)
    learners = ("bp", "ff", "hebbian", "oja")
    assert {run.cell for run in plan.runs} == {(name, "none", "split-digits") for name in learners}
    assert len(plan.runs) == 40


def test_a_name_given_twice_is_run_once() -> None:
    assert len(make_plan(installed(), ["bp", "bp"], ["none"], ["split-digits"], [1, 1]).runs) == 1


def test_the_hash_follows_every_setting_but_not_the_seed() -> None:
    def configuration(seed: int = 0, **settings: object) -> str:
        dotted = {k.replace("__", "."): v for k, v in settings.items()}
        return make_plan(installed(), ["ff"], ["replay"], ["split-digits"], [seed], dotted).runs[0].configuration

    base = configuration()
    assert configuration(seed=5) == base
    assert configuration(ff__hidden=200) == base
    assert configuration(ff__hidden="200") == base
    changed = {configuration(ff__hidden=201), configuration(replay__buffer=3), configuration(ff__lr=0.01)}
    assert len(changed | {base}) == 4


def test_a_run_survives_the_trip_to_a_worker(run_of: Callable[..., Run]) -> None:
    run = run_of("hebbian", "replay")
    copy = Run.from_mapping(asdict(run))
    assert copy == run
    assert copy.key == run.key


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((["bpp"], ["none"], ["split-digits"], [0]), "Unknown learner 'bpp'. Did you mean 'bp'?"),
        ((["bp"], ["replai"], ["split-digits"], [0]), "Unknown strategy 'replai'. Did you mean 'replay'?"),
        ((["bp"], ["none"], ["split-digit"], [0]), "Unknown scenario 'split-digit'. Did you mean 'split-digits'?"),
        ((["bp"], ["none"], ["split-digits"], [0], {"ff.hidden": 3}), "Unknown name to set"),
        ((["ff"], ["none"], ["split-digits"], [0], {"ff.hiden": 3}), "Did you mean 'hidden'?"),
        ((["ff"], ["none"], ["split-digits"], [0], {"hidden": 3}), "A setting is called name.parameter"),
        ((["ff"], ["none"], ["split-digits"], [0], {"split-digits.experiences": 4}), "cannot be dealt out evenly"),
    ],
)
def test_mistakes_are_found_before_anything_runs(arguments: tuple[object, ...], message: str) -> None:
    with pytest.raises(UsageError) as error:
        make_plan(installed(), *arguments)  # type: ignore[arg-type]
    assert message in str(error.value)


def test_a_setting_without_a_default_is_given_or_asked_for(registry_with: Callable[..., Registry]) -> None:
    @dataclass(frozen=True, kw_only=True)
    class Needy(Parameters):
        width: Annotated[int, IntDistribution(1, 9), "width"]

    registry = registry_with(learners=[LearnerSpec("needy", "x", Needy, "nowhere:Nothing")])
    plan = make_plan(registry, ["needy"], ["none"], ["split-digits"], [0], {"needy.width": "5"})
    assert plan.runs[0].learner.settings == {"width": 5}
    with pytest.raises(UsageError, match="needy needs a value for width"):
        make_plan(registry, ["needy"], ["none"], ["split-digits"], [0])


def test_two_scenario_files_of_one_name_are_refused(tmp_path: Path) -> None:
    paths = [tmp_path / folder / "mine.toml" for folder in ("a", "b")]
    for path in paths:
        path.parent.mkdir()
        path.write_text('summary = "x"\n[stream]\nkind = "split"\ndataset = "digits"\n')
    with pytest.raises(UsageError, match="Two scenario files are called 'mine'"):
        make_plan(installed(), ["bp"], ["none"], [str(p) for p in paths], [0])


def test_the_streams_of_all_seeds_are_looked_at_and_of_no_others(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    stream = 'kind = "blurry"\ndataset = "digits"\nexperiences = 2\ndisjoint = 1.0\n'
    path.write_text(f'summary = "x"\n[stream]\n{stream}')
    drawn = [installed().scenario(str(path)).item.outline(seed) for seed in range(30)]
    lonely = [seed for seed, outline in enumerate(drawn) if min(map(len, outline)) == 1]
    fine = [seed for seed in range(30) if seed not in lonely]
    assert lonely
    path.write_text(f'summary = "x"\n[stream]\n{stream}noise = 0.1\n')
    assert len(make_plan(installed(), ["bp"], ["none"], [str(path)], fine).runs) == len(fine)
    for seed in lonely:
        with pytest.raises(UsageError, match="noise needs two classes or more in every experience"):
            make_plan(installed(), ["bp"], ["none"], [str(path)], [*fine, seed])


def test_settings_are_written_with_an_equals_sign() -> None:
    assert parse_settings(["ff.hidden = 5", "a.b=c=d"]) == {"ff.hidden": "5", "a.b": "c=d"}
    with pytest.raises(UsageError, match=r"A setting is written name\.parameter=value"):
        parse_settings(["ff.hidden"])


def test_an_impossible_pair_is_refused_with_its_reason(registry_with: Callable[..., Registry]) -> None:
    counts = LearnerSpec("counts", "x", Parameters, "nowhere:Nothing", rule="observe")
    penalty = StrategySpec("penalty", "x", Parameters, "nowhere:nothing", needs=frozenset({"gradient"}))
    registry = registry_with(learners=[counts], strategies=[penalty])
    plan = make_plan(registry, ["counts", "bp"], ["none", "penalty"], ["split-digits"], [0])
    assert {run.cell[:2] for run in plan.runs} == {("counts", "none"), ("bp", "none"), ("bp", "penalty")}
    reason = "it acts on gradients, and counts updates itself in observe() without one"
    assert plan.refused == (Refusal("counts", "penalty", reason),)
    assert plan.pairs == {("counts", "none"), ("bp", "none"), ("bp", "penalty")}
    with pytest.raises(UsageError, match=rf"Nothing to run: penalty on counts: {re.escape(reason)}"):
        make_plan(registry, ["counts"], ["penalty"], ["split-digits"], [0])


def test_all_stands_for_everything_that_is_installed() -> None:
    registry = installed()
    plan = make_plan(registry, ["all"], ["none", "all"], ["split-digits"], [0])
    refused = {(r.learner, r.strategy) for r in plan.refused}
    assert plan.pairs | refused == {(a, b) for a in registry.learners for b in registry.strategies}
    assert not plan.pairs & refused
    assert len(plan.runs) == len(plan.pairs)
