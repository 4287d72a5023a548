"""Inputs of mean 0 and deviation 1."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from ffcl.stream import Samples


class Standard:
    """Takes the mean off each channel of images, or each feature of vectors, and divides by the deviation.

    What does not vary is only centred. Storage that several experiences share is converted once.

    Args:
        x: what mean and deviation are of (n, channels or features, ...): the training set before any transform.
    """

    def __init__(self, x: Tensor) -> None:
        others = [dim for dim in range(x.ndim) if dim != 1]
        variance, self.mean = torch.var_mean(x, others, correction=0, keepdim=True)
        self.deviation = variance.sqrt().where(variance > 0, 1)
        self._converted: dict[int, Tensor] = {}

    def __call__(self, samples: Samples) -> Samples:
        """The samples, standardised."""
        storage = id(samples.x)
        if storage not in self._converted:
            self._converted[storage] = (samples.x - self.mean) / self.deviation
        return replace(samples, x=self._converted[storage])
