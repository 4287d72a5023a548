"""Back-propagation, the baseline."""

from __future__ import annotations

from collections.abc import Iterable

from ffcl import LearnerSpec, hookimpl


@hookimpl
def ffcl_learners() -> Iterable[LearnerSpec]:
    """Offer ``bp``."""
    from ffcl_bp.hyperparameters import BPHyperparameters

    yield LearnerSpec(
        "bp",
        "back-propagation: an MLP with one growing head",
        BPHyperparameters,
        "ffcl_bp.learner:BP",
        offers=frozenset({"scores", "features"}),
        default=True,
    )
