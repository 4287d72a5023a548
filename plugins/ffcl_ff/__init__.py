"""Analog Forward-Forward."""

from __future__ import annotations

from collections.abc import Iterable

from ffcl import LearnerSpec, hookimpl


@hookimpl
def ffcl_learners() -> Iterable[LearnerSpec]:
    """Offer ``ff``."""
    from ffcl_ff.hyperparameters import FFHyperparameters

    yield LearnerSpec(
        "ff",
        "Forward-Forward: each layer learns by its own goodness",
        FFHyperparameters,
        "ffcl_ff.learner:FF",
        offers=frozenset({"scores", "features"}),
        default=True,
    )
