"""The search space: what a learner and a strategy declare, without what is fixed, with what is changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
    distribution_to_json,
)

from ffcl.errors import UsageError, unknown_name
from ffcl.parameters import Field, Parameters

ARROW = ".."


@dataclass(frozen=True)
class Space:
    """What is searched, by ``name.parameter``.

    Attributes:
        distributions: of each parameter.
        defaults: of each parameter.
        conditions: for those that act only if another one that is searched has some value: it, that one, the value.
    """

    distributions: dict[str, BaseDistribution]
    defaults: dict[str, Any]
    conditions: tuple[tuple[str, str, object], ...] = ()

    def to_mapping(self) -> dict[str, Any]:
        """The distributions as plain values."""
        return {name: json.loads(distribution_to_json(d)) for name, d in sorted(self.distributions.items())}

    @property
    def sha256(self) -> str:
        """Identifies the space."""
        return hashlib.sha256(json.dumps(self.to_mapping(), sort_keys=True).encode()).hexdigest()

    def idle(self, settings: Mapping[str, Any]) -> set[str]:
        """Which of these settings of this space have no effect."""
        return {name for name, other, value in self.conditions if settings[other] != value}

    def effective(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Settings of this space, those without effect at their defaults: what acts alike is one configuration."""
        idle = self.idle(settings)
        return {name: self.defaults[name] if name in idle else value for name, value in settings.items()}

    def starting_point(self) -> dict[str, Any]:
        """The defaults, as far as they lie in the space."""
        return {name: value for name, value in self.defaults.items() if _holds(self.distributions[name], value)}


def _holds(distribution: BaseDistribution, value: Any) -> bool:
    if isinstance(distribution, CategoricalDistribution):
        return value in distribution.choices
    assert isinstance(distribution, FloatDistribution | IntDistribution)
    return bool(distribution.low <= value <= distribution.high)


def make_space(
    owners: Mapping[str, Parameters], fixed: Iterable[str] = (), changes: Mapping[str, str] | None = None
) -> Space:
    """The space of these sets of parameters.

    Args:
        owners: the parameters, at their defaults, by the name of the learner or strategy they belong to.
        fixed: ``name.parameter`` of what stays as it is.
        changes: ranges in place of the declared ones, see `read_range`; they may also name what is not tuned
            otherwise.

    Raises:
        UsageError: a range names nothing that can be tuned, cannot be read, or is not within what is allowed; or what
            it is of has no effect.
    """
    fields = {f"{owner}.{field.name}": field for owner, p in owners.items() for field in p.fields()}
    values = {f"{owner}.{name}": value for owner, p in owners.items() for name, value in p.to_mapping().items()}
    changes, fixed = dict(changes or {}), set(fixed)
    for name in changes:
        if name not in fields:
            raise unknown_name("parameter to tune", name, fields)
        if name in fixed:
            raise UsageError(f"{name} is both fixed by --set and to be tuned by --space; leave out one of them.")
    distributions = {
        name: field.distribution
        for name, field in fields.items()
        if field.distribution is not None and field.tuned and name not in fixed
    }
    distributions |= {name: read_range(name, fields[name], text) for name, text in changes.items()}

    def conditions() -> list[tuple[str, str, object]]:
        """Of what is searched: the parameter, the one it depends on, and with which value it acts."""
        return [(n, f"{n.partition('.')[0]}.{c.field}", c.value) for n in distributions for c in fields[n].only_if]

    while idle := [c for c in conditions() if c[1] not in distributions and values[c[1]] != c[2]]:
        for name, other, value in idle:
            if name in changes:
                raise UsageError(
                    f"{name} acts only if {other} is {value}, and that is {values[other]}: add --set {other}={value}."
                )
            distributions.pop(name, None)
    left = tuple(c for c in conditions() if c[1] in distributions)
    return Space(distributions, {name: values[name] for name in distributions}, left)


def parse_ranges(texts: Sequence[str]) -> dict[str, str]:
    """Read ranges written ``name.parameter=range``.

    Raises:
        UsageError: one is not written so.
    """
    ranges = {}
    for text in texts:
        target, equals, value = text.partition("=")
        if not (equals and value.strip()):
            raise UsageError(f"A range is written ff.lr=1e-4..1e-2:log or ff.contrast=each,pair; got {text!r}.")
        ranges[target.strip()] = value.strip()
    return ranges


def read_range(name: str, field: Field, text: str) -> BaseDistribution:
    """Read ``low..high``, ``low..high:log`` or ``one,other`` as a distribution of this field.

    Raises:
        UsageError: it cannot be read, or is not within what the field allows.
    """
    bounds, _, scale = text.partition(":")
    if ARROW not in bounds:
        return _choices(name, field, text)
    if field.type not in (int, float):
        raise UsageError(f"{name} is no number: give its choices, as in {name}=one,other; got {text!r}.")
    if scale not in ("", "log"):
        raise UsageError(f"The range of {name} ends in :log or in nothing, got {text!r}.")
    low, high = (field.parse(part.strip()) for part in bounds.split(ARROW, 1))
    for value in (low, high):
        if problem := field.check(value):
            raise UsageError(f"The range of {name}: a bound {problem}.")
    if not low < high:
        raise UsageError(f"The range of {name} must rise, got {text!r}; --set fixes a value.")
    if scale and low <= 0:
        raise UsageError(f"The range of {name} must start above 0 to be logarithmic, got {text!r}.")
    kind = IntDistribution if field.type is int else FloatDistribution
    return kind(low, high, log=bool(scale))


def _choices(name: str, field: Field, text: str) -> CategoricalDistribution:
    choices = [field.parse(part.strip()) for part in text.split(",") if part.strip()]
    for choice in choices:
        if problem := field.check(choice):
            raise UsageError(f"A choice of {name} {problem}.")
    if len(set(choices)) < 2:
        raise UsageError(f"{name} needs two choices or more, or a range low..high; --set fixes a value.")
    return CategoricalDistribution(choices)
