"""A learner under test, and the made-up data it is tested on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

from ffcl.learner import Learner
from ffcl.parameters import Parameters
from ffcl.randomness import reproducible
from ffcl.specs import LearnerSpec, resolve

SHAPE = (1, 6, 6)
FIRST, SECOND = (0, 1), (2, 3)
BATCH = 16


class ContractError(AssertionError):
    """A learner does not keep the contract; the message says which part and how."""


@dataclass(frozen=True)
class Case:
    """A learner under test: builds it, and makes it learn as the run loop would."""

    spec: LearnerSpec
    hyperparameters: Parameters

    def build(self) -> Learner[Any]:
        """A fresh learner."""
        learner: Learner[Any] = resolve(self.spec.learner)(SHAPE, self.hyperparameters)
        return learner

    def learn(
        self,
        learner: Learner[Any],
        classes: tuple[int, ...],
        steps: int = 5,
        salt: int = 0,
        size: int = BATCH,
    ) -> None:
        """Train for a few batches of these classes, with a fresh optimizer."""
        learner.train()
        optimizer = None if self.spec.rule == "observe" else learner.optimizer()
        for step in range(steps):
            x, y = samples(classes, size, 1000 * salt + step)
            self.step(learner, optimizer, x, y, None)

    def step(
        self,
        learner: Learner[Any],
        optimizer: torch.optim.Optimizer | None,
        x: Tensor,
        y: Tensor,
        allowed: Tensor | None,
    ) -> None:
        """One update."""
        if optimizer is None:
            learner.observe(x, y, allowed)
            return
        optimizer.zero_grad()
        loss = learner.loss(x, y, allowed)
        expect(loss.dim() == 0, f"loss() returned shape {tuple(loss.shape)}, not a scalar")
        expect(bool(torch.isfinite(loss)), f"loss() returned {loss.item()}")
        loss.backward()
        optimizer.step()

    def two_experiences(self) -> Learner[Any]:
        """A learner that has been through two experiences of two classes each."""
        learner = self.build()
        for salt, classes in enumerate((FIRST, SECOND)):
            learner.begin_experience(classes)
            self.learn(learner, classes, salt=salt)
        return learner


def samples(classes: tuple[int, ...], size: int, salt: int) -> tuple[Tensor, Tensor]:
    """Made-up samples in 0 to 1, easy to tell apart: each class has its own bright pixels.

    Returns:
        Inputs (size, *SHAPE) and labels (size,).
    """
    generator = torch.Generator().manual_seed(salt)
    y = torch.tensor(classes)[torch.arange(size) % len(classes)]
    x = 0.3 * torch.rand(size, *SHAPE, generator=generator)
    pixels = torch.arange(36).view(SHAPE) % 4
    return x + 0.7 * (pixels == y.view(-1, 1, 1, 1)), y


strictly_reproducible = partial(reproducible, fill_memory=True)
"""As runs are, and a rule that reads memory before it has written there gets NaN."""


def expect(holds: bool, otherwise: str) -> None:
    """Raise ContractError with the message ``otherwise`` unless ``holds``."""
    if not holds:
        raise ContractError(otherwise)


@torch.no_grad()
def scores_of(learner: Learner[Any], x: Tensor) -> Tensor:
    """Scores in evaluation mode, under a fixed seed."""
    learner.eval()
    with strictly_reproducible(1):
        scores: Tensor = learner(x)
    return scores


@contextmanager
def unchanged(what: str, *tensors: Tensor) -> Iterator[None]:
    """Check that the block inside leaves these tensors as they are."""
    before = [t.clone() for t in tensors]
    yield
    same = all(torch.equal(a, b) for a, b in zip(before, tensors, strict=True))
    expect(same, f"{what} changed the tensors it was given")
