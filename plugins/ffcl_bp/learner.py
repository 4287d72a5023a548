"""The back-propagation baseline."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from ffcl.learner import Learner, step_size
from ffcl.rules.precision import product_dtype
from ffcl_bp.hyperparameters import BPHyperparameters


class BP(Learner[BPHyperparameters]):
    """A multi-layer perceptron of ReLUs with a single head, trained by cross-entropy.

    The head gets a row for each class as it arrives, or has ``head`` rows from the start, of which those of classes to
    come are left out. The difference is in the optimizer's state: that of a head that grows begins anew, and that of
    one with all its rows goes on. Classes that are not allowed for a sample are left out of its cross-entropy.
    """

    def __init__(self, input_shape: tuple[int, ...], hyperparameters: BPHyperparameters) -> None:
        super().__init__(input_shape, hyperparameters)
        sizes = [torch.Size(input_shape).numel(), *[hyperparameters.hidden] * hyperparameters.layers]
        layers = [module for n_in, n_out in pairwise(sizes) for module in (nn.Linear(n_in, n_out), nn.ReLU())]
        self.body = nn.Sequential(nn.Flatten(), *layers)
        self.head: nn.Linear | None = None
        self.n_classes = 0

    def begin_experience(self, classes: tuple[int, ...]) -> None:
        """Widen the head where it has no row for a class; the others stay as they are."""
        self.n_classes = max(self.n_classes, max(classes) + 1)
        old = self.head
        missing = max(self.n_classes, self.hyperparameters.head) - (old.out_features if old else 0)
        if missing <= 0:
            return
        head = nn.Linear(self.hyperparameters.hidden, missing).to(next(self.body.parameters()))
        if old is not None:
            head.weight = nn.Parameter(torch.cat([old.weight.detach(), head.weight.detach()]))
            head.bias = nn.Parameter(torch.cat([old.bias.detach(), head.bias.detach()]))
            head.out_features += old.out_features
        self.head = head

    def optimizer(self) -> torch.optim.Optimizer:
        """Adam, or stochastic gradient descent."""
        if self.hyperparameters.optimizer == "adam":
            return super().optimizer()
        return torch.optim.SGD(self.parameters(), lr=self.hyperparameters.lr, momentum=self.hyperparameters.momentum)

    def step_size(self, progress: float) -> float:
        """The course of the step size, as ``schedule`` says."""
        return step_size(self.hyperparameters.schedule, progress)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (batch, classes seen)."""
        assert self.head is not None
        with self._precision():
            logits: Tensor = self.head(self.body(x))[:, : self.n_classes]
        return logits.to(self.head.weight.dtype)

    def features(self, x: Tensor) -> Tensor:
        """The last hidden layer's output (batch, hidden)."""
        with self._precision():
            features: Tensor = self.body(x)
        return features.float()

    def _precision(self) -> torch.autocast:
        assert self.head is not None
        weight = self.head.weight
        dtype = product_dtype(self.hyperparameters.precision, weight)
        return torch.autocast(weight.device.type, dtype=torch.bfloat16, enabled=dtype == torch.bfloat16)

    def loss(self, x: Tensor, y: Tensor, allowed: Tensor | None) -> Tensor:
        """Cross-entropy among the allowed classes."""
        logits = self(x)
        if allowed is not None:
            logits = logits.masked_fill(~allowed, -torch.inf)
        return cross_entropy(logits, y)
