from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from optuna.distributions import FloatDistribution, IntDistribution

from ffcl import OnlyIf, Parameters
from ffcl.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class Example(Parameters):
    lr: Annotated[float, FloatDistribution(1e-4, 1e-1, log=True), "step size"] = 1e-3
    hidden: Annotated[int, IntDistribution(1, 100), "units"] = 10
    kind: Annotated[Literal["a", "b"], "variant"] = "a"
    fast: bool = True
    angles: tuple[float, ...] = (0.0, 1.0)


@dataclass(frozen=True, kw_only=True)
class Required(Parameters):
    size: Annotated[int, IntDistribution(1, 3)]


def test_a_field_says_everything_once() -> None:
    lr = Example.fields()[0]
    assert (lr.name, lr.default, lr.description) == ("lr", 1e-3, "step size")
    assert lr.allowed == "a number from 0.0001 to 0.1"
    assert set(Example.space()) == {"lr", "hidden", "kind"}


def test_a_condition_names_a_field_and_one_of_its_values() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Elsewhere(Parameters):
        width: Annotated[float, FloatDistribution(0.1, 10.0), "width", OnlyIf("knid", "b")] = 1.0

    @dataclass(frozen=True, kw_only=True)
    class NotThere(Parameters):
        kind: Annotated[Literal["a", "b"], "variant"] = "a"
        width: Annotated[float, FloatDistribution(0.1, 10.0), "width", OnlyIf("kind", "c")] = 1.0

    for wrong in (Elsewhere, NotThere):
        with pytest.raises(TypeError, match="'width', only if "):
            wrong.fields()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"lr": 5.0}, "it.lr must be a number from 0.0001 to 0.1, got 5.0."),
        ({"lr": math.nan}, "it.lr must be a number from 0.0001 to 0.1, got nan."),
        ({"lr": "fast"}, "it.lr must be a number from 0.0001 to 0.1, got 'fast'."),
        ({"hidden": 2.5}, "it.hidden must be an integer from 1 to 100, got 2.5."),
        ({"hidden": True}, "it.hidden must be an integer from 1 to 100, got True."),
        ({"kind": "c"}, "it.kind must be one of a, b, got 'c'."),
        ({"fast": 1}, "it.fast must be true or false, got 1."),
        ({"angles": [1, math.inf]}, "it.angles must be a list of numbers, got (1, inf)."),
        ({"angles": [1, "x"]}, "it.angles must be a list of numbers, got (1, 'x')."),
        (
            {"hiden": 3},
            "Unknown parameter of it 'hiden'. Did you mean 'hidden'? Known: angles, fast, hidden, kind, lr.",
        ),
    ],
)
def test_what_does_not_fit_is_named(values: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError) as error:
        Example.from_mapping(values, "it")
    assert str(error.value) == message


def test_a_wrong_value_is_refused_by_the_constructor_too() -> None:
    with pytest.raises(UsageError, match=r"Example.hidden must be an integer from 1 to 100, got 0\."):
        Example(hidden=0)


def test_a_class_may_refuse_values_that_do_not_go_together_but_not_switch_off_the_checks() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Window(Parameters):
        first: Annotated[float, FloatDistribution(0.0, 9.0)] = 0.0
        last: Annotated[float, FloatDistribution(0.0, 9.0)] = 1.0

        def check_together(self) -> None:
            if self.first > self.last:
                raise UsageError("first is after last.")

    assert type(Window(last=2).last) is float
    with pytest.raises(UsageError, match="must be a number from 0 to 9"):
        Window(last=10.0)
    with pytest.raises(UsageError, match="first is after last"):
        Window(first=2.0)

    with pytest.raises(TypeError, match="check_together"):

        class Unchecked(Parameters):
            def __post_init__(self) -> None: ...


def test_a_missing_value_is_named() -> None:
    with pytest.raises(UsageError, match="it needs a value for size"):
        Required.from_mapping({}, "it")


def test_texts_are_read_as_the_fields_type() -> None:
    changed = Example().replace({"lr": "1e-2", "hidden": "50", "kind": "b", "fast": "false", "angles": "0, 30"}, "it")
    assert changed == Example(lr=1e-2, hidden=50, kind="b", fast=False, angles=(0.0, 30.0))


def test_whole_numbers_and_floats_are_one_configuration() -> None:
    assert json.dumps(Example(angles=(0, 45)).to_mapping()) == json.dumps(Example(angles=(0.0, 45.0)).to_mapping())
    assert Example(lr=0.01).to_mapping() == Example.from_mapping({"lr": 0.01}, "it").to_mapping()

    @dataclass(frozen=True, kw_only=True)
    class Theta(Parameters):
        theta: float = 1.0

    assert repr(Theta(theta=1).theta) == "1.0"


@given(
    lr=st.floats(1e-4, 1e-1),
    hidden=st.integers(1, 100),
    kind=st.sampled_from(["a", "b"]),
    fast=st.booleans(),
    angles=st.lists(st.floats(-360, 360)),
)
def test_plain_values_round_trip(lr: float, hidden: int, kind: str, fast: bool, angles: list[float]) -> None:
    values = {"lr": lr, "hidden": hidden, "kind": kind, "fast": fast, "angles": angles}
    example = Example.from_mapping(values, "it")
    assert Example.from_mapping(example.to_mapping(), "it") == example
