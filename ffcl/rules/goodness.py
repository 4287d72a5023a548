"""What a layer's goodness says of the label it was shown, and how that modulates its synapses.

A layer's output h has the squared Euclidean goodness g = |h|^2. *Evidence* is a function of it, the log-odds that
the label shown is the right one; a *contrast* is a loss that raises the evidence of right labels and lowers that
of wrong ones. The gradient of the loss with respect to a weight is then a product of three factors, modulator x
postsynaptic x presynaptic activity (Hinton 2022, arXiv 2212.13345; Terres-Escudero et al. 2024, arXiv 2406.16479,
who show it). Everything is in closed form: nothing here is differentiated.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import softplus

Probability = Literal["sigmoid", "symmetric"]
Contrast = Literal["each", "pair"]


def squared_norm(h: Tensor) -> Tensor:
    """|h|^2 over the last dimension of h (..., neurons), summed in float32 or wider: (...)."""
    wide = torch.promote_types(h.dtype, torch.float32)
    norm: Tensor = torch.linalg.vector_norm(h, dim=-1, dtype=wide)
    return norm.square()


@dataclass(frozen=True)
class Evidence:
    """How goodness becomes the log-odds that a label is right.

    Attributes:
        probability: ``"sigmoid"``: P = sigmoid(alpha (g - theta)), the more goodness the better.
            ``"symmetric"``: P = (g+ + epsilon) / (g+ + g- + 2 epsilon), where the first half of the neurons makes
            g+ and the rest g- (arXiv 2406.16479; "polar" in arXiv 2409.07387).
        theta: threshold of the sigmoid.
        alpha: its slope.
        epsilon: floor of the two goodnesses.
    """

    probability: Probability
    theta: float
    alpha: float
    epsilon: float

    def groups(self, h: Tensor) -> tuple[Tensor, ...]:
        """The groups of neurons that have a goodness each, as views of h (..., neurons): all, or the two halves."""
        if self.probability == "sigmoid":
            return (h,)
        half = h.shape[-1] // 2
        return h[..., :half], h[..., half:]

    def goodness(self, h: Tensor) -> Tensor:
        """The goodness of each group of neurons, for h (..., neurons): (..., groups), with 1 or 2 groups."""
        return torch.stack([squared_norm(group) for group in self.groups(h)], dim=-1)

    def log_odds(self, goodness: Tensor) -> Tensor:
        """Log-odds of P (...), for goodness (..., groups)."""
        if self.probability == "sigmoid":
            return self.alpha * (goodness[..., 0] - self.theta)
        logarithm = torch.log(goodness + self.epsilon)
        return logarithm[..., 0] - logarithm[..., 1]

    def slope(self, goodness: Tensor) -> Tensor:
        """The derivative of the log-odds by each group's goodness: (..., groups)."""
        if self.probability == "sigmoid":
            return torch.full_like(goodness, self.alpha)
        return 1.0 / ((goodness + self.epsilon) * goodness.new_tensor([1.0, -1.0]))

    def per_neuron(self, factor: Tensor, neurons: int) -> Tensor:
        """Give each neuron its group's factor: from (..., groups) to (..., neurons), or (..., 1) for one group."""
        if self.probability == "sigmoid":
            return factor
        half = neurons // 2
        first, second = factor[..., :1], factor[..., 1:]
        shape = factor.shape[:-1]
        return torch.cat([first.expand(*shape, half), second.expand(*shape, neurons - half)], dim=-1)


def contrast(kind: Contrast, log_odds: Tensor, exists: Tensor) -> tuple[Tensor, Tensor]:
    """The loss of a layer, and its derivative by the log-odds.

    ``"each"`` is the binary cross-entropy of every phase for itself (Hinton 2022). ``"pair"`` is softplus(wrong -
    right): only the difference between the two phases of one sample counts, and no threshold is needed (Lee & Song
    2023, SymBa, arXiv 2303.08418). A sample without a wrong label has no wrong phase, and no pair.

    Args:
        kind: which of the two.
        log_odds: of the right labels in row 0, of the wrong ones in row 1 (2, batch).
        exists: which samples have a wrong label, boolean (batch,).

    Returns:
        The mean over phases or pairs, a scalar, and its derivative (2, batch).
    """
    right, wrong = log_odds
    there = exists.to(log_odds)
    if kind == "pair":
        n = there.sum().clamp(min=1.0)
        push = there * torch.sigmoid(wrong - right) / n
        return (there * softplus(wrong - right)).sum() / n, torch.stack([-push, push])
    n = len(right) + there.sum()
    value = (softplus(-right) + there * softplus(wrong)).sum() / n
    return value, torch.stack([torch.sigmoid(right) - 1.0, there * torch.sigmoid(wrong)]) / n


def modulated(post: Tensor, modulator: Tensor) -> Tensor:
    """Two of the three factors: 2 modulator x post, for post (..., neurons) and dL/dg (..., neurons or 1).

    The third is the presynaptic activity: the update of the weights is modulated(post, m).T @ pre. The 2 is the
    derivative of the square in the goodness.
    """
    return post * (2.0 * modulator).to(post.dtype)


def normalise(x: Tensor) -> Tensor:
    """Scale each row of x (..., n) to mean square 1: only its direction is left."""
    return x * inverse_mean_square(x.square().sum(-1, keepdim=True), x.shape[-1]).sqrt()


def inverse_mean_square(squared_norm: Tensor, n: int) -> Tensor:
    """1 / (|h|^2 / n), with a floor: the factor by which normalising h (n,) multiplies its goodness."""
    return n / (squared_norm + 1e-6 * n)
