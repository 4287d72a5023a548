"""Spiking Hebbian Forward-Forward."""

from __future__ import annotations

from collections.abc import Iterable

from ffcl import LearnerSpec, hookimpl


@hookimpl
def ffcl_learners() -> Iterable[LearnerSpec]:
    """Offer ``hebbian``."""
    from ffcl_hebbian.hyperparameters import HebbianHyperparameters

    yield LearnerSpec(
        "hebbian",
        "Forward-Forward as a three-factor Hebbian rule on spiking LIF neurons",
        HebbianHyperparameters,
        "ffcl_hebbian.learner:Hebbian",
    )
