"""Small streams, and training on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ffcl.learner import Learner
from ffcl.randomness import RandomSequence
from ffcl.stream import Experience, Stream, all_rows
from ffcl.testing.case import SHAPE, samples
from ffcl.training import Training, avalanche_train_stream
from ffcl_bp.hyperparameters import BPHyperparameters
from ffcl_bp.learner import BP


def stream_of(classes: Sequence[tuple[int, ...]], n: int = 48, by_task: bool = False) -> Stream:
    experiences = []
    for task, labels in enumerate(classes):
        train, test = (all_rows(*samples(labels, size, 10 * task + size)) for size in (n, n // 2))
        experiences.append(Experience(train, test, labels, task if by_task else 0))
    allowed = None
    if by_task:
        allowed = torch.zeros(len(classes), 1 + max(max(c) for c in classes), dtype=torch.bool)
        for task, labels in enumerate(classes):
            allowed[task, list(labels)] = True
    return Stream(tuple(experiences), tuple(classes), "made-up", allowed)


CLASS_INCREMENTAL = stream_of([(0, 1), (2, 3)])


def bp(hidden: int = 8) -> BP:
    return BP(SHAPE, BPHyperparameters(hidden=hidden, layers=1, lr=1e-2))


def trained(stream: Stream, learner: Learner[Any], plugins: Sequence[Any] = (), **options: Any) -> Training:
    training = Training(
        learner=learner,
        randomness=RandomSequence(1),
        plugins=plugins,
        **{"epochs": 2, "batch_size": 16, "allowed": stream.allowed, **options},
    )
    for (experience,) in avalanche_train_stream(stream):
        training.train(experience)
    return training


def weights(training: Training) -> Tensor:
    return torch.cat([p.detach().flatten() for p in training.learner.parameters()])
