"""Small streams, and back-propagation trained on them with plugins of strategies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

import small_training
from ffcl.randomness import reproducible
from ffcl.stream import Experience, Stream, all_rows
from ffcl.testing.case import SHAPE, samples
from ffcl.training import Training
from ffcl_bp.hyperparameters import BPHyperparameters
from ffcl_bp.learner import BP


def stream_of(classes: Sequence[tuple[int, ...]], by_task: bool = False) -> Stream:
    made = [
        Experience(all_rows(*samples(c, 48, i)), all_rows(*samples(c, 16, 90 + i)), c, i if by_task else 0)
        for i, c in enumerate(classes)
    ]
    allowed = torch.block_diag(*[torch.ones(1, len(c)) for c in classes]).bool() if by_task else None
    return Stream(tuple(made), tuple(classes), "made-up", allowed)


GROWING = stream_of([(0, 1), (2, 3)])
THREE = stream_of([(0, 1), (2, 3), (4, 5)])
RETURNING = stream_of([(0, 1, 2, 3), (0, 1, 2, 3), (0, 1, 2, 3)])


def trained(stream: Stream, plugins: Sequence[Any], kind: type[BP] = BP, **options: Any) -> Training:
    with reproducible(0):
        learner = kind(SHAPE, BPHyperparameters(hidden=8, layers=1, lr=1e-2))
        return small_training.trained(stream, learner, plugins, **{"epochs": 3, **options})
