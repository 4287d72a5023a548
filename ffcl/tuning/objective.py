"""What a trial is judged by."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from ffcl import metrics
from ffcl.errors import unknown_name

OBJECTIVES = {
    "AIA": ("AIA",),
    "ACC": ("ACC",),
    "AIA,forgetting": ("AIA", "forgetting"),
}
"""The objectives; of two, the trade-off between them is searched."""
Direction = Literal["maximize", "minimize"]
DIRECTIONS: dict[str, Direction] = {"AIA": "maximize", "ACC": "maximize", "forgetting": "minimize"}


@dataclass(frozen=True)
class Objective:
    """A mean over seeds of one metric, or of two; a trial that learns less than the floor counts as infeasible.

    Attributes:
        name: one of `OBJECTIVES`.
        floor: the learning accuracy (0 to 1) that is asked for where forgetting is minimised: a learner that
            learns nothing forgets nothing.
    """

    name: str
    floor: float = 0.0

    def __post_init__(self) -> None:
        if self.name not in OBJECTIVES:
            raise unknown_name("objective", self.name, OBJECTIVES)

    @property
    def metrics(self) -> tuple[str, ...]:
        """The columns."""
        return OBJECTIVES[self.name]

    @property
    def directions(self) -> list[Direction]:
        """``maximize`` or ``minimize``, for each metric."""
        return [DIRECTIONS[name] for name in self.metrics]

    @property
    def single(self) -> bool:
        """Whether there is one metric only."""
        return len(self.metrics) == 1

    def of_seed(self, matrix: ArrayLike) -> float:
        """The first metric of one run, the one that trials are ordered by."""
        return float(metrics.METRICS[self.metrics[0]](matrix))

    def values(self, matrices: Sequence[ArrayLike]) -> list[float]:
        """Each metric's mean over the runs of a trial; forgetting in a stream of one experience is 0."""
        means = [np.mean([metrics.METRICS[name](m) for m in matrices]) for name in self.metrics]
        return [0.0 if math.isnan(mean) else float(mean) for mean in means]

    def violation(self, matrices: Sequence[ArrayLike]) -> float:
        """By how much the mean learning accuracy stays below the floor; what is not above 0 is feasible."""
        return self.floor - mean_learning_accuracy(matrices)


def mean_learning_accuracy(matrices: Sequence[ArrayLike]) -> float:
    """The mean over runs of LA."""
    return float(np.mean([metrics.learning_accuracy(m) for m in matrices]))
