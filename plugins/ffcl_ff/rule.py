"""The Forward-Forward rule as pure functions on tensors.

A layer's output h has the squared Euclidean goodness g = |h|^2. Its probability P that the label shown with
the input is the right one is raised on right labels and lowered on wrong ones, by the layer's own binary
cross-entropy (Hinton 2022, arXiv 2212.13345; Terres-Escudero et al. 2024, arXiv 2406.16479). Everything here
works with the log-odds of P, log P/(1 - P), which do not saturate.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits


def sigmoid_log_odds(h: Tensor, theta: float, alpha: float) -> Tensor:
    """Log-odds of P = sigmoid(alpha (|h|^2 - theta)), for h (..., neurons)."""
    return alpha * (h.square().sum(-1) - theta)


def symmetric_log_odds(h: Tensor, epsilon: float) -> Tensor:
    """Log-odds of P = (g+ + epsilon) / (g+ + g- + 2 epsilon), for h (..., neurons).

    The first half of the neurons is positive, g+ its goodness, the second half negative (arXiv 2406.16479;
    "polar" in arXiv 2409.07387).
    """
    half = h.shape[-1] // 2
    positive = h[..., :half].square().sum(-1)
    negative = h[..., half:].square().sum(-1)
    return torch.log(positive + epsilon) - torch.log(negative + epsilon)


def layer_loss(right: Tensor, wrong: Tensor, exists: Tensor) -> Tensor:
    """Binary cross-entropy of one layer's log-odds.

    Args:
        right: log-odds under the right labels (batch,).
        wrong: log-odds under wrong labels (batch,).
        exists: which samples have a wrong label, boolean (batch,).

    Returns:
        The mean over all the phases there are, a scalar.
    """
    log_odds = torch.cat([right, wrong])
    target = torch.cat([torch.ones_like(right), torch.zeros_like(wrong)])
    weight = torch.cat([torch.ones_like(exists), exists]).to(log_odds)
    total = binary_cross_entropy_with_logits(log_odds, target, weight, reduction="sum")
    return total / weight.sum()


def normalise(h: Tensor) -> Tensor:
    """Scale each row of h (..., neurons) to mean square 1: the next layer sees the direction, not the goodness."""
    return h * torch.rsqrt(h.square().mean(-1, keepdim=True) + 1e-6)
