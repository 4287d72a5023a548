"""Replay from a reservoir that is filled while the stream goes by, so that no boundary has to be known."""

from __future__ import annotations

from typing import Any

import torch
from avalanche.training.plugins import SupervisedPlugin
from torch import Tensor


class Reservoir:
    """A fixed number of samples, each sample of the stream with equal probability (Vitter 1985, algorithm R).

    Args:
        capacity: samples stored.

    Attributes:
        fields: what is stored of each sample, by name: (samples, ...) each.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.fields: dict[str, Tensor] = {}
        self._offered = 0

    def __len__(self) -> int:
        return len(next(iter(self.fields.values()), ()))

    def admit(self, n: int) -> dict[int, int]:
        """Offer n samples; return the place of each that is to be stored, by its number."""
        places: dict[int, int] = {}
        drawn = (torch.rand(n) * torch.arange(self._offered + 1, self._offered + n + 1)).long().tolist()
        for number, place in enumerate(drawn):
            free = min(self._offered, self.capacity)
            place = free if free < self.capacity else place
            self._offered += 1
            if place < self.capacity:
                places = {k: v for k, v in places.items() if v != place} | {number: place}
        return places

    def store(self, places: dict[int, int], **fields: Tensor) -> None:
        """Store samples (len(places), ...) at their places."""
        at = torch.tensor(list(places.values()), dtype=torch.int64)
        for name, values in fields.items():
            missing = max([-1, *places.values()]) + 1 - len(self.fields.get(name, ()))
            old = self.fields.get(name, values[:0])
            self.fields[name] = torch.cat([old, old.new_zeros(max(0, missing), *old.shape[1:])])
            self.fields[name][at] = values

    def sample(self, n: int) -> dict[str, Tensor]:
        """Up to n different samples, at random."""
        index = torch.randperm(len(self))[:n]
        return {name: values[index] for name, values in self.fields.items()}


class _Rehearsal(SupervisedPlugin):
    """Keeps a reservoir of the samples that go by; each is offered once, in the first epoch."""

    def __init__(self, buffer: int) -> None:
        super().__init__()
        self.memory = Reservoir(buffer)

    def remember(self, strategy: Any, x: Tensor, y: Tensor, tasks: Tensor) -> None:
        """Offer a batch of new samples to the reservoir."""
        if strategy.clock.train_exp_epochs > 0:
            return
        places = self.memory.admit(len(y))
        if places:
            chosen = torch.tensor(list(places))
            extra = self.extra(strategy, x[chosen])
            self.memory.store(places, x=strategy.unmoved[chosen], y=y[chosen], task=tasks[chosen], **extra)

    def recalled(self, strategy: Any) -> dict[str, Tensor]:
        """Stored samples, as many as there are new ones; images are moved like new ones if the scenario says so."""
        old = self.memory.sample(len(strategy.mb_y))
        return {**old, "x": strategy.moved(old["x"])}

    def loss_on_stored(self, strategy: Any) -> Tensor:
        """The learner's own loss on stored samples."""
        old = self.recalled(strategy)
        loss: Tensor = strategy._criterion(strategy.model(old["x"], old["task"]), old["y"])
        return loss

    def extra(self, strategy: Any, x: Tensor) -> dict[str, Tensor]:
        """What is stored of samples besides themselves."""
        return {}


class AsymmetricReplay(_Rehearsal):
    """ER-ACE: the loss on new samples, told apart from the classes in their own batch only, plus that on stored ones.

    So new samples do not push down the classes of the past (Caccia et al. 2022, arXiv 2104.05025, eq. 3). It acts
    through the classes that may be chosen for a sample, and so on any learner's loss.
    """

    def after_forward(self, strategy: Any, **kwargs: Any) -> None:
        """Narrow what may be chosen for the new samples."""
        within = torch.zeros(1, strategy.n_classes, dtype=torch.bool)
        within[:, strategy.mb_y.unique()] = True
        strategy.mb_output.within = within.expand(len(strategy.mb_y), -1)

    def before_backward(self, strategy: Any, **kwargs: Any) -> None:
        """Add the loss on as many stored samples."""
        if len(self.memory):
            strategy.loss = strategy.loss + self.loss_on_stored(strategy)

    def after_training_iteration(self, strategy: Any, **kwargs: Any) -> None:
        """Offer the new samples to the reservoir."""
        self.remember(strategy, strategy.mb_x, strategy.mb_y, strategy.mb_task_id)


class DarkReplay(_Rehearsal):
    """DER++: the loss on stored samples, and the squared distance of their scores to those they were stored with.

    A score is kept only for the classes that had been seen when its sample was stored; the heads of the source
    know all classes from the start (Buzzega et al. 2020, arXiv 2004.07211, eq. 5 and 6).
    """

    def __init__(self, buffer: int, alpha: float, beta: float) -> None:
        super().__init__(buffer)
        self.alpha, self.beta = alpha, beta

    def before_backward(self, strategy: Any, **kwargs: Any) -> None:
        """Add both terms, each on a batch of its own from the reservoir."""
        if not len(self.memory):
            return
        old = self.recalled(strategy)
        with strategy.scoring():
            scores = strategy.model(old["x"], old["task"])
        before = old["scores"]
        known = torch.isfinite(before)
        moved = torch.where(known, scores[:, : before.shape[1]] - before.nan_to_num(), 0.0)
        strategy.loss = strategy.loss + self.alpha * moved.square().sum() / known.sum()
        if self.beta:
            strategy.loss = strategy.loss + self.beta * self.loss_on_stored(strategy)

    def after_training_iteration(self, strategy: Any, **kwargs: Any) -> None:
        """Offer the new samples to the reservoir."""
        self.remember(strategy, strategy.mb_x, strategy.mb_y, strategy.mb_task_id)

    @torch.no_grad()
    def extra(self, strategy: Any, x: Tensor) -> dict[str, Tensor]:
        """The scores, NaN where a class has not been seen."""
        with strategy.scoring():
            scores = strategy.model(x, None)
        stored = self.memory.fields.get("scores")
        if stored is not None and stored.shape[1] < scores.shape[1]:
            room = stored.new_full((len(stored), scores.shape[1] - stored.shape[1]), torch.nan)
            self.memory.fields["scores"] = torch.cat([stored, room], dim=1)
        return {"scores": scores.detach()}
