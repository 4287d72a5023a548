"""A parameter that says when it acts has no effect otherwise, and has one then."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from ffcl.execute import execute
from ffcl.parameters import Field, OnlyIf, Parameters
from ffcl.plan import make_plan
from ffcl.records import Record
from ffcl.registry import installed

SMALL = {
    "split-digits.epochs": 1,
    "oja.neurons": 4,  # fewer than there are features, whatever the filters and windows are
    "oja.filter_size": 4,
}


def offers() -> dict[str, type[Parameters]]:
    registry = installed()
    return {o.item.name: o.item.hyperparameters for o in (*registry.learners.values(), *registry.strategies.values())}


def conditional() -> list[tuple[str, Field]]:
    return [(owner, field) for owner, kind in offers().items() for field in kind.fields() if field.only_if]


def other_value(field: Field) -> Any:
    distribution = field.distribution
    assert isinstance(distribution, FloatDistribution | IntDistribution)
    if field.type is int:
        return field.default - 2
    return field.default / 2 if field.default > distribution.low else (field.default + distribution.high) / 2


def other_choice(owner: str, condition: OnlyIf) -> Any:
    fields = {field.name: field for field in offers()[owner].fields()}
    choices = fields[condition.field].distribution
    assert isinstance(choices, CategoricalDistribution)
    return next(choice for choice in choices.choices if choice != condition.value)


def run(owner: str, settings: Mapping[str, Any], folder: Path) -> Record:
    registry = installed()
    learner, strategy = ("bp", owner) if owner in registry.strategies else (owner, "none")
    own = {f"{owner}.{name}": value for name, value in settings.items()}
    small = {name: value for name, value in SMALL.items() if name.partition(".")[0] in (owner, "split-digits")}
    planned = make_plan(registry, [learner], [strategy], ["split-digits"], [0], {**small, **own})
    record = execute(planned.runs[0], registry, folder)
    assert record.failure is None, record.failure
    return record


@pytest.mark.parametrize(("owner", "field"), conditional(), ids=lambda value: getattr(value, "name", value))
def test_a_parameter_acts_when_it_says_so_and_only_then(owner: str, field: Field, tmp_path: Path) -> None:
    met = {condition.field: condition.value for condition in field.only_if}
    values = [{field.name: value} for value in (field.default, other_value(field))]
    one, other = (run(owner, {**met, **value}, tmp_path) for value in values)
    assert one.parameters_sha256 != other.parameters_sha256
    for condition in field.only_if:
        unmet = met | {condition.field: other_choice(owner, condition)}
        one, other = (run(owner, {**unmet, **value}, tmp_path) for value in values)
        assert one.accuracy == other.accuracy, condition
