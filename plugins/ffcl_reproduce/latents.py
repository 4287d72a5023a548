"""What the activity of a trained layer looks like: sparsity, separability, firing, and two dimensions of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ffcl.learner import Learner

NEIGHBOURS = 5


class _HasLatents(Protocol):
    def latents(self, x: Tensor, labels: Tensor) -> list[Tensor]: ...


@dataclass(frozen=True)
class Latents:
    """The first layer's activity on test samples.

    Attributes:
        shown: under the right labels (n, neurons).
        predicted: under the predicted labels (n, neurons).
        y: the right labels (n,).
    """

    shown: Tensor
    predicted: Tensor
    y: Tensor


@torch.no_grad()
def first_layer(learner: Learner[Any], x: Tensor, y: Tensor, batch: int = 500) -> Latents:
    """Present test samples with their right, and with their predicted labels."""
    layered = cast("_HasLatents", learner)
    shown, predicted = [], []
    for samples, labels in zip(x.split(batch), y.split(batch), strict=True):
        shown.append(layered.latents(samples, labels)[0])
        predicted.append(layered.latents(samples, learner(samples).argmax(1))[0])
    return Latents(torch.cat(shown), torch.cat(predicted), y)


def hoyer(h: Tensor) -> float:
    """Hoyer sparsity, (sqrt(n) - l1/l2) / (sqrt(n) - 1), meaned over the rows of h (samples, n).

    1 for one active neuron, 0 if all are equally active. As arXiv 2406.16479 computes it, with 0.001 added to
    both norms, by which a silent layer counts as 1.
    """
    root = h.shape[1] ** 0.5
    ratio = (h.norm(1, dim=1) + 1e-3) / (h.norm(2, dim=1) + 1e-3)
    return float(((root - ratio) / (root - 1.0)).mean())


def separability(h: Tensor, y: Tensor, k: int = NEIGHBOURS, batch: int = 500) -> float:
    """The share of the k nearest other samples that are of the same class, meaned over h (samples, neurons)."""
    same = 0
    for start in range(0, len(h), batch):
        distance = torch.cdist(h[start : start + batch], h)
        distance[torch.arange(len(distance)), start + torch.arange(len(distance))] = torch.inf
        nearest = distance.topk(min(k, len(h) - 1), largest=False).indices
        same += int((y[nearest] == y[start : start + batch].unsqueeze(1)).sum())
    return same / (len(h) * min(k, len(h) - 1))


def active_share(h: Tensor) -> float:
    """The share of neurons that answer at all, meaned over samples."""
    return float((h > 0).float().mean())


def silent_share(h: Tensor) -> float:
    """The share of neurons that answer no sample at all."""
    return float((h == 0).all(0).float().mean())


def class_means(h: Tensor, y: Tensor) -> NDArray[np.float64]:
    """Mean activity of each neuron in each class (classes, neurons)."""
    return np.stack([h[y == c].double().mean(0).numpy() for c in y.unique()])


def embedding(h: Tensor, seed: int = 0) -> NDArray[np.float64]:
    """Two dimensions by t-SNE (van der Maaten & Hinton 2008), for h (samples, neurons)."""
    from sklearn.manifold import TSNE

    perplexity = min(30.0, (len(h) - 1) / 3)
    found: NDArray[np.float64] = TSNE(init="pca", perplexity=perplexity, random_state=seed).fit_transform(h.numpy())
    return found
