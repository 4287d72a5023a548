"""The three-factor rule as pure functions on tensors; nothing here is differentiated.

Forward-Forward with the goodness g = |trace|^2 and the loss L has, for a layer with input ``pre``, the update
dL/dW = 2 (dL/dg) post pre^T: a modulator, one scalar a sample, times post- and presynaptic activity
(Terres-Escudero et al. 2024, arXiv 2406.16479). The modulators below are dL/dg of the binary cross-entropy in
closed form.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import softplus


def sigmoid_log_odds(trace: Tensor, theta: float, alpha: float) -> Tensor:
    """Log-odds of P = sigmoid(alpha (|trace|^2 - theta)), for traces (..., neurons)."""
    return alpha * (trace.square().sum(-1) - theta)


def symmetric_log_odds(trace: Tensor, epsilon: float) -> Tensor:
    """Log-odds of P = (g+ + epsilon) / (g+ + g- + 2 epsilon): first half of the neurons positive, rest negative."""
    half = trace.shape[-1] // 2
    positive, negative = trace[..., :half].square().sum(-1), trace[..., half:].square().sum(-1)
    return torch.log(positive + epsilon) - torch.log(negative + epsilon)


def cross_entropy(log_odds: Tensor, target: Tensor) -> Tensor:
    """Binary cross-entropy of each sample (n,) against targets of 0 and 1."""
    return softplus(log_odds) - target * log_odds


def sigmoid_modulator(trace: Tensor, target: Tensor, theta: float, alpha: float) -> Tensor:
    """dL/dg = alpha (P - target) for each sample, the same for every neuron: (n, 1)."""
    error = torch.sigmoid(sigmoid_log_odds(trace, theta, alpha)) - target
    return (alpha * error).unsqueeze(1)


def symmetric_modulator(trace: Tensor, target: Tensor, epsilon: float) -> Tensor:
    """dL/dg+ = (P - target) / (g+ + e) for positive neurons, dL/dg- = -(P - target) / (g- + e) for negative.

    Returns:
        The modulator of each neuron (n, neurons).
    """
    half = trace.shape[1] // 2
    error = torch.sigmoid(symmetric_log_odds(trace, epsilon)) - target
    positive = error / (trace[:, :half].square().sum(1) + epsilon)
    negative = -error / (trace[:, half:].square().sum(1) + epsilon)
    n = trace.shape[1] - half
    return torch.cat([positive.unsqueeze(1).expand(-1, half), negative.unsqueeze(1).expand(-1, n)], dim=1)


def three_factor_update(modulator: Tensor, pre: Tensor, post: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Weighted sum over samples of 2 modulator x post x pre.

    Args:
        modulator: dL/dg, (n, 1) or (n, neurons).
        pre: presynaptic activity (n, inputs).
        post: postsynaptic trace (n, neurons).
        weight: weight of each sample in the loss (n,).

    Returns:
        The updates of weights (neurons, inputs) and biases (neurons,), as gradients: to be descended.
    """
    factor = 2.0 * weight.unsqueeze(1) * modulator * post
    return factor.T @ pre, factor.sum(0)
