"""What is broken in avalanche-lib 0.6.0, mended; a test for each fails once upstream has mended it."""

from __future__ import annotations

from typing import Any

from avalanche.benchmarks.utils import data_loader
from avalanche.training.plugins import ReplayPlugin as _ReplayPlugin

from ffcl.tensor_dataset import BatchedConcatDataset

# Avalanche's loaders over several data sets wrap them in PyTorch's ConcatDataset, which fetches a sample at a
# time. The name is rebound inside Avalanche's loader module only.
data_loader.ConcatDataset = BatchedConcatDataset


class ReplayPlugin(_ReplayPlugin):
    """Avalanche's replay without its call of a deprecated method, which warns at every experience."""

    def after_training_exp(self, strategy: Any, **kwargs: Any) -> None:
        """Fill the buffer from the experience just learned."""
        self.storage_policy.post_adapt(strategy, strategy.experience)
