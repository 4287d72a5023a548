"""The learner: a prototype of each class moves towards the samples of its class."""

import torch
from torch import Tensor, nn

from ffcl.learner import Learner
from ffcl_prototype import PrototypeHyperparameters


class Prototype(Learner[PrototypeHyperparameters]):
    """Scores a class by the squared distance of the input to its prototype."""

    def __init__(self, input_shape: tuple[int, ...], hyperparameters: PrototypeHyperparameters) -> None:
        super().__init__(input_shape, hyperparameters)
        self.prototypes = nn.Parameter(torch.empty(0, torch.Size(input_shape).numel()))

    def begin_experience(self, classes: tuple[int, ...]) -> None:
        """A new class starts with a prototype of zeros."""
        missing = max(0, max(classes) + 1 - len(self.prototypes))
        new = torch.zeros(missing, self.prototypes.shape[1])
        self.prototypes = nn.Parameter(torch.cat([self.prototypes.detach(), new]))

    def forward(self, x: Tensor) -> Tensor:
        """The negative squared distances (batch, classes seen)."""
        return -(x.flatten(1).unsqueeze(1) - self.prototypes).square().sum(2)

    def loss(self, x: Tensor, y: Tensor, allowed: Tensor | None) -> Tensor:
        """Half the squared distance to the prototype of the sample's own class, averaged over the batch."""
        return 0.5 * (x.flatten(1) - self.prototypes[y]).square().sum(1).mean()
