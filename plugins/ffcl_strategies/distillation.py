"""Learning without forgetting, for any learner whose scores have a gradient."""

from __future__ import annotations

from collections import Counter
from typing import Any

import torch
from avalanche.training import LearningWithoutForgetting
from avalanche.training.plugins import LwFPlugin
from torch import Tensor
from torch.nn.functional import kl_div, log_softmax, softmax


class Distillation(LwFPlugin):
    """Avalanche's LwF on scores of one growing head: for each task seen, the softmax over its labels is kept.

    Args:
        strength: weight of the distillation.
        temperature: of both softmaxes.
        classes: ``known``, the softmax is among the classes known before; ``seen``, also among those that the
            experience brings, to which the earlier learner gives nothing.
        weight: ``constant``, or ``growing``, a task's term counts once for each of its experiences so far.
    """

    def __init__(self, strength: float, temperature: float, classes: str, weight: str) -> None:
        super().__init__()
        self.lwf = _OneHead(strength, temperature, classes == "seen", weight == "growing")

    def before_training_exp(self, strategy: Any, **kwargs: Any) -> None:
        """Note which classes come."""
        self.lwf.coming = _classes_by_task(strategy.experience)


class _OneHead(LearningWithoutForgetting):
    def __init__(self, strength: float, temperature: float, among_seen: bool, growing: bool) -> None:
        super().__init__(strength, temperature)
        self.among_seen, self.growing = among_seen, growing
        self.coming: dict[int, set[int]] = {}
        self.experiences: Counter[int] = Counter()  # by task

    def _lwf_penalty(self, out: Tensor, x: Tensor, curr_model: Any) -> Tensor | float:
        if self.prev_model is None:
            return 0.0
        with torch.no_grad():
            before = self.prev_model(x)
        penalty: Tensor | float = 0.0
        for task, known in self.prev_classes_by_task.items():
            new = self.coming.get(task, set()) - known if self.among_seen else set()
            times = self.experiences[task] if self.growing else 1
            penalty = penalty + times * self._kept(out, before, sorted(known), sorted(new))
        return penalty

    def _kept(self, out: Tensor, before: Tensor, known: list[int], new: list[int]) -> Tensor:
        """The divergence of the softmax among known and new classes from the earlier one among those known."""
        now = log_softmax(out[:, known + new] / self.temperature, dim=1)[:, : len(known)]
        return kl_div(now, softmax(before[:, known] / self.temperature, dim=1), reduction="batchmean")

    def post_adapt(self, agent: Any, exp: Any) -> None:
        """Keep the learner and its classes, and count the experience."""
        super().post_adapt(agent, exp)
        self.experiences.update(_classes_by_task(exp).keys())


def _classes_by_task(experience: Any) -> dict[int, set[int]]:
    dataset = experience.dataset
    return {task: set(dataset.task_set[task].targets.uniques) for task in dataset.targets_task_labels.uniques}
