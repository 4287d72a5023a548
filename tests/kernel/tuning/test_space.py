from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from ffcl import UNTUNED, OnlyIf, Parameters
from ffcl.errors import UsageError
from ffcl.registry import installed
from ffcl.tuning.space import make_space, parse_ranges


@dataclass(frozen=True, kw_only=True)
class Example(Parameters):
    lr: Annotated[float, FloatDistribution(1e-5, 1e-1, log=True), "step size"] = 1e-3
    hidden: Annotated[int, IntDistribution(1, 4096, log=True), "units", UNTUNED] = 200
    kind: Annotated[Literal["a", "b", "c"], "which"] = "a"
    flag: Annotated[bool, "whether"] = True


OWNERS = {"x": Example()}


def test_what_is_declared_is_searched_and_what_is_a_budget_is_not() -> None:
    space = make_space(OWNERS)
    assert space.distributions == {
        "x.lr": FloatDistribution(1e-5, 1e-1, log=True),
        "x.kind": CategoricalDistribution(["a", "b", "c"]),
    }
    assert space.defaults == {"x.lr": 1e-3, "x.kind": "a"}


def test_a_setting_fixes_and_a_range_changes_or_adds() -> None:
    space = make_space(OWNERS, fixed=["x.kind"], changes={"x.lr": "1e-4..1e-2:log", "x.hidden": "50..400"})
    assert space.distributions == {
        "x.lr": FloatDistribution(1e-4, 1e-2, log=True),
        "x.hidden": IntDistribution(50, 400),
    }
    assert make_space(OWNERS, changes={"x.kind": "b,c"}).distributions["x.kind"] == CategoricalDistribution(["b", "c"])
    assert make_space(OWNERS, changes={"x.flag": "true,false"}).distributions["x.flag"] == CategoricalDistribution(
        [True, False]
    )


def test_the_first_trial_is_the_defaults_as_far_as_they_are_in_the_space() -> None:
    space = make_space(OWNERS, changes={"x.kind": "b,c"})
    assert space.starting_point() == {"x.lr": 1e-3}


@dataclass(frozen=True, kw_only=True)
class Conditional(Parameters):
    kind: Annotated[Literal["plain", "fancy"], "which"] = "plain"
    size: Annotated[Literal["small", "large"], "budget", UNTUNED] = "small"
    shine: Annotated[float, FloatDistribution(0.0, 1.0), "of fancy ones", OnlyIf("kind", "fancy")] = 0.5
    slack: Annotated[float, FloatDistribution(0.0, 1.0), "of large ones", OnlyIf("size", "large")] = 0.5


def test_what_has_no_effect_is_not_searched_or_stays_at_its_default() -> None:
    space = make_space({"x": Conditional()})
    assert set(space.distributions) == {"x.kind", "x.shine"}  # the size is not searched, and is small
    assert space.effective({"x.kind": "plain", "x.shine": 0.9}) == {"x.kind": "plain", "x.shine": 0.5}
    assert space.effective({"x.kind": "fancy", "x.shine": 0.9}) == {"x.kind": "fancy", "x.shine": 0.9}
    assert set(make_space({"x": Conditional()}, fixed=["x.kind"]).distributions) == set()
    fancy = make_space({"x": Conditional(kind="fancy", size="large")}, fixed=["x.kind", "x.size"])
    assert set(fancy.distributions) == {"x.shine", "x.slack"}
    assert fancy.effective({"x.shine": 0.9, "x.slack": 0.1}) == {"x.shine": 0.9, "x.slack": 0.1}
    with pytest.raises(
        UsageError, match=r"x\.slack acts only if x\.size is large, and that is small: add --set x\.size="
    ):
        make_space({"x": Conditional()}, changes={"x.slack": "0..0.5"})


@dataclass(frozen=True, kw_only=True)
class Chained(Parameters):
    last: Annotated[float, FloatDistribution(0.0, 1.0), "of shiny ones", OnlyIf("middle", "shiny")] = 0.5
    middle: Annotated[Literal["dull", "shiny"], "of large ones", OnlyIf("size", "large")] = "dull"
    size: Annotated[Literal["small", "large"], "budget", UNTUNED] = "small"


def test_what_depends_on_something_without_effect_is_not_searched_either() -> None:
    assert make_space({"x": Chained()}).distributions == {}
    large = make_space({"x": Chained(size="large")})
    assert set(large.distributions) == {"x.last", "x.middle"}
    assert large.conditions == (("x.last", "x.middle", "shiny"),)


def test_the_hash_is_of_the_ranges() -> None:
    one, same, other = make_space(OWNERS), make_space(OWNERS), make_space(OWNERS, changes={"x.lr": "1e-4..1e-2"})
    assert one.sha256 == same.sha256 != other.sha256


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"x.rl": "1..2"}, "Did you mean 'x.lr'"),
        ({"x.lr": "1e-9..1e-2"}, "must be a number from 1e-05 to 0.1"),
        ({"x.lr": "1e-2..1e-4"}, "must rise"),
        ({"x.lr": "low..high"}, "must be a number"),
        ({"x.lr": "1e-4..1e-2:lin"}, "ends in :log"),
        ({"x.kind": "a..c"}, "is no number"),
        ({"x.kind": "a,d"}, "one of a, b, c"),
        ({"x.kind": "a"}, "two choices or more"),
        ({"x.hidden": "1.5..3"}, "must be an integer"),
    ],
)
def test_ranges_that_do_not_fit_are_named(changes: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        make_space(OWNERS, changes=changes)


def test_nothing_is_both_fixed_and_searched() -> None:
    with pytest.raises(UsageError, match="both fixed by --set and to be tuned"):
        make_space(OWNERS, fixed=["x.lr"], changes={"x.lr": "1e-4..1e-2"})
    with pytest.raises(UsageError, match=r"is written ff\.lr="):
        parse_ranges(["x.lr"])


def test_no_built_in_learner_or_strategy_tunes_its_size_or_its_memory() -> None:
    registry = installed()
    offers = [*registry.learners.values(), *registry.strategies.values()]
    searched = {f"{offer.item.name}.{name}" for offer in offers for name in offer.item.hyperparameters.space()}
    budgets = {"hidden", "layers", "buffer", "patterns", "steps", "precision", "neurons", "sample", "rate_penalty"}
    assert {name for name in searched if name.partition(".")[2] in budgets} == set()
    assert {"ff.lr", "bp.lr", "hebbian.leak", "ewc.strength", "si.strength", "lwf.temperature"} <= searched
