"""Class-wise Oja subspaces: a local, generative rule that overwrites nothing."""

from __future__ import annotations

from collections.abc import Iterable

from ffcl import LearnerSpec, hookimpl


@hookimpl
def ffcl_learners() -> Iterable[LearnerSpec]:
    """Offer ``oja``."""
    from ffcl_oja.hyperparameters import OjaHyperparameters

    yield LearnerSpec(
        "oja",
        "a group of Oja neurons a class: each reconstructs its own class; new classes overwrite nothing",
        OjaHyperparameters,
        "ffcl_oja.learner:Oja",
        rule="observe",
        default=True,
        note=(
            "a generative one-class rule: each class has linear neurons of its own, on the input or on one frozen "
            "layer. New classes overwrite nothing, and share nothing; the state grows with each class."
        ),
    )
