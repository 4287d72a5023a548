from __future__ import annotations

import itertools
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import binary_cross_entropy_with_logits

from ffcl.rules.goodness import (
    Contrast,
    Evidence,
    Probability,
    contrast,
    inverse_mean_square,
    modulated,
    normalise,
    squared_norm,
)

H = torch.tensor([[1.0, 2.0, 0.0, 1.0]])
SIGMOID = Evidence("sigmoid", theta=4.0, alpha=0.5, epsilon=0.1)
SYMMETRIC = Evidence("symmetric", theta=4.0, alpha=0.5, epsilon=0.5)
FORMS = list(itertools.product((SIGMOID, SYMMETRIC), ("each", "pair")))


def test_evidence_by_hand() -> None:
    """|h|^2 = 6; its halves have goodness 5 and 1."""
    assert SIGMOID.goodness(H).tolist() == [pytest.approx([6.0])]
    assert SIGMOID.log_odds(SIGMOID.goodness(H)).item() == pytest.approx(0.5 * (6 - 4))
    assert SYMMETRIC.goodness(H)[0].tolist() == pytest.approx([5.0, 1.0])
    log_odds = SYMMETRIC.log_odds(SYMMETRIC.goodness(H))
    assert log_odds.item() == pytest.approx(math.log(5.5 / 1.5))
    assert torch.sigmoid(log_odds).item() == pytest.approx((5 + 0.5) / (5 + 1 + 2 * 0.5))


def test_an_odd_neuron_counts_as_negative() -> None:
    h = torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0])
    assert SYMMETRIC.goodness(h).tolist() == pytest.approx([5.0, 9 + 16 + 25])
    assert SYMMETRIC.per_neuron(torch.tensor([1.0, -1.0]), 5).tolist() == [1, 1, -1, -1, -1]


def test_each_is_the_binary_cross_entropy_of_both_phases() -> None:
    log_odds = torch.tensor([[2.0, -1.0], [0.5, 3.0]])
    p_right, p_wrong = torch.sigmoid(log_odds)
    value, _ = contrast("each", log_odds, torch.tensor([True, True]))
    assert value.item() == pytest.approx(-(p_right.log().sum() + (1 - p_wrong).log().sum()).item() / 4)
    value, slope = contrast("each", log_odds, torch.tensor([True, False]))
    assert value.item() == pytest.approx(-(p_right.log().sum() + (1 - p_wrong[0]).log()).item() / 3)
    assert slope[1, 1] == 0


def test_pair_by_hand() -> None:
    log_odds = torch.tensor([[2.0, -1.0, 0.0], [0.5, 3.0, 9.0]])
    value, slope = contrast("pair", log_odds, torch.tensor([True, True, False]))
    assert value.item() == pytest.approx((math.log(1 + math.exp(-1.5)) + math.log(1 + math.exp(4.0))) / 2)
    assert torch.equal(slope[0], -slope[1])
    assert slope[:, 2].tolist() == [0, 0]


@pytest.mark.parametrize("kind", ["each", "pair"])
def test_without_wrong_labels_there_is_no_pair_and_no_nan(kind: Contrast) -> None:
    value, slope = contrast(kind, torch.tensor([[1.0], [2.0]]), torch.tensor([False]))
    assert torch.isfinite(value)
    assert slope[1].item() == 0
    assert (slope[0].item() == 0) == (kind == "pair")


@given(
    st.sampled_from(["sigmoid", "symmetric"]),
    st.sampled_from(["each", "pair"]),
    st.integers(0, 10_000),
    st.sampled_from([0.0, 0.01, 1.0, 30.0]),
)
def test_the_slopes_are_the_gradients(probability: Probability, kind: Contrast, seed: int, scale: float) -> None:
    """Against autograd in float64, also for silent layers (scale 0) and saturated goodness (scale 30)."""
    generator = torch.Generator().manual_seed(seed)
    evidence = Evidence(probability, theta=2.0, alpha=0.3, epsilon=0.1)
    goodness = scale * torch.rand(2, 5, 1 if probability == "sigmoid" else 2, generator=generator).double()
    goodness.requires_grad_()
    exists = torch.rand(5, generator=generator) < 0.7
    log_odds = evidence.log_odds(goodness)
    value, error = contrast(kind, log_odds, exists)
    (expected,) = torch.autograd.grad(value, goodness)
    mine = error.unsqueeze(-1) * evidence.slope(goodness)
    assert torch.allclose(mine, expected, rtol=1e-12, atol=1e-14)


ACTIVATIONS = {
    "relu": (torch.relu, lambda z: (z > 0).to(z)),
    "softplus": (torch.nn.functional.softplus, torch.sigmoid),
    "sigmoid": (torch.sigmoid, lambda z: torch.sigmoid(z) * (1 - torch.sigmoid(z))),
    "linear": (lambda z: z, torch.ones_like),
}


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize(("evidence", "kind"), FORMS)
def test_three_factors_make_the_gradient_of_a_layer(activation: str, evidence: Evidence, kind: Contrast) -> None:
    """In float64, against autograd: modulator x post f' x pre, weights and biases, norm-wise to 1e-12."""
    f, slope = ACTIVATIONS[activation]
    generator = torch.Generator().manual_seed(0)
    weight = torch.randn(20, 30, generator=generator, dtype=torch.float64).div(5).requires_grad_()
    bias = torch.randn(20, generator=generator, dtype=torch.float64).requires_grad_()
    pre = torch.rand(50, 30, generator=generator, dtype=torch.float64)
    exists = torch.ones(25, dtype=torch.bool)

    z = pre @ weight.T + bias
    h = f(z)
    log_odds = evidence.log_odds(evidence.goodness(h))
    target = torch.cat([torch.ones(25), torch.zeros(25)]).double()
    loss = binary_cross_entropy_with_logits(log_odds, target)
    if kind == "pair":
        loss = torch.log1p(torch.exp(log_odds[25:] - log_odds[:25])).mean()
    loss.backward()

    with torch.no_grad():
        goodness = evidence.goodness(h)
        value, error = contrast(kind, evidence.log_odds(goodness).view(2, -1), exists)
        modulator = evidence.per_neuron(error.view(-1, 1) * evidence.slope(goodness), 20)
        factors = modulated(h * slope(z), modulator)
    assert value.item() == pytest.approx(loss.item(), rel=1e-12)
    for mine, parameter in ((factors.T @ pre, weight), (factors.sum(0), bias)):
        assert parameter.grad is not None
        assert (mine - parameter.grad).norm() < 1e-12 * parameter.grad.norm()


@given(st.integers(1, 8), st.floats(1e-3, 1e3), st.integers(0, 1000))
def test_goodness_is_the_squared_length(n: int, scale: float, seed: int) -> None:
    h = scale * torch.randn(3, n, generator=torch.Generator().manual_seed(seed))
    assert torch.allclose(squared_norm(h), h.square().sum(1), rtol=1e-5)
    assert squared_norm(h.bfloat16()).dtype == torch.float32
    assert squared_norm(h.double()).dtype == torch.float64


def test_normalising_leaves_the_direction_alone() -> None:
    h = torch.rand(3, 12)
    assert torch.allclose(normalise(h), normalise(7 * h), atol=1e-4)
    assert normalise(h).square().mean(1).tolist() == pytest.approx([1.0] * 3, rel=1e-4)
    assert normalise(torch.zeros(2, 4)).tolist() == [[0.0] * 4] * 2
    goodness = squared_norm(h) * inverse_mean_square(squared_norm(h), 12)
    assert torch.allclose(squared_norm(normalise(h)), goodness, rtol=1e-5)
