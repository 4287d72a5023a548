"""What exactly a run is, and the hash that identifies it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Component:
    """A learner, strategy or scenario with its settings and the code behind it."""

    name: str
    settings: dict[str, Any]
    distribution: str
    version: str
    code: str


@dataclass(frozen=True)
class Run:
    """One learner with one strategy on one scenario with one seed."""

    learner: Component
    strategy: Component
    scenario: Component
    seed: int
    ffcl: str

    @property
    def cell(self) -> tuple[str, str, str]:
        """Names of the learner, strategy and scenario."""
        return self.learner.name, self.strategy.name, self.scenario.name

    @property
    def configuration(self) -> str:
        """Hash of everything but the seed that decides the result: settings and code."""
        content = {k: v for k, v in asdict(self).items() if k != "seed"}
        canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()[:10]

    @property
    def key(self) -> str:
        """The name of the run's folder."""
        return "--".join((*self.cell, f"seed{self.seed}", self.configuration))

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> Run:
        """Read what ``dataclasses.asdict`` wrote."""
        parts = {name: Component(**values[name]) for name in ("learner", "strategy", "scenario")}
        return cls(**parts, seed=values["seed"], ffcl=values["ffcl"])
