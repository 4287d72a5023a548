"""The learner: one group of Oja neurons a class, scored by how well it reconstructs a sample."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ffcl.errors import LearnerError
from ffcl.learner import Learner
from ffcl_oja import rule
from ffcl_oja.frontend import ConvFrontEnd
from ffcl_oja.hyperparameters import OjaHyperparameters

SAMPLES_AT_ONCE = 64  # the Gram matrix of more costs time and saves none


class Oja(Learner[OjaHyperparameters]):
    """Class c owns k linear neurons and a mean, which only samples of class c ever touch.

    The score of a class is the goodness -|d - W^T W d|^2 of its group, d being the features, scaled to length 1, less
    the group's mean. The label of a training sample decides which group learns; nothing else crosses groups, so what a
    group knows at the end does not depend on when other classes came, or whether they came at all.

    With ``features="conv"`` the filters learn from the first samples of the first experience. Groups learn meanwhile,
    provisionally, and begin to count anew once the filters are frozen.
    """

    counts: Tensor
    energies: Tensor
    inverses: Tensor
    potential: Tensor

    def __init__(self, input_shape: tuple[int, ...], hyperparameters: OjaHyperparameters) -> None:
        super().__init__(input_shape, hyperparameters)
        hp = hyperparameters
        self.register_buffer("counts", torch.empty(0, dtype=torch.int64))
        self.register_buffer("energies", torch.empty(0))
        self.frontend = (
            ConvFrontEnd(input_shape, hp.filters, hp.filter_size, hp.pool, hp.filter_samples)
            if hp.features == "conv"
            else None
        )
        if hp.encoding == "spikes":
            self.register_buffer("potential", torch.rand(input_shape))
        features = self._features(torch.zeros(1, *input_shape)).shape[1]
        if hp.neurons >= features:
            raise LearnerError(
                f"oja.neurons must be fewer than the {features} features, got {hp.neurons}: "
                "as many would reconstruct every sample."
            )
        self.weight = nn.Parameter(torch.empty(0, hp.neurons, features), requires_grad=False)
        self.mean = nn.Parameter(torch.empty(0, features), requires_grad=False)
        self.register_buffer("inverses", torch.empty(0, hp.neurons, hp.neurons))

    @torch.no_grad()
    def begin_experience(self, classes: tuple[int, ...]) -> None:
        """Draw the groups of new classes, each weight from N(0, 1 / features); end the learning of the filters."""
        if self.frontend is not None and self.frontend.learned > 0 and not self.frontend.frozen:
            self.frontend.freeze()
            self._count_anew()
        missing = max(0, max(classes) + 1 - len(self.counts))
        _, k, features = self.weight.shape
        drawn = [self.weight.new_empty(1, k, features).normal_(std=features**-0.5) for _ in range(missing)]
        self.weight = nn.Parameter(torch.cat([self.weight, *drawn]), requires_grad=False)
        self.mean = nn.Parameter(torch.cat([self.mean, self.mean.new_zeros(missing, features)]), requires_grad=False)
        self.counts = torch.cat([self.counts, self.counts.new_zeros(missing)])
        self.energies = torch.cat([self.energies, self.energies.new_zeros(missing)])
        self.inverses = torch.cat([self.inverses, self._first_inverse().expand(missing, k, k)])

    def _first_inverse(self) -> Tensor:
        """What P starts as: as if outputs of energy ``prior`` had been seen in every direction."""
        return torch.eye(self.hyperparameters.neurons).to(self.inverses) / self.hyperparameters.prior

    def _count_anew(self) -> None:
        """What a group has seen of filters that were still learning counts for nothing."""
        self.counts.zero_()
        self.energies.zero_()
        self.inverses[:] = self._first_inverse()

    @torch.no_grad()
    def forward(self, x: Tensor) -> Tensor:
        """The goodness of every class seen (batch, classes seen)."""
        return rule.goodness(self._features(x), self.weight, self.mean)

    @torch.no_grad()
    def observe(self, x: Tensor, y: Tensor, allowed: Tensor | None) -> None:
        """Let each group learn from the samples of its class, in their order; ``allowed`` plays no part."""
        if self.frontend is not None and not self.frontend.frozen:
            self.frontend.learn(self._encoded(x))
            if self.frontend.frozen:
                self._count_anew()
        features = self._features(x)
        for label in y.unique().tolist():
            for part in features[y == label].split(SAMPLES_AT_ONCE):
                self._learn(label, part)

    def _learn(self, label: int, x: Tensor) -> None:
        """Oja's rule for one group and samples (n, features) of its class."""
        hp, count, earlier = self.hyperparameters, self.counts[label], self.energies[label]
        d, self.mean[label] = rule.centre(x, self.mean[label], count)
        energy = d.square().sum(1)
        if hp.gain == "recursive":
            gain = rule.recursive_gain(self.inverses[label], int(count), hp.recency)
        else:
            gain = rule.scalar_gain(rule.step_sizes(energy, earlier, count, hp.step, hp.decay_samples))
        self.weight[label] = rule.subspace_steps(self.weight[label], d, gain)
        self.counts[label] += len(x)
        self.energies[label] += energy.sum()

    def _encoded(self, x: Tensor) -> Tensor:
        """The input as the network gets it, (batch, *input_shape)."""
        x = x.to(self.energies)
        if self.hyperparameters.encoding == "spikes":
            return rule.spike_rates(x, self.potential, self.hyperparameters.steps)
        return x

    def _features(self, x: Tensor) -> Tensor:
        """Features of length 1 (batch, features)."""
        x = self._encoded(x)
        return rule.unit(x.flatten(1) if self.frontend is None else self.frontend(x))
