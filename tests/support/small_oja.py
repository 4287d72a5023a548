"""Small learners of Oja's rule, and data for them."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ffcl_oja.hyperparameters import OjaHyperparameters
from ffcl_oja.learner import Oja

SMALL_CONV = {"features": "conv", "filters": 6, "filter_size": 3, "pool": 3, "filter_samples": 20, "neurons": 5}


def make(shape: tuple[int, ...] = (1, 8, 8), **hyperparameters: Any) -> Oja:
    return Oja(shape, OjaHyperparameters(**hyperparameters))


def data(n: int, classes: int, shape: tuple[int, ...] = (1, 8, 8), seed: int = 0) -> tuple[Tensor, Tensor]:
    """Samples in 0 to 1 of classes that differ in their mean and in the directions in which they vary."""
    fixed = torch.Generator().manual_seed(1)
    size = torch.Size(shape).numel()
    means = torch.rand(classes, size, generator=fixed)
    ways = torch.randn(classes, 3, size, generator=fixed)
    generator = torch.Generator().manual_seed(seed)
    y = torch.arange(n) % classes
    x = means[y] + 0.05 * torch.einsum("nk,nkf->nf", torch.randn(n, 3, generator=generator), ways[y])
    x += 0.02 * torch.randn(n, size, generator=generator)
    return x.clamp(0, 1).view(n, *shape), y


def overlap(weight: Tensor, x: Tensor) -> float:
    """Share of the subspace of the first principal components of ``x`` that lies in that of ``weight``: 1 if equal."""
    _, vectors = torch.linalg.eigh(x.T @ x)
    principal = vectors.flip(1)[:, : len(weight)]
    learned, _ = torch.linalg.qr(weight.T)
    return float((learned.T @ principal).square().sum() / len(weight))
