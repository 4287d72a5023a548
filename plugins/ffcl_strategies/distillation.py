"""Learning without forgetting, for any learner whose scores have a gradient."""

from __future__ import annotations

from typing import Any

import torch
from avalanche.training import LearningWithoutForgetting
from avalanche.training.plugins import LwFPlugin
from torch import Tensor


class Distillation(LwFPlugin):
    """Avalanche's LwF on scores of one growing head: for each task seen, the softmax over its labels is kept."""

    def __init__(self, strength: float, temperature: float) -> None:
        super().__init__()
        self.lwf = _OneHead(strength, temperature)


class _OneHead(LearningWithoutForgetting):
    def _lwf_penalty(self, out: Tensor, x: Tensor, curr_model: Any) -> Tensor | float:
        if self.prev_model is None:
            return 0.0
        with torch.no_grad():
            before = self.prev_model(x)
        labels = self.prev_classes_by_task.values()
        penalty: Tensor = sum(self._distillation_loss(out, before, sorted(of_task)) for of_task in labels)
        return penalty
