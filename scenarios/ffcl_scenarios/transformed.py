"""Streams of all classes in every experience, the images transformed in another way each time."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor

from ffcl.parts import VARIED
from ffcl.seeding import derive_seed
from ffcl.stream import Samples, Stream
from ffcl_scenarios.assembly import assemble, drawing, handing_order
from ffcl_scenarios.data_set import DataSet
from ffcl_scenarios.datasets import load_for
from ffcl_scenarios.images import of_images, rotate
from ffcl_scenarios.outlines import transformed_outline
from ffcl_scenarios.parameters import Permuted, Rotated

View = tuple[Tensor, Tensor, Tensor | None]
"""What an experience sees: training images, test images, and the order of the pixels of both."""


def build_permuted(parameters: Permuted, seed: int, data_root: Path) -> Stream:
    """The pixels in an order drawn from the seed, another one in each experience but the first."""
    data = load_for(parameters, transformed_outline(parameters, seed), data_root)
    generator = torch.Generator().manual_seed(derive_seed(seed, "classes"))
    features = data.train_x[0].numel()
    orders = [None, *(torch.randperm(features, generator=generator) for _ in range(parameters.experiences - 1))]
    return _build(parameters, seed, data, [(data.train_x, data.test_x, order) for order in orders])


def build_rotated(parameters: Rotated, seed: int, data_root: Path) -> Stream:
    """The images turned by each of the angles, one an experience; see `angles_of` for those."""
    outline = transformed_outline(parameters, seed)
    data = of_images(load_for(parameters, outline, data_root), "A rotated stream")
    views = [(rotate(data.train_x, angle), rotate(data.test_x, angle), None) for angle in angles_of(parameters)]
    return _build(parameters, seed, data, views)


def angles_of(parameters: Rotated) -> tuple[float, ...]:
    """The angles, in degrees; in the parts ``tuning`` and ``validation`` none of those that are evaluated.

    There they are shifted by half of the smallest gap between two of them, on the circle, or by 15 if there is but
    one.
    """
    if parameters.part not in VARIED:
        return parameters.angles
    around = sorted({angle % 360 for angle in parameters.angles})
    gaps = [b - a for a, b in pairwise([*around, around[0] + 360])]
    shift = min(gaps) / 2 if len(around) > 1 else 15
    return tuple(angle + shift for angle in parameters.angles)


def _build(parameters: Permuted | Rotated, seed: int, data: DataSet, views: Sequence[View]) -> Stream:
    """One experience a view; unless the stream is domain-incremental, each has labels of its own."""
    outline = transformed_outline(parameters, seed)
    own = 0 if parameters.type == "domain-incremental" else parameters.n_classes
    generator = drawing(seed, "stream")
    train, test = [], []
    for index, (train_x, test_x, pixels) in enumerate(views):
        rows = handing_order(parameters, len(data.train_y), generator)
        train.append(Samples(train_x, rows, data.train_y[rows] + own * index, pixels))
        test.append(Samples(test_x, torch.arange(len(data.test_y)), data.test_y + own * index, pixels))
    by_task = parameters.type == "task-incremental"
    return assemble(parameters, seed, outline, data, train, test, by_task)
