"""The first claim: the gradient of the layer-local Forward-Forward loss is a three-factor Hebbian update."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, softplus

from ffcl.rules.goodness import Evidence, contrast, modulated

BOUND = 1e-12
EVIDENCE = {
    "sigmoid": Evidence("sigmoid", theta=3.5, alpha=0.3, epsilon=0.1),
    "symmetric": Evidence("symmetric", theta=3.5, alpha=0.3, epsilon=0.1),
}
Function = Callable[[Tensor], Tensor]
ACTIVATIONS: dict[str, tuple[Function, Function]] = {
    "relu": (torch.relu, lambda z: (z > 0).to(z)),
    "softplus": (softplus, torch.sigmoid),
    "sigmoid": (torch.sigmoid, lambda z: torch.sigmoid(z) * (1.0 - torch.sigmoid(z))),
    "linear": (lambda z: z, torch.ones_like),
}


@dataclass(frozen=True)
class Equivalence:
    """How far the two are apart: |three-factor - autograd| / |autograd| (Frobenius), weights and biases."""

    batch: str
    probability: str
    activation: str
    weights: float
    biases: float

    @property
    def holds(self) -> bool:
        """Whether both are below the bound."""
        return max(self.weights, self.biases) < BOUND


def equivalences(batches: dict[str, Tensor], neurons: int = 200) -> Iterator[Equivalence]:
    """Compare on each batch of presynaptic activity (2 n, inputs), of which the first half shows right labels.

    In float64, with random weights. Autograd differentiates the binary cross-entropy of the log-odds; the
    three-factor update is written out: modulator x presynaptic x postsynaptic activity, the latter being
    f(z) f'(z), which for a ReLU is its output.
    """
    for name, pre in batches.items():
        generator = torch.Generator().manual_seed(0)
        pre = pre.double()
        weights = torch.randn(neurons, pre.shape[1], generator=generator, dtype=torch.float64) * pre.shape[1] ** -0.5
        biases = 0.1 * torch.randn(neurons, generator=generator, dtype=torch.float64)
        for probability, evidence in EVIDENCE.items():
            for activation, (f, slope) in ACTIVATIONS.items():
                expected = _by_autograd(pre, weights, biases, evidence, f)
                found = _by_three_factors(pre, weights, biases, evidence, f, slope)
                apart = [float((a - b).norm() / b.norm()) for a, b in zip(found, expected, strict=True)]
                yield Equivalence(name, probability, activation, *apart)


def _by_autograd(pre: Tensor, weights: Tensor, biases: Tensor, evidence: Evidence, f: Function) -> tuple[Tensor, ...]:
    weights, biases = weights.clone().requires_grad_(), biases.clone().requires_grad_()
    h = f(pre @ weights.T + biases)
    if evidence.probability == "sigmoid":
        log_odds = evidence.alpha * (h.square().sum(1) - evidence.theta)
    else:
        positive, negative = (half.square().sum(1) + evidence.epsilon for half in h.chunk(2, dim=1))
        log_odds = torch.log(positive / negative)
    target = torch.ones(len(pre), dtype=pre.dtype)
    target[len(pre) // 2 :] = 0.0
    return torch.autograd.grad(binary_cross_entropy_with_logits(log_odds, target), (weights, biases))


@torch.no_grad()
def _by_three_factors(
    pre: Tensor, weights: Tensor, biases: Tensor, evidence: Evidence, f: Function, slope: Function
) -> tuple[Tensor, ...]:
    z = pre @ weights.T + biases
    goodness = evidence.goodness(f(z))
    there = torch.ones(len(pre) // 2, dtype=torch.bool)
    _, error = contrast("each", evidence.log_odds(goodness).view(2, -1), there)
    modulator = evidence.per_neuron(error.view(-1, 1) * evidence.slope(goodness), len(weights))
    post = modulated(f(z) * slope(z), modulator)
    return post.T @ pre, post.sum(0)
