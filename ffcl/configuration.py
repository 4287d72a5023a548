"""What exactly a run is, and the hash that identifies it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

OPTIMISTIC = "same-stream"
"""The protocol that tunes on what is evaluated on."""


@dataclass(frozen=True)
class Component:
    """A learner, strategy or scenario with its settings and the code behind it."""

    name: str
    settings: dict[str, Any]
    distribution: str
    version: str
    code: str

    def to_mapping(self) -> dict[str, Any]:
        """Its attributes by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @property
    def implementation(self) -> tuple[str, str, str]:
        """Which code it is, whatever the settings: distribution, version and fingerprint."""
        return self.distribution, self.version, self.code

    def with_settings(self, settings: Mapping[str, Any]) -> Component:
        """Copy with those of the settings ``name.parameter`` that are its own."""
        return replace(self, settings={**self.settings, **own_settings(self.name, settings)})


def own_settings(name: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Of settings ``name.parameter``, those of this name, by parameter."""
    prefix = f"{name}."
    return {key.removeprefix(prefix): value for key, value in settings.items() if key.startswith(prefix)}


@dataclass(frozen=True)
class Tuning:
    """How the settings of a run were found.

    Attributes:
        study: the name of the study; of a point of its front followed by ``#`` and the trial.
        protocol: which data it used, one of ``ffcl.tuning.protocols.PROTOCOLS``.
        objective: what it maximised.
        complete: trials that were run on all seeds.
        pruned: trials that were given up as worse than the best.
        failed: trials that failed, did not stay finite, or took too long.
        seeds: seeds a trial.
        sampler: what proposed the trials.
        seed: of the sampler.
        space: SHA-256 of the search space.
        core_hours: of training and evaluation, over all trials.
        defaults: ``name.parameter`` to the default of all that was searched.
        index_sets: SHA-256 of the samples that the study used, see `ffcl.index_sets`.
    """

    study: str
    protocol: str
    objective: str
    complete: int
    pruned: int
    failed: int
    seeds: int
    sampler: str
    seed: int
    space: str
    core_hours: float
    defaults: dict[str, Any]
    index_sets: list[str]

    @property
    def study_hash(self) -> str:
        """The end of the study's name, which tells it from others of the same cell."""
        return self.study.rpartition("--")[2]

    @property
    def trials(self) -> int:
        """Trials in all."""
        return self.complete + self.pruned + self.failed

    @property
    def optimistic(self) -> bool:
        """Whether it used what is evaluated on."""
        return self.protocol == OPTIMISTIC


@dataclass(frozen=True)
class Run:
    """One learner with one strategy on one scenario with one seed; ``tuning`` says how its settings were found."""

    learner: Component
    strategy: Component
    scenario: Component
    seed: int
    ffcl: str
    tuning: Tuning | None = None

    @property
    def parts(self) -> tuple[Component, Component, Component]:
        """The learner, the strategy and the scenario."""
        return self.learner, self.strategy, self.scenario

    @property
    def cell(self) -> tuple[str, str, str]:
        """Names of the learner, strategy and scenario."""
        return self.learner.name, self.strategy.name, self.scenario.name

    @cached_property
    def configuration(self) -> str:
        """Hash of the settings and code of its parts, ffcl's version and the tuning: not of the seed or the data."""
        parts = zip(("learner", "strategy", "scenario"), self.parts, strict=True)
        content: dict[str, Any] = {name: part.to_mapping() for name, part in parts} | {"ffcl": self.ffcl}
        if self.tuning is not None:  # what a record says of its tuning must be true of it
            content["tuning"] = [self.tuning.study, self.tuning.trials]
        canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()[:10]

    @cached_property
    def key(self) -> str:
        """The name of the run's folder."""
        return "--".join((*self.cell, f"seed{self.seed}", self.configuration))

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> Run:
        """Read what ``dataclasses.asdict`` wrote.

        Raises:
            KeyError, TypeError: a part is missing or is none; the seed is no integer.
        """
        if type(values["seed"]) is not int:
            raise TypeError(f"seed is {values['seed']!r}")
        parts = {name: Component(**values[name]) for name in ("learner", "strategy", "scenario")}
        tuning = values.get("tuning")
        return cls(
            **parts, seed=values["seed"], ffcl=values["ffcl"], tuning=Tuning(**tuning) if tuning is not None else None
        )
