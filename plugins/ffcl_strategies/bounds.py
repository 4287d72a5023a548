"""The two bounds: learning from everything that has been seen."""

from __future__ import annotations

import copy
from typing import Any

from avalanche.benchmarks.utils import concat_datasets
from avalanche.training.plugins import SupervisedPlugin


class Cumulative(SupervisedPlugin):
    """Train each experience on the data of all experiences so far."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: Any = None

    def after_train_dataset_adaptation(self, strategy: Any, **kwargs: Any) -> None:
        """Put the data of the earlier experiences before that of the new one."""
        new = strategy.adapted_dataset
        self.seen = new if self.seen is None else concat_datasets([self.seen, new])
        strategy.adapted_dataset = self.seen


class Joint(Cumulative):
    """Train a fresh learner on the data of all experiences so far: what joint training reaches on them.

    After the last experience that is joint training on the whole stream (the reference of the intransigence of
    Chaudhry et al. 2018, arXiv 1801.10112, after each).
    """

    def __init__(self) -> None:
        super().__init__()
        self.untrained: Any = None

    def before_train_dataset_adaptation(self, strategy: Any, **kwargs: Any) -> None:
        """Go back to the learner as it was in the beginning."""
        if self.untrained is None:
            self.untrained = copy.deepcopy(strategy.model)
        else:
            strategy.model = copy.deepcopy(self.untrained)
