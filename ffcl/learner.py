"""The learner contract: a network that knows its own learning rule."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Generic, Literal, TypeVar

import torch
from torch import Tensor, nn

from ffcl.errors import LearnerError
from ffcl.parameters import Parameters

H = TypeVar("H", bound=Parameters)


class Learner(nn.Module, ABC, Generic[H]):
    """A network and its learning rule; the run loop brings the data and applies the updates.

    Labels are numbered in the order in which classes arrive, so label ``k`` is column ``k`` of the scores.
    Every random number is drawn from torch's global generator, which belongs to the learner alone while it
    runs. A learner keeps all that it learned in parameters and buffers, so that ``state_dict`` is its state.

    Attributes:
        input_shape: the shape of one sample, for example (1, 28, 28).
        hyperparameters: the frozen hyper-parameters.
    """

    def __init__(self, input_shape: tuple[int, ...], hyperparameters: H) -> None:
        super().__init__()
        self.input_shape = input_shape
        self.hyperparameters = hyperparameters

    @abstractmethod
    def begin_experience(self, classes: tuple[int, ...]) -> None:
        """Make room for the labels of the experience that begins.

        Called once before each experience, also when all of its classes are known already. Afterwards the
        learner scores every label from 0 to the largest seen so far.

        Args:
            classes: the labels in this experience's training data, in increasing order; for a fresh copy that
                a strategy has learn again from all data, all labels seen so far.
        """

    @abstractmethod
    def forward(self, x: Tensor) -> Tensor:
        """Score every class seen so far; the highest score is the prediction.

        The scores of a sample do not depend on the rest of its batch, and nothing is changed.

        Args:
            x: samples (batch, *input_shape).

        Returns:
            Scores (batch, classes seen).
        """

    def features(self, x: Tensor) -> Tensor:
        """What the learner makes of a sample before it decides on a class; for learners that offer ``"features"``.

        Args:
            x: samples (batch, *input_shape).

        Returns:
            Features (batch, n).
        """
        raise NotImplementedError(f"{type(self).__name__} defines no features().")

    def loss(self, x: Tensor, y: Tensor, allowed: Tensor | None) -> Tensor:
        """Return a scalar whose gradient with respect to the parameters is the update.

        For back-propagation the cross-entropy; for Forward-Forward the sum of the layers' local losses; for a
        rule written by hand what `as_gradient` makes of its updates.

        Args:
            x: samples (batch, *input_shape).
            y: labels (batch,).
            allowed: the classes that may be chosen for each sample, boolean (batch, classes seen); None
                allows all of them. Losses and negatives stay inside.
        """
        raise NotImplementedError(f"{type(self).__name__} defines no loss().")

    def observe(self, x: Tensor, y: Tensor, allowed: Tensor | None) -> None:
        """Learn from a batch by a rule that is no gradient step (counts, prototypes, covariances).

        The alternative to `loss`, with the same arguments, for learners registered with ``rule="observe"``.
        """
        raise NotImplementedError(f"{type(self).__name__} defines no observe().")

    def optimizer(self) -> torch.optim.Optimizer:
        """The optimizer that applies the gradients of `loss`: Adam with the hyper-parameter ``lr``."""
        lr = getattr(self.hyperparameters, "lr", None)
        if lr is None:
            raise LearnerError(
                f"{type(self).__name__} has no hyper-parameter `lr`; define it, or override optimizer()."
            )
        return torch.optim.Adam(self.parameters(), lr=lr, fused=True)

    def step_size(self, progress: float) -> float:
        """What the optimizer's step sizes are multiplied by; 1 unless overridden.

        Args:
            progress: the share of the experience's training that is done, 0 to 1.
        """
        return 1.0


def step_size(schedule: Literal["constant", "cosine"], progress: float) -> float:
    """The factor of a schedule: cosine falls from 1 to 0 (Loshchilov & Hutter 2017, without restarts)."""
    return 0.5 * (1.0 + math.cos(math.pi * progress)) if schedule == "cosine" else 1.0


Pullback = Callable[[Tensor], Mapping[Tensor, Tensor]]
"""From the gradient of a loss by some values to its gradient by each parameter."""


class _WithGradient(torch.autograd.Function):
    """Values with a gradient written by hand: the way a rule without autograd joins one that has it."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, pullback: Pullback, *parameters: Tensor) -> Tensor:
        ctx.pullback, ctx.parameters = pullback, parameters
        return values.clone()

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        updates = ctx.pullback(grads[0])
        return (None, None, *(updates[parameter] for parameter in ctx.parameters))


def with_gradient(values: Tensor, pullback: Pullback, parameters: Iterable[Tensor]) -> Tensor:
    """Give values, the scores of a rule without autograd say, a gradient by these parameters.

    Args:
        values: computed without a graph.
        pullback: called in ``backward()`` with the gradient by ``values``; returns that by every parameter.
        parameters: what the values depend on.
    """
    result: Tensor = _WithGradient.apply(values, pullback, *parameters)
    return result


def as_gradient(value: Tensor, updates: Mapping[Tensor, Tensor], handed_over: bool = False) -> Tensor:
    """Wrap a hand-written rule as a loss: ``backward()`` on the result deposits exactly ``updates``.

    Optimizers, penalties (EWC, SI) and projections (GEM) then act on the rule as on any gradient, without
    knowing it. An optimizer descends, so an update is the *negative* of the direction to move in.

    Args:
        value: the scalar to report as loss.
        updates: for each parameter the tensor, of its shape, to use as its gradient.
        handed_over: nothing else holds these tensors or their memory. They then become the gradients without being
            copied, which spares a rule up to a sixth of a step, and ``backward()`` can be called once.

    Raises:
        LearnerError: an update has another shape than its parameter.
    """
    for parameter, update in updates.items():
        if parameter.shape != update.shape:
            raise LearnerError(
                f"An update of shape {tuple(update.shape)} was given for a parameter of shape {tuple(parameter.shape)}."
            )
    kept = dict(updates)

    def pullback(grad: Tensor) -> dict[Tensor, Tensor]:
        if handed_over and not kept:
            raise LearnerError("backward() was called again on updates that were handed over to the first call.")
        given = dict(kept)
        if handed_over:
            kept.clear()  # autograd copies what somebody else holds
            if grad.item() == 1.0:
                return given
        return {parameter: grad * update for parameter, update in given.items()}

    return with_gradient(value, pullback, updates)
