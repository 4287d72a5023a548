from __future__ import annotations

import pytest
import torch
from torch import nn

from ffcl.errors import LearnerError
from ffcl.learner import as_gradient


def test_backward_deposits_exactly_the_updates() -> None:
    weight, bias = nn.Parameter(torch.randn(3, 2)), nn.Parameter(torch.randn(3))
    updates = {weight: torch.randn(3, 2), bias: torch.randn(3)}
    loss = as_gradient(torch.tensor(1.5), updates)
    assert loss.item() == 1.5
    loss.backward()
    assert weight.grad is not None
    assert torch.equal(weight.grad, updates[weight])
    assert bias.grad is not None
    assert torch.equal(bias.grad, updates[bias])


def test_a_penalty_adds_to_the_updates() -> None:
    weight = nn.Parameter(torch.tensor([1.0, -2.0]))
    update = torch.tensor([0.5, 0.25])
    (2 * as_gradient(torch.tensor(0.0), {weight: update}) + weight.square().sum()).backward()
    assert weight.grad is not None
    assert torch.equal(weight.grad, 2 * update + 2 * weight.detach())


def test_autograd_of_a_plugin_sees_the_updates() -> None:
    weight = nn.Parameter(torch.zeros(2))
    update = torch.tensor([3.0, 4.0])
    (gradient,) = torch.autograd.grad(as_gradient(torch.tensor(0.0), {weight: update}), [weight])
    assert torch.equal(gradient, update)


@pytest.mark.parametrize("factor", [1.0, 0.5])
def test_updates_that_are_handed_over_become_the_gradients(factor: float) -> None:
    weight, update = nn.Parameter(torch.zeros(2)), torch.tensor([3.0, 4.0])
    expected, memory = factor * update, update.data_ptr()
    loss = factor * as_gradient(torch.tensor(0.0), {weight: update}, handed_over=True)
    del update
    loss.backward(retain_graph=True)
    assert weight.grad is not None
    assert torch.equal(weight.grad, expected)
    assert (weight.grad.data_ptr() == memory) == (factor == 1.0)
    with pytest.raises(LearnerError, match="called again on updates that were handed over"):
        loss.backward()


def test_what_somebody_holds_is_copied_though_it_was_handed_over() -> None:
    weight, update = nn.Parameter(torch.zeros(2)), torch.tensor([3.0, 4.0])
    as_gradient(torch.tensor(0.0), {weight: update}, handed_over=True).backward()
    assert weight.grad is not None
    weight.grad.zero_()
    assert update.tolist() == [3.0, 4.0]


def test_an_update_of_another_shape_is_refused() -> None:
    with pytest.raises(LearnerError, match=r"An update of shape \(3,\) was given for a parameter of shape \(2,\)"):
        as_gradient(torch.tensor(0.0), {nn.Parameter(torch.zeros(2)): torch.zeros(3)})
