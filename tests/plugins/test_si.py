"""Synaptic intelligence: path integrals by hand, and parameters that grow."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from torch import Tensor, nn

from ffcl_strategies.penalties import SIPenalty


def contributed(si: SIPenalty, model: nn.Module, contribution: Tensor) -> Tensor:
    """An experience in which each weight lowers the loss by so much, at a damping of 1; the importances after it."""
    strategy = SimpleNamespace(model=model)
    si.before_training_exp(strategy)
    si.syn_data["trajectory"]["weight"].data.copy_(-contribution.flatten())
    si.after_training_exp(strategy)
    importance: Tensor = si.ewc_data[1]["weight"].data
    return importance.clone()


def test_what_a_weight_contributes_adds_up_to_its_importance() -> None:
    si, model = SIPenalty(1.0, 1.0, 1e6), nn.Linear(2, 1, bias=False)
    assert contributed(si, model, torch.tensor([1.0, 2.0])).tolist() == [1, 2]
    assert contributed(si, model, torch.tensor([4.0, 0.5])).tolist() == [5, 2.5]


def test_si_never_pays_for_moving_a_weight_and_forgets_that_it_raised_the_loss() -> None:
    """As in the code of the source; Avalanche's importance would be -5, and then -2."""
    si, model = SIPenalty(1.0, 1.0, 1e6), nn.Linear(1, 1, bias=False)
    assert contributed(si, model, torch.tensor([-5.0])).tolist() == [0]
    assert contributed(si, model, torch.tensor([3.0])).tolist() == [3]


def test_a_clip_does_not_bound_what_adds_up() -> None:
    si, model = SIPenalty(1.0, 1.0, 4.0), nn.Linear(1, 1, bias=False)
    assert contributed(si, model, torch.tensor([9.0])).tolist() == [4]
    assert contributed(si, model, torch.tensor([-6.0])).tolist() == [3]


@pytest.mark.parametrize("shape", [(4, 3), (2, 5), (4, 5)], ids=["rows", "columns", "both"])
def test_importances_stay_with_their_weights_when_a_parameter_grows(shape: tuple[int, int]) -> None:
    si, contribution = SIPenalty(1.0, 1.0, 1e6), torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    contributed(si, nn.Linear(3, 2, bias=False), contribution)
    rows, columns = shape
    importance = contributed(si, nn.Linear(columns, rows, bias=False), torch.zeros(shape)).view(shape)
    expected = torch.zeros(shape)
    expected[:2, :3] = contribution
    assert torch.equal(importance, expected)
