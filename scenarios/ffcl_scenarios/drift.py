"""Streams of all classes in which the images change a little with every sample."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from ffcl.errors import UsageError
from ffcl.stream import Samples, Stream, all_rows
from ffcl_scenarios.assembly import assemble, drawing
from ffcl_scenarios.datasets import load_for
from ffcl_scenarios.images import of_images, rotate
from ffcl_scenarios.outlines import drift_outline
from ffcl_scenarios.parameters import Drift


def build(parameters: Drift, seed: int, data_root: Path) -> Stream:
    """Every training sample once, in random order, each at the strength of its own place in the stream.

    The strength goes linearly from ``start`` at the first sample to ``end`` at the last. The experiences are parts
    of the stream of equal length; the test set of each is all test samples at the strength of its middle.

    Raises:
        UsageError: the samples are no images, or noise is to be added to images that are not in 0 to 1.
    """
    outline = drift_outline(parameters, seed)
    data = of_images(load_for(parameters, outline, data_root), "A drifting stream")
    if parameters.transform == "noise":
        for x in (data.train_x, data.test_x):
            _check_range(x, parameters.dataset)
    n, parts = len(data.train_y), len(outline)
    order = torch.randperm(n, generator=drawing(seed, "stream"))
    strength = torch.empty(n)
    strength[order] = torch.linspace(parameters.start, parameters.end, n)
    pixels = drawing(seed, "pixel-noise")
    x = transformed(data.train_x, strength, parameters.transform, pixels)
    train = [Samples(x, rows, data.train_y[rows]) for rows in order.tensor_split(parts)]
    test = []
    for part in range(parts):
        middle = parameters.start + (parameters.end - parameters.start) * (part + 0.5) / parts
        at = torch.full((len(data.test_y),), middle)
        test.append(all_rows(transformed(data.test_x, at, parameters.transform, pixels), data.test_y))
    return assemble(parameters, seed, outline, data, train, test)


def _check_range(x: Tensor, name: str) -> None:
    low, high = x.min().item(), x.max().item()
    if low < 0 or high > 1:
        raise UsageError(
            f"transform = 'noise' cuts off what is outside 0 to 1, and the images of {name} are {low:g} to {high:g}; "
            "scale them to 0 to 1."
        )


def transformed(x: Tensor, strength: Tensor, transform: str, generator: torch.Generator) -> Tensor:
    """Transform images (n, channels, height, width), each with its own strength (n,).

    ``rotation`` turns by as many degrees, counter-clockwise; ``noise`` adds Gaussian noise of this standard
    deviation and cuts off what is outside 0 to 1; ``contrast`` multiplies the distance of each pixel from its
    image's mean.
    """
    if transform == "rotation":
        return rotate(x, strength)
    s = strength.view(-1, 1, 1, 1)
    if transform == "noise":
        return torch.randn(x.shape, generator=generator).mul_(s).add_(x).clamp_(0, 1)
    mean = x.mean((1, 2, 3), keepdim=True)
    return mean + s * (x - mean)
