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
        "Forward-Forward as a three-factor rule of spiking neurons",
        HebbianHyperparameters,
        "ffcl_hebbian.learner:Hebbian",
        offers=frozenset({"scores", "features"}),
        default=True,
    )
