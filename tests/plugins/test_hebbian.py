from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from ffcl.randomness import RandomSequence
from ffcl_hebbian import rule
from ffcl_hebbian.hyperparameters import HebbianHyperparameters
from ffcl_hebbian.learner import Hebbian
from ffcl_hebbian.neurons import lif_parameters, run_layers


def test_a_neuron_by_hand() -> None:
    """Leak 0.5, threshold 0.6, current 1: v = .5 | .75 spike, .15 | .575 | .7875 spike, .1875 | .594 | .797 spike."""
    (rate,) = run_layers(torch.tensor([[1.0]]), [], 6, lif_parameters(leak=0.5, threshold=0.6))
    assert rate.item() == pytest.approx(3 / 6)
    for steps, spikes in ((1, 0), (2, 1), (3, 1), (4, 2), (5, 2), (6, 3)):
        (rate,) = run_layers(torch.tensor([[1.0]]), [], steps, lif_parameters(leak=0.5, threshold=0.6))
        assert rate.item() * steps == pytest.approx(spikes)


def test_a_neuron_below_threshold_is_silent_and_one_far_above_always_fires() -> None:
    (rate,) = run_layers(torch.tensor([[0.59, 100.0, -1.0]]), [], 20, lif_parameters(leak=0.85, threshold=0.6))
    assert rate.tolist() == [[0.0, 1.0, 0.0]]


def test_the_second_layer_is_driven_spike_by_spike() -> None:
    """The layer above fires once it has seen a spike, not before."""
    neurons = lif_parameters(leak=0.5, threshold=0.6)
    rates = run_layers(torch.tensor([[1.0]]), [lambda spikes: 2.0 * spikes], 2, neurons)
    assert [rate.item() for rate in rates] == [0.5, 0.5]
    rates = run_layers(torch.tensor([[1.0]]), [lambda spikes: 2.0 * spikes], 1, neurons)
    assert [rate.item() for rate in rates] == [0.0, 0.0]


ACTIVATIONS: dict[str, tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]] = {
    "relu": (torch.relu, lambda z: (z > 0).to(z)),
    "softplus": (torch.nn.functional.softplus, torch.sigmoid),
    "sigmoid": (torch.sigmoid, lambda z: torch.sigmoid(z) * (1 - torch.sigmoid(z))),
    "linear": (lambda z: z, torch.ones_like),
}


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("probability", ["sigmoid", "symmetric"])
def test_the_three_factor_update_is_the_gradient_of_the_local_loss(activation: str, probability: str) -> None:
    """On an analog layer, in float64, against autograd: modulator x post f' x pre, norm-wise to 1e-12."""
    f, slope = ACTIVATIONS[activation]
    generator = torch.Generator().manual_seed(0)
    weight = torch.randn(20, 30, generator=generator, dtype=torch.float64).div(5).requires_grad_()
    bias = torch.randn(20, generator=generator, dtype=torch.float64).requires_grad_()
    pre = torch.rand(50, 30, generator=generator, dtype=torch.float64)
    target = (torch.rand(50, generator=generator) < 0.5).double()

    z = pre @ weight.T + bias
    h = f(z)
    if probability == "sigmoid":
        log_odds = rule.sigmoid_log_odds(h, theta=3.0, alpha=0.7)
        modulator = rule.sigmoid_modulator(h.detach(), target, theta=3.0, alpha=0.7)
    else:
        log_odds = rule.symmetric_log_odds(h, epsilon=0.1)
        modulator = rule.symmetric_modulator(h.detach(), target, epsilon=0.1)
    loss = binary_cross_entropy_with_logits(log_odds, target)
    loss.backward()
    post = (h * slope(z)).detach()
    of_weight, of_bias = rule.three_factor_update(modulator, pre, post, torch.full((50,), 1 / 50, dtype=torch.float64))
    for mine, parameter in ((of_weight, weight), (of_bias, bias)):
        assert parameter.grad is not None
        assert (mine - parameter.grad).norm() < 1e-12 * parameter.grad.norm()
    assert rule.cross_entropy(log_odds, target).mean().item() == pytest.approx(loss.item(), rel=1e-12)


def learner(**settings: object) -> Hebbian:
    with RandomSequence(0):
        hp = HebbianHyperparameters.from_mapping({"hidden": 12, "threshold": 0.1, **settings}, "hebbian")
        made = Hebbian((1, 4, 4), hp)
        made.begin_experience((0, 1, 2))
    return made


X, Y = torch.rand(6, 1, 4, 4, generator=torch.Generator().manual_seed(0)), torch.tensor([0, 1, 2, 0, 1, 2])


def test_nothing_is_differentiated(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rule runs with autograd switched off, and only hands over what it computed."""
    seen = []
    original = rule.three_factor_update

    def spy(*arguments: Tensor) -> tuple[Tensor, Tensor]:
        seen.append(torch.is_grad_enabled() or any(a.requires_grad for a in arguments))
        updates.extend(original(*arguments))
        return original(*arguments)

    updates: list[Tensor] = []
    monkeypatch.setattr(rule, "three_factor_update", spy)
    hebbian = learner(layers=2)
    hebbian.loss(X, Y, None).backward()
    assert seen == [False, False]
    gradients = [p.grad for layer in hebbian.stack for p in (layer.weight, layer.bias)]
    assert all(g is not None and torch.equal(g, u) for g, u in zip(gradients, updates, strict=True))
    assert all(u.abs().sum() > 0 for u in updates)


def test_nothing_crosses_a_layer() -> None:
    """The first layer's update is the same whatever the second is like."""
    updates = []
    for scale in (1.0, 30.0):
        hebbian = learner(layers=2)
        with torch.no_grad():
            hebbian.stack[1].weight *= scale
        with RandomSequence(1):
            hebbian.loss(X, Y, None).backward()
        assert hebbian.stack[0].weight.grad is not None
        updates.append(hebbian.stack[0].weight.grad.clone())
    assert torch.equal(*updates)


def test_a_neuron_that_fires_at_every_step_is_left_alone() -> None:
    hebbian = learner()
    with torch.no_grad():
        hebbian.stack[0].bias[3] = 1000.0
    hebbian.loss(X, Y, None).backward()
    gradient = hebbian.stack[0].weight.grad
    assert gradient is not None
    assert gradient[3].abs().sum() == 0
    assert gradient.abs().sum() > 0


@pytest.mark.parametrize("layers", [1, 2])
def test_all_hypotheses_at_once_are_one_after_the_other(layers: int) -> None:
    hebbian = learner(layers=layers, code_amplitude=2.0)
    hp = hebbian.hyperparameters
    columns = []
    with torch.no_grad():
        for code in hebbian.codes.codes:
            x = torch.cat([X.flatten(1), (hp.code_amplitude * code).expand(len(X), -1)], 1)
            further = [lambda spikes, layer=layer: layer(hp.gain * spikes) for layer in hebbian.stack[1:]]
            rates = run_layers(hebbian.stack[0](x), further, hp.steps, hebbian.neurons)
            columns.append(sum(rule.symmetric_log_odds(hp.gain * rate, hp.epsilon) for rate in rates))
    assert torch.allclose(hebbian(X), torch.stack(columns, 1), rtol=1e-4, atol=1e-4)  # type: ignore[arg-type]
