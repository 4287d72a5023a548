"""The rule as pure functions on tensors; nothing here is differentiated.

A group of k linear neurons with weights W (k, features) sees inputs d of its own class only. Oja's subspace rule
(Oja 1989, Int. J. Neural Systems 1, 61-68; for one neuron Oja 1982, J. Math. Biology 15, 267-273)

    y = W d,    dW = eta (y d^T - y (W^T y)^T)

is Hebbian on the sample d and anti-Hebbian on the group's own reconstruction W^T y. The rows of W come to span the k
principal components of the inputs. How well a sample fits is its negative residual, -|d - W^T y|^2.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Gain = Callable[[int, Tensor], Tensor]
"""The postsynaptic factor of an update: from the position of a sample and the outputs (k,) to g (k,)."""


def unit(x: Tensor) -> Tensor:
    """Each row of ``x`` (n, features) divided by its length; a row of zeros stays as it is."""
    length: Tensor = x.norm(dim=1, keepdim=True)
    return x / length.clamp_min(1e-12)


def centre(x: Tensor, mean: Tensor, count: Tensor) -> tuple[Tensor, Tensor]:
    """Take from each sample the mean of all samples up to it, itself included.

    Args:
        x: samples in order (n, features).
        mean: mean of the samples before them (features,).
        count: number of samples before them, a scalar.

    Returns:
        The centred samples (n, features), and the mean afterwards (features,).
    """
    total = count + torch.arange(1, len(x) + 1, device=x.device)
    means = mean + (x - mean).cumsum(0) / total.unsqueeze(1)
    return x - means, means[-1]


def step_sizes(energy: Tensor, earlier: Tensor, count: Tensor, step: float, decay_samples: float) -> Tensor:
    """The step for each sample: eta = step / (1 + n / decay_samples) / (energy of an input).

    The energy is the running mean of |d|^2, or the sample's own where that is larger: eta |d|^2 <= step <= 1, and
    no sample can overthrow the weights.

    Args:
        energy: |d|^2 of the samples in order (n,).
        earlier: sum of the energies before them, a scalar.
        count: number of samples before them, a scalar.
        step: first step size for inputs of energy 1.
        decay_samples: number of samples at which it has halved.

    Returns:
        Step sizes (n,).
    """
    before = count + torch.arange(len(energy), device=energy.device)
    typical = (earlier + energy.cumsum(0)) / (before + 1)
    return step / (1 + before / decay_samples) / torch.maximum(typical, energy).clamp_min(torch.finfo(energy.dtype).eps)


def subspace_steps(weight: Tensor, d: Tensor, gain: Gain) -> Tensor:
    """Oja's subspace rule, one sample after the other: W <- W + g_t (d_t - W^T y_t)^T with y_t = W d_t.

    The weights stay combinations W = M [W_0; d] of the first weights and the samples, and y_t needs only their inner
    products. So the small M (k, k + n) is what is updated sample by sample, and W is touched once for a whole batch.
    The result is that of the plain loop but for rounding, however the samples are cut into batches.

    Args:
        weight: W_0 (k, features).
        d: centred samples in order (n, features).
        gain: returns g_t (k,) for the position t of a sample and its y_t (k,).

    Returns:
        The weights afterwards (k, features).
    """
    k = len(weight)
    basis = torch.cat([weight, d])
    products = d @ basis.T
    mixture = torch.eye(k, len(basis), dtype=weight.dtype, device=weight.device)
    for t in range(len(d)):
        y = mixture @ products[t]
        g = gain(t, y)
        mixture.addr_(g, y @ mixture, alpha=-1)
        mixture[:, k + t] += g
    return mixture @ basis


def scalar_gain(eta: Tensor) -> Gain:
    """g_t = eta_t y_t: Oja's rule as it was published, with a step size for each sample (n,)."""
    steps = eta.tolist()
    return lambda t, y: steps[t] * y


def recursive_gain(inverse: Tensor, count: int, recency: float) -> Gain:
    """g_t = P_t y_t with P_t the inverse of the summed output correlations: steps by recursive least squares.

    Oja's rule with a step for each direction, small where much has been seen: PAST (Yang 1995, IEEE Trans. Signal
    Processing 43, 95-107). P_t^-1 = b_t P_(t-1)^-1 + y_t y_t^T, where b_t = 1 - r / (t + r) weights sample t by about
    t^r, since early outputs came from weights that had learned little.

    Args:
        inverse: P (k, k), updated in place.
        count: number of samples before these.
        recency: the exponent r, 0 to 1; at 0 all samples weigh the same.
    """

    def gain(t: int, y: Tensor) -> Tensor:
        keep = 1 - recency / (count + t + 1 + recency)
        along = inverse @ y
        scale = (keep + y @ along).rsqrt()
        root = along * scale
        inverse.sub_(torch.outer(root, root)).div_(keep)  # exactly symmetric: rounding does not add up
        return root * scale

    return gain


def goodness(x: Tensor, weight: Tensor, mean: Tensor) -> Tensor:
    """Negative residual -|d - W^T y|^2 of each sample in each group, with d = x - mean and y = W d.

    Written out as 2 |y|^2 - |d|^2 - y^T (W W^T) y, which does not ask for orthonormal rows, and with one product
    of the samples with all weights.

    Args:
        x: samples (n, features).
        weight: weights of all groups (groups, k, features).
        mean: their means (groups, features).

    Returns:
        The goodness (n, groups).
    """
    of_mean = torch.einsum("gkf,gf->gk", weight, mean)
    y = (x @ weight.flatten(0, 1).T).view(len(x), *of_mean.shape) - of_mean
    energy = x.square().sum(1, keepdim=True) - 2 * x @ mean.T + mean.square().sum(1)
    gram = weight @ weight.mT
    feedback = torch.einsum("ngk,gkl->ngl", y, gram)
    return (y * (2 * y - feedback)).sum(2) - energy


def generalised_hebbian_step(weight: Tensor, x: Tensor, eta: float) -> Tensor:
    """Sanger's rule, whose rows become the principal components one by one, averaged over a batch.

    dW = eta (y x^T - LT(y y^T) W) with y = W x and LT the lower triangle (Sanger 1989, Neural Networks 2, 459-473).
    Where eta times an eigenvalue of the mean x x^T or y y^T is above 2 the weights could grow without end: eta is then
    lowered until the largest of these products is 1.

    Args:
        weight: W (k, features).
        x: inputs (n, features).
        eta: step size, at most.

    Returns:
        The weights afterwards (k, features).
    """
    y = x @ weight.T
    step = eta / len(x)
    if step * max(float(z.square().sum()) for z in (x, y)) > 2:  # the sum of all eigenvalues, found faster
        largest = max(float(torch.linalg.matrix_norm(z, 2)) for z in (x, y)) ** 2
        step = step if step * largest <= 2 else 1 / largest
    return weight + step * (y.T @ x - torch.tril(y.T @ y) @ weight)


def spike_rates(current: Tensor, potential: Tensor, steps: int) -> Tensor:
    """Rates of integrate-and-fire neurons driven by a constant current: floor(steps current + potential) / steps.

    A neuron adds its current to its potential at every step and fires at 1, which is then subtracted. After all steps
    it has fired floor(steps current + potential) times: counted here at once. Deterministic, unlike a Poisson code.

    Args:
        current: inputs (n, ...); clamped to 0 to 1.
        potential: where each neuron starts, 0 to 1 (...).
        steps: number of time steps.

    Returns:
        Spikes a step (n, ...), 0 to 1.
    """
    return torch.floor(steps * current.clamp(0, 1) + potential) / steps
