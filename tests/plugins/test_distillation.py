"""Distillation, against a calculation by hand."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import kl_div, log_softmax, softmax

from ffcl_strategies.distillation import Distillation
from strategy_training import stream_of, trained


@pytest.mark.parametrize("weight", ["constant", "growing"])
@pytest.mark.parametrize("classes", ["known", "seen"])
@pytest.mark.parametrize("by_task", [True, False])
def test_distillation_keeps_the_softmax_of_each_past_task(by_task: bool, classes: str, weight: str) -> None:
    """The term of the first step of a third experience, by hand (Li & Hoiem 2016, eq. 2)."""
    known = [[0, 1], [2, 3]] if by_task else [[0, 1, 2, 3]]
    new = [4, 5] if classes == "seen" and not by_task else []  # of a task of its own, if there are tasks
    times = 2 if weight == "growing" and not by_task else 1
    noted: dict[str, Tensor] = {}

    class Spy(Distillation):
        def before_backward(self, strategy: Any, **kwargs: Any) -> None:
            before = strategy.loss.detach().clone()
            super().before_backward(strategy, **kwargs)
            if strategy.clock.train_exp_counter == 2 and not noted:
                noted.update(term=strategy.loss.detach() - before, out=strategy.mb_output.detach())
                with torch.no_grad():
                    noted["old"] = self.lwf.prev_model(strategy.mb_x)

    trained(stream_of([(0, 1), (2, 3), (4, 5)], by_task), [Spy(1.0, 2.0, classes, weight)], scored=True)
    out, old = noted["out"] / 2.0, noted["old"] / 2.0
    by_hand = torch.zeros(())
    for group in known:
        now, then = log_softmax(out[:, group + new], 1), torch.zeros(len(out), len(group + new))
        then[:, : len(group)] = softmax(old[:, group], 1)
        by_hand += times * kl_div(now, then, reduction="batchmean")
    assert torch.allclose(noted["term"], by_hand, atol=1e-6)
