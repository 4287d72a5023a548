from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from ffcl.randomness import RandomSequence
from ffcl_ff import rule
from ffcl_ff.hyperparameters import FFHyperparameters
from ffcl_ff.learner import FF

H = torch.tensor([[1.0, 2.0, 0.0, 1.0]])


def test_log_odds_by_hand() -> None:
    """|h|^2 = 6; its halves have goodness 5 and 1."""
    assert rule.sigmoid_log_odds(H, theta=4.0, alpha=0.5).item() == pytest.approx(0.5 * (6 - 4))
    assert rule.symmetric_log_odds(H, epsilon=0.5).item() == pytest.approx(math.log(5.5 / 1.5))
    probability = torch.sigmoid(rule.symmetric_log_odds(H, epsilon=0.5)).item()
    assert probability == pytest.approx((5 + 0.5) / (5 + 1 + 2 * 0.5))


def test_the_layer_loss_is_the_binary_cross_entropy_of_both_phases() -> None:
    right, wrong = torch.tensor([2.0, -1.0]), torch.tensor([0.5, 3.0])
    p_right, p_wrong = torch.sigmoid(right), torch.sigmoid(wrong)
    expected = -(p_right.log().sum() + (1 - p_wrong).log().sum()) / 4
    assert rule.layer_loss(right, wrong, torch.tensor([True, True])).item() == pytest.approx(expected.item())
    without_second = -(p_right.log().sum() + (1 - p_wrong[0]).log()) / 3
    assert rule.layer_loss(right, wrong, torch.tensor([True, False])).item() == pytest.approx(without_second.item())


def learner(**settings: object) -> FF:
    with RandomSequence(0):
        made = FF((1, 4, 4), FFHyperparameters.from_mapping({"hidden": 12, "layers": 3, **settings}, "ff"))
        made.begin_experience((0, 1, 2))
    return made


def slow_scores(ff: FF, x: Tensor) -> Tensor:
    """One label hypothesis after the other, from the plain input beside the code."""
    columns = []
    hp = ff.hyperparameters
    for code in ff.codes.codes:
        h = torch.cat([x.flatten(1), (hp.code_amplitude * code).expand(len(x), -1)], 1)
        total = torch.zeros(len(x))
        for number, layer in enumerate(ff.layers):
            h = torch.relu(layer(h if number == 0 else rule.normalise(h)))
            if hp.probability == "symmetric":
                total = total + rule.symmetric_log_odds(h, hp.epsilon)
            else:
                total = total + rule.sigmoid_log_odds(h, hp.theta, hp.alpha)
        columns.append(total)
    return torch.stack(columns, 1)


@pytest.mark.parametrize("probability", ["sigmoid", "symmetric"])
def test_all_hypotheses_at_once_are_one_after_the_other(probability: str) -> None:
    ff = learner(probability=probability, code_amplitude=2.0)
    x = torch.rand(5, 1, 4, 4)
    assert torch.allclose(ff(x), slow_scores(ff, x), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("probability", ["sigmoid", "symmetric"])
def test_no_gradient_crosses_a_layer(probability: str) -> None:
    """A layer's gradient is the same whatever the layers above it are like."""
    x, y = torch.rand(6, 1, 4, 4), torch.tensor([0, 1, 2, 0, 1, 2])
    gradients = []
    for scale in (1.0, 50.0):
        ff = learner(probability=probability)
        with torch.no_grad():
            ff.stack[2].weight *= scale
        with RandomSequence(1):
            ff.loss(x, y, None).backward()
        gradients.append([layer.weight.grad.clone() for layer in ff.stack if layer.weight.grad is not None])
    assert len(gradients[0]) == 3
    for below in (0, 1):
        assert torch.equal(gradients[0][below], gradients[1][below])
        assert gradients[0][below].abs().sum() > 0
    assert not torch.equal(gradients[0][2], gradients[1][2])


def test_no_layer_sees_the_goodness_of_the_one_below() -> None:
    h = torch.rand(3, 12)
    assert torch.allclose(rule.normalise(h), rule.normalise(7 * h), atol=1e-4)
    assert rule.normalise(h).square().mean(1).tolist() == pytest.approx([1.0] * 3, rel=1e-4)


def test_a_layer_learns_to_tell_right_from_wrong_labels() -> None:
    ff = learner(layers=1)
    y = torch.tensor([0, 1, 2, 0, 1, 2])
    x = torch.rand(6, 1, 4, 4) + torch.nn.functional.one_hot(y, 16).view(6, 1, 4, 4)
    optimizer = torch.optim.Adam(ff.parameters(), lr=1e-2)
    with RandomSequence(2):
        for _ in range(200):
            optimizer.zero_grad()
            ff.loss(x, y, None).backward()
            optimizer.step()
    assert (ff(x).argmax(1) == y).all()
