"""Typed parameters: one annotated field is the source for validation, the command line, docs and tuning."""

from __future__ import annotations

import dataclasses
import math
import types
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Annotated, Any, Literal, Self, get_args, get_origin, get_type_hints

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from ffcl.errors import UsageError, unknown_name


class Untuned(Enum):
    """The marker's type; see `UNTUNED`."""

    UNTUNED = "untuned"


UNTUNED = Untuned.UNTUNED
"""Marks a field that tuning leaves alone unless asked: sizes, time and memory, which are a budget; how numbers are
held; what only sets the unit of other fields; and what belongs to a field that is left alone."""


@dataclass(frozen=True)
class OnlyIf:
    """Marks a field that has no effect unless another field of the same class has this value; several must all hold."""

    field: str
    value: object

    def __str__(self) -> str:
        return f"{self.field}={self.value}"


@dataclass(frozen=True)
class Field:
    """One parameter: name, type, default, allowed values, one-line description, whether tuned, and when it acts."""

    name: str
    type: Any
    default: Any
    distribution: BaseDistribution | None
    description: str
    tuned: bool = True
    only_if: tuple[OnlyIf, ...] = ()

    @property
    def required(self) -> bool:
        """Whether the field has no default."""
        return self.default is dataclasses.MISSING

    @property
    def allowed(self) -> str:
        """The allowed values in words, e.g. ``a number from 0.0001 to 0.1``."""
        noun = {int: "an integer", float: "a number", str: "a text", bool: "true or false"}.get(self.type)
        match self.distribution:
            case FloatDistribution() | IntDistribution() as d:
                return f"{noun} from {d.low:g} to {d.high:g}"
            case CategoricalDistribution() as d:
                return "one of " + ", ".join(str(choice) for choice in d.choices)
        if noun is None:
            inner = {int: "integers", float: "numbers", str: "texts"}[get_args(self.type)[0]]
            return f"a list of {inner}"
        return noun

    def check(self, value: object) -> str | None:
        """Return what is wrong with ``value`` for this field, or None."""
        fits = _has_type(value, self.type)
        if fits and isinstance(self.distribution, FloatDistribution | IntDistribution):
            fits = self.distribution.low <= value <= self.distribution.high  # type: ignore[operator]
        elif isinstance(self.distribution, CategoricalDistribution):
            fits = any(value == choice and type(value) is type(choice) for choice in self.distribution.choices)
        return None if fits else f"must be {self.allowed}, got {value!r}"

    def parse(self, text: str) -> Any:
        """Read a command-line ``text`` as this field's type; what cannot be read is returned as it is."""
        if self.type is str or isinstance(self.distribution, CategoricalDistribution):
            by_name = {str(c): c for c in getattr(self.distribution, "choices", ())}
            return by_name.get(text, text)
        if get_origin(self.type) is tuple:
            element = dataclasses.replace(self, type=get_args(self.type)[0], distribution=None)
            return tuple(element.parse(part.strip()) for part in text.split(",") if part.strip())
        if self.type is bool:
            return {"true": True, "false": False}.get(text.lower(), text)
        try:
            return self.type(text)
        except ValueError:
            return text


def _has_type(value: object, wanted: Any) -> bool:
    if get_origin(wanted) is tuple:
        element = get_args(wanted)[0]
        return isinstance(value, tuple) and all(_has_type(v, element) for v in value)
    if wanted is float:
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if wanted is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, wanted)


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """Base of every parameter set; subclasses are frozen, keyword-only dataclasses.

    A field is declared once, with its type, its default, its allowed values as an Optuna distribution and a
    description:

    >>> @dataclass(frozen=True, kw_only=True)
    ... class MyHyperparameters(Parameters):
    ...     lr: Annotated[float, FloatDistribution(1e-4, 1e-1, log=True), "step size of Adam"] = 1e-3
    ...     kind: Annotated[Literal["a", "b"], "which variant"] = "a"
    ...     width: Annotated[float, FloatDistribution(0.1, 10.0), "width", OnlyIf("kind", "b")] = 1.0
    ...     hidden: Annotated[int, IntDistribution(1, 4096, log=True), "units a hidden layer", UNTUNED] = 200

    Types are int, float, bool, str, ``Literal`` of texts and ``tuple[X, ...]`` of these.

    Raises:
        UsageError: a value is of the wrong type or outside its range.
    """

    def __post_init__(self) -> None:
        for field in self.fields():
            if problem := field.check(getattr(self, field.name)):
                raise UsageError(f"{type(self).__name__}.{field.name} {problem}.")
            if field.type in (float, tuple[float, ...]):  # 1 and 1.0 are one configuration
                value = getattr(self, field.name)
                value = float(value) if field.type is float else tuple(map(float, value))
                object.__setattr__(self, field.name, value)
        self.check_together()

    def __init_subclass__(cls) -> None:
        if "__post_init__" in vars(cls):
            raise TypeError(f"{cls.__name__} would switch off the checks of its fields; override check_together().")

    def check_together(self) -> None:
        """Refuse values that do not go together: raise `UsageError`; nothing unless overridden.

        Called when each field by itself has been checked.
        """

    @classmethod
    @cache
    def fields(cls) -> tuple[Field, ...]:
        """Every field in order of declaration."""
        hints = get_type_hints(cls, include_extras=True)
        fields = {f.name: _read_field(f, hints[f.name]) for f in dataclasses.fields(cls)}
        for name, condition in ((name, c) for name, field in fields.items() for c in field.only_if):
            if condition.field not in fields or fields[condition.field].check(condition.value):
                raise TypeError(f"Field {name!r}, only if {condition}: there is no such field, or not this value.")
        return tuple(fields.values())

    @classmethod
    def space(cls) -> dict[str, BaseDistribution]:
        """The search space: the Optuna distribution of each field that has one and is not marked `UNTUNED`."""
        return {f.name: f.distribution for f in cls.fields() if f.distribution is not None and f.tuned}

    @classmethod
    def from_mapping(cls, values: Mapping[str, object], owner: str) -> Self:
        """Build from plain values (TOML, JSON), naming ``owner`` in every complaint.

        Raises:
            UsageError: an unknown, missing or unfitting field; the nearest valid name is offered.
        """
        fields = {f.name: f for f in cls.fields()}
        plain = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
        for name, value in plain.items():
            if name not in fields:
                raise unknown_name(f"parameter of {owner}", name, fields)
            if problem := fields[name].check(value):
                raise UsageError(f"{owner}.{name} {problem}.")
        if missing := [f.name for f in fields.values() if f.required and f.name not in plain]:
            raise UsageError(f"{owner} needs a value for {', '.join(missing)}.")
        return cls(**plain)

    def to_mapping(self) -> dict[str, Any]:
        """Plain values, ready for JSON (tuples become lists)."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in dataclasses.asdict(self).items()}

    @classmethod
    def read(cls, values: Mapping[str, object], owner: str) -> Self:
        """Build from plain values as `from_mapping` does; texts (from a command line) are read as the field's type."""
        fields = {f.name: f for f in cls.fields()}
        typed = {k: fields[k].parse(v) if k in fields and isinstance(v, str) else v for k, v in values.items()}
        return cls.from_mapping(typed, owner)

    def replace(self, changes: Mapping[str, object], owner: str) -> Self:
        """Copy with ``changes``, read as `read` does."""
        return self.read({**self.to_mapping(), **changes}, owner)


def _read_field(field: dataclasses.Field[Any], hint: Any) -> Field:
    metadata: tuple[Any, ...] = ()
    if get_origin(hint) is Annotated:
        hint, *rest = get_args(hint)
        metadata = tuple(rest)
    distribution = next((m for m in metadata if isinstance(m, BaseDistribution)), None)
    if get_origin(hint) is Literal:
        distribution = distribution or CategoricalDistribution(get_args(hint))
        hint = str
    if isinstance(hint, types.UnionType):
        raise TypeError(f"Field {field.name!r}: union types are not supported.")
    description = next((m for m in metadata if isinstance(m, str)), "")
    only_if = tuple(m for m in metadata if isinstance(m, OnlyIf))
    return Field(field.name, hint, field.default, distribution, description, UNTUNED not in metadata, only_if)
