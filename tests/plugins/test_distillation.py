"""Distillation, against a calculation by hand."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import kl_div, log_softmax, softmax

from ffcl_strategies.distillation import Distillation
from strategy_training import stream_of, trained


@pytest.mark.parametrize(("by_task", "groups"), [(True, [[0, 1], [2, 3]]), (False, [[0, 1, 2, 3]])])
def test_distillation_keeps_the_softmax_of_each_past_task(by_task: bool, groups: list[list[int]]) -> None:
    """The term of the first step of a third experience, by hand (Li & Hoiem 2016, eq. 2)."""
    noted: dict[str, Tensor] = {}

    class Spy(Distillation):
        def before_backward(self, strategy: Any, **kwargs: Any) -> None:
            before = strategy.loss.detach().clone()
            super().before_backward(strategy, **kwargs)
            if strategy.clock.train_exp_counter == 2 and not noted:
                noted.update(term=strategy.loss.detach() - before, out=strategy.mb_output.detach())
                with torch.no_grad():
                    noted["old"] = self.lwf.prev_model(strategy.mb_x)

    trained(stream_of([(0, 1), (2, 3), (4, 5)], by_task), [Spy(1.0, 2.0)], scored=True)
    out, old = noted["out"] / 2.0, noted["old"] / 2.0
    by_hand = sum(kl_div(log_softmax(out[:, c], 1), softmax(old[:, c], 1), reduction="batchmean") for c in groups)
    assert torch.allclose(noted["term"], torch.as_tensor(by_hand), atol=1e-6)
