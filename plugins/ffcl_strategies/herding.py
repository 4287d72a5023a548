"""Classifying by the nearest mean of exemplars, in the features of any learner that has some."""

from __future__ import annotations

from typing import Any

import torch
from avalanche.training.storage_policy import ExemplarsSelectionStrategy, ParametricBuffer
from torch import Tensor
from torch.nn.functional import normalize

from ffcl.avalanche_mends import ReplayPlugin
from ffcl.learner import Learner

FARTHER_THAN_ANY = -9.0
"""The score of a class without exemplars; squared distances of vectors of length 1 are at most 4."""


class Herding(ExemplarsSelectionStrategy):
    """Choose samples so that the mean of the first m is close to the mean of all, for every m.

    Rebuffi et al. 2017, arXiv 1611.07725, algorithm 4.

    Args:
        buffer: samples kept of all classes together.
    """

    def __init__(self, buffer: int) -> None:
        self.buffer = buffer

    def make_sorted_indices(self, strategy: Any, data: Any) -> list[int]:
        """Positions of the samples to keep, the most representative first; no more than can be kept."""
        if not len(data):  # more classes than places: some have none
            return []
        enough = -(-self.buffer // strategy.n_classes)
        return herd(features_of(strategy, data)[0], enough)


class NearestMeanOfExemplars(ReplayPlugin):
    """Replay of a class-balanced buffer filled by herding; its samples' mean features classify.

    As in iCaRL (Rebuffi et al. 2017, arXiv 1611.07725) features and means have length 1, and the means follow the
    features: they are computed anew after every experience. The learner goes on with its own loss, in place of
    iCaRL's sigmoid cross-entropy with distillation, and so it acts on any rule. Where a class has to make room, those
    of its exemplars stay that herding chooses among them now; iCaRL keeps the first of its former choice.
    """

    def __init__(self, buffer: int) -> None:
        super().__init__(mem_size=buffer, storage_policy=ParametricBuffer(buffer, "class", Herding(buffer)))
        self.means: Tensor | None = None
        self.n_classes = 0

    def before_training_exp(self, strategy: Any, **kwargs: Any) -> None:
        """Note how many classes there are scores for."""
        super().before_training_exp(strategy, **kwargs)
        self.n_classes = strategy.n_classes

    def after_training_exp(self, strategy: Any, **kwargs: Any) -> None:
        """Choose the exemplars of the experience just learned, and compute all means."""
        strategy.model.eval()
        super().after_training_exp(strategy, **kwargs)
        features, y = features_of(strategy, self.storage_policy.buffer)
        self.means = torch.full((strategy.n_classes, features.shape[1]), torch.nan)
        for label in y.unique().tolist():
            self.means[label] = normalize(features[y == label].mean(0), dim=0)
        strategy.model.train()

    def score(self, learner: Learner[Any], x: Tensor) -> Tensor:
        """Minus the squared distance to each mean (batch, classes seen); before there are any, the learner's scores."""
        if self.means is None:
            own: Tensor = learner(x)
            return own
        features, means = normalize(learner.features(x)), self.means.nan_to_num()
        nearness = 2.0 * features @ means.T - features.square().sum(1, keepdim=True) - means.square().sum(1)
        scores = nearness.new_full((len(x), max(self.n_classes, len(self.means))), FARTHER_THAN_ANY)
        known = ~self.means[:, 0].isnan()
        scores[:, : len(known)] = torch.where(known, nearness, FARTHER_THAN_ANY)
        return scores


@torch.no_grad()
def features_of(strategy: Any, data: Any) -> tuple[Tensor, Tensor]:
    """The features of length 1 (n, features) and the labels (n,) of a data set."""
    loader = torch.utils.data.DataLoader(data, batch_size=1000, collate_fn=data.collate_fn)
    with strategy.randomness:
        parts = [(normalize(strategy.learner.features(x)), y) for x, y, _ in loader]
    return torch.cat([f for f, _ in parts]), torch.cat([y for _, y in parts])


def herd(features: Tensor, n: int) -> list[int]:
    """Choose up to n rows of features (samples, features) greedily, each to bring their mean closest to the whole's."""
    centre, total = features.mean(0), torch.zeros_like(features[0])
    left = torch.zeros(len(features))
    chosen: list[int] = []
    for k in range(1, min(n, len(features)) + 1):
        # |(total + f) / k - centre|^2 = |f|^2 / k^2 + 2 f . (total / k - centre) / k + the same for all
        distance = features.square().sum(1) / k**2 + 2.0 * (features @ (total / k - centre)) / k + left
        best = int(distance.argmin())
        left[best] = torch.inf
        chosen.append(best)
        total = total + features[best]
    return chosen
