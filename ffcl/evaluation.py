"""Accuracy on a test set, outside the training loop, drawing nothing from its random numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ffcl.errors import LearnerError
from ffcl.learner import Learner
from ffcl.stream import Experience, Stream

BATCH = 1000

Score = Callable[[Tensor], Tensor]
"""From samples (batch, *input_shape) to scores (batch, classes seen): the learner, or what a strategy makes of it."""


@torch.no_grad()
def accuracy(
    learner: Learner[Any],
    experience: Experience,
    n_classes: int,
    allowed: Tensor | None,
    score: Score | None = None,
) -> float:
    """The share of ``experience``'s test samples whose highest allowed score is that of their label.

    A sample whose class has not been seen counts as wrong.

    Args:
        learner: the learner, in evaluation mode.
        experience: the experience whose test set is used.
        n_classes: classes seen so far.
        allowed: the stream's table of allowed labels for each task (tasks, labels), or None.
        score: how samples are scored, if not by the learner itself.

    Raises:
        LearnerError: scores of the wrong shape, or not finite.
    """
    if not is_scored(experience, n_classes, allowed):
        return 0.0
    samples, correct = experience.test, 0
    row = None if allowed is None else allowed[experience.task, :n_classes]
    for index in torch.arange(len(samples)).split(BATCH):
        scores = checked_scores(learner, samples.inputs(index), n_classes, score)
        if row is not None:
            scores = scores.masked_fill(~row, -torch.inf)
        correct += int((scores.argmax(1) == samples.y[index]).sum())
    return correct / len(samples)


def is_scored(experience: Experience, n_classes: int, allowed: Tensor | None) -> bool:
    """Whether any of an experience's test samples can be answered rightly; if not, the learner is not asked."""
    if not bool((experience.test.y < n_classes).any()):
        return False
    return allowed is None or bool(allowed[experience.task, :n_classes].any())


def n_scored(stream: Stream, n_classes: int) -> int:
    """Samples that `accuracy_row` scores."""
    return sum(len(e.test) for e in stream.experiences if is_scored(e, n_classes, stream.allowed))


def n_choices(stream: Stream, n_classes: int) -> list[int]:
    """For each experience, how many labels may be chosen for its samples once ``n_classes`` have been seen."""
    if stream.allowed is None:
        return [n_classes] * len(stream.experiences)
    return [int(stream.allowed[e.task, :n_classes].sum()) for e in stream.experiences]


def checked_scores(learner: Learner[Any], x: Tensor, n_classes: int, score: Score | None = None) -> Tensor:
    """The learner's scores for ``x``.

    Raises:
        LearnerError: they are not finite, or not of shape (batch, classes seen).
    """
    scores = (score or learner)(x)
    name = type(learner).__name__
    if not isinstance(scores, Tensor) or scores.shape != (len(x), n_classes):
        shape = tuple(scores.shape) if isinstance(scores, Tensor) else type(scores).__name__
        raise LearnerError(
            f"{name}.forward() must return scores of shape (batch, classes seen) = ({len(x)}, {n_classes}), "
            f"got {shape}."
        )
    if not torch.isfinite(scores).all():
        raise LearnerError(f"{name}.forward() returned scores that are not finite.")
    return scores


def accuracy_row(learner: Learner[Any], stream: Stream, n_classes: int, score: Score | None = None) -> list[float]:
    """Accuracy on every experience's test set, future ones included."""
    was_training = learner.training
    learner.eval()
    try:
        return [accuracy(learner, e, n_classes, stream.allowed, score) for e in stream.experiences]
    finally:
        learner.train(was_training)
