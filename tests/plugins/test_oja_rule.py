"""Oja's rule itself, against calculations by hand and exact references."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from ffcl_oja import rule
from small_oja import make, overlap


def spread(n: int, features: int = 30) -> Tensor:
    """Gaussian samples with a falling spectrum, turned at random (n, features), float64."""
    generator = torch.Generator().manual_seed(0)
    turn, _ = torch.linalg.qr(torch.randn(features, features, generator=generator, dtype=torch.float64))
    scale = 0.7 ** torch.arange(features)
    return (torch.randn(n, features, generator=generator, dtype=torch.float64) * scale) @ turn


def test_one_update_by_hand() -> None:
    """W = [[1, 0, 0], [0, 2, 0]], d = (1, 1, 1): y = (1, 2), W^T y = (1, 4, 0), dW = 0.1 y (0, -3, 1)^T."""
    weight = torch.tensor([[1.0, 0.0, 0.0], [0.0, 2.0, 0.0]])
    after = rule.subspace_steps(weight, torch.ones(1, 3), rule.scalar_gain(torch.tensor([0.1])))
    torch.testing.assert_close(after, torch.tensor([[1.0, -0.3, 0.1], [0.0, 1.4, 0.2]]))


@pytest.mark.parametrize("cut", [1, 7, 40])
def test_a_batch_is_ojas_formula_sample_by_sample(cut: int) -> None:
    d, eta = spread(40), torch.linspace(0.5, 0.1, 40, dtype=torch.float64)
    plain = weight = torch.randn(4, 30, dtype=torch.float64) / 30**0.5
    for x, step in zip(d, eta, strict=True):
        y = plain @ x
        plain = plain + step * (torch.outer(y, x) - torch.outer(y, plain.T @ y))
    for part, steps in zip(d.split(cut), eta.split(cut), strict=True):
        weight = rule.subspace_steps(weight, part, rule.scalar_gain(steps))
    torch.testing.assert_close(weight, plain, rtol=0, atol=1e-12)


@pytest.mark.parametrize("recency", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("cut", [1, 7, 40])
def test_the_recursive_gain_inverts_the_correlations_of_the_outputs(recency: float, cut: int) -> None:
    """Against a plain inverse at every sample."""
    d = spread(40)
    plain = weight = torch.randn(4, 30, dtype=torch.float64) / 30**0.5
    correlations = 2.0 * torch.eye(4, dtype=torch.float64)
    inverse = torch.eye(4, dtype=torch.float64) / 2.0
    for t, x in enumerate(d, start=1):
        y = plain @ x
        correlations = (1 - recency / (t + recency)) * correlations + torch.outer(y, y)
        plain = plain + torch.outer(torch.linalg.solve(correlations, y), x - plain.T @ y)
    for index, part in enumerate(d.split(cut)):
        weight = rule.subspace_steps(weight, part, rule.recursive_gain(inverse, index * cut, recency))
    torch.testing.assert_close(weight, plain, rtol=0, atol=1e-10)
    torch.testing.assert_close(inverse, torch.linalg.inv(correlations), rtol=1e-8, atol=1e-10)


def test_the_recursive_gain_stays_symmetric_and_positive_in_single_precision() -> None:
    """Rounding would otherwise add up over the samples, until a step goes the wrong way."""
    inverse, weight = torch.eye(8), torch.randn(8, 30) / 30**0.5
    for index, part in enumerate(spread(6000).float().split(60)):
        weight = rule.subspace_steps(weight, part, rule.recursive_gain(inverse, 60 * index, recency=1.0))
    assert torch.equal(inverse, inverse.T)
    assert torch.linalg.eigvalsh(inverse.double()).min() > 0


@pytest.mark.parametrize("gain", ["recursive", "scalar"])
def test_the_rows_come_to_span_the_principal_subspace(gain: str) -> None:
    learner = make((30,), neurons=4, gain=gain).double()
    learner.begin_experience((0,))
    x = 1.0 + 0.1 * spread(4000)
    drawn = learner.weight[0].clone()
    for part in x.split(50):
        learner.observe(part, torch.zeros(len(part), dtype=torch.int64), None)
    features = rule.unit(x)
    centred = features - features.mean(0)
    assert overlap(drawn, centred) < 0.5
    assert overlap(learner.weight[0], centred) > 0.95
    torch.testing.assert_close(learner.mean[0], features.mean(0))
    gram = learner.weight[0] @ learner.weight[0].T
    torch.testing.assert_close(gram, torch.eye(4, dtype=torch.float64), rtol=0, atol=0.1)


def test_sangers_rows_become_the_principal_components_in_order() -> None:
    x = spread(4000)
    _, vectors = torch.linalg.eigh(x.T @ x)
    weight = torch.randn(3, 30, dtype=torch.float64) / 30**0.5
    for t, part in enumerate(x.repeat(3, 1).split(20)):
        weight = rule.generalised_hebbian_step(weight, part, 0.3 / (1 + t / 100))
    cosines = (weight * vectors.flip(1)[:, :3].T).sum(1).abs() / weight.norm(dim=1)
    assert cosines.min() > 0.95


def test_goodness_is_the_negative_residual() -> None:
    """Also of weights that are far from orthonormal."""
    x, mean = torch.randn(6, 12, dtype=torch.float64), torch.randn(3, 12, dtype=torch.float64)
    weight = torch.randn(3, 4, 12, dtype=torch.float64)
    plain = torch.empty(6, 3, dtype=torch.float64)
    for i in range(6):
        for c in range(3):
            d = x[i] - mean[c]
            plain[i, c] = -(d - weight[c].T @ (weight[c] @ d)).square().sum()
    torch.testing.assert_close(rule.goodness(x, weight, mean), plain)


def test_the_mean_runs_with_the_samples() -> None:
    x = torch.rand(10, 4, dtype=torch.float64)
    first, mean = rule.centre(x[:6], torch.zeros(4, dtype=torch.float64), torch.tensor(0))
    second, mean = rule.centre(x[6:], mean, torch.tensor(6))
    expected = torch.stack([x[t] - x[: t + 1].mean(0) for t in range(10)])
    torch.testing.assert_close(torch.cat([first, second]), expected)
    torch.testing.assert_close(mean, x.mean(0))


def test_scalar_steps_shrink_with_the_counter_and_no_sample_overthrows_the_weights() -> None:
    energy = torch.tensor([0.0, 2.0, 2.0, 100.0])
    eta = rule.step_sizes(energy, torch.tensor(20.0), torch.tensor(10), step=0.5, decay_samples=10)
    typical = torch.tensor([20 / 11, 2.0, 2.0, 100.0])
    torch.testing.assert_close(eta, 0.5 / torch.tensor([2.0, 2.1, 2.2, 2.3]) / typical)
    assert bool((eta * energy <= 0.5).all())


def test_spike_counts_are_those_of_integrate_and_fire_neurons() -> None:
    generator = torch.Generator().manual_seed(0)
    current = torch.randint(0, 33, (20, 5), generator=generator) / 32  # steps that floating point adds exactly
    potential = torch.randint(0, 32, (5,), generator=generator) / 32
    v, spikes = potential.expand_as(current).clone(), torch.zeros_like(current)
    for _ in range(16):
        v += current
        fired = v >= 1
        spikes += fired
        v -= fired.float()
    assert torch.equal(rule.spike_rates(current, potential, 16), spikes / 16)


def test_spikes_clamp_what_no_neuron_can_fire() -> None:
    rates = rule.spike_rates(torch.tensor([[-3.0, 0.0, 1.0, 7.0]]), torch.full((4,), 0.9), 8)
    assert rates.tolist() == [[0.0, 0.0, 1.0, 1.0]]
