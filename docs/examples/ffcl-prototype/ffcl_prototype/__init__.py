"""An example plugin: a learner that keeps one prototype a class, and a scenario."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from optuna.distributions import FloatDistribution

from ffcl import LearnerSpec, Parameters, hookimpl


@dataclass(frozen=True, kw_only=True)
class PrototypeHyperparameters(Parameters):
    """How fast the prototypes move."""

    lr: Annotated[float, FloatDistribution(1e-4, 1.0, log=True), "step size of Adam"] = 1e-2


@hookimpl
def ffcl_learners() -> Iterable[LearnerSpec]:
    """Offer ``prototype``."""
    yield LearnerSpec(
        "prototype", "the nearest class prototype", PrototypeHyperparameters, "ffcl_prototype.learner:Prototype"
    )


@hookimpl
def ffcl_scenarios() -> Iterable[Path]:
    """Offer the TOML files beside this one."""
    return Path(__file__).parent.glob("*.toml")
