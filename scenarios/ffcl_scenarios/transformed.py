"""Domain-incremental streams: the same classes throughout, the images transformed."""

from __future__ import annotations

import math
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample

from ffcl.seeding import derive_seed
from ffcl.stream import Experience, Stream, all_rows
from ffcl_scenarios.datasets import load
from ffcl_scenarios.parameters import Permuted, Rotated, all_classes_outline


def build_permuted(parameters: Permuted, seed: int, data_root: Path) -> Stream:
    """The pixels in an order drawn from the seed, another one in each experience but the first."""
    data = load(parameters.dataset, data_root)
    outline = all_classes_outline(parameters, seed)
    generator = torch.Generator().manual_seed(derive_seed(seed, "classes"))
    features = data.train_x[0].numel()
    experiences = []
    for index, classes in enumerate(outline):
        pixels = torch.randperm(features, generator=generator) if index else None
        train = all_rows(data.train_x, data.train_y, pixels)
        test = all_rows(data.test_x, data.test_y, pixels)
        experiences.append(Experience(train, test, classes))
    return Stream(tuple(experiences), outline, data.sha256)


def build_rotated(parameters: Rotated, seed: int, data_root: Path) -> Stream:
    """The images turned by each of the angles, one an experience."""
    data = load(parameters.dataset, data_root)
    outline = all_classes_outline(parameters, seed)
    experiences = []
    for angle, classes in zip(parameters.angles, outline, strict=True):
        train = all_rows(rotate(data.train_x, angle), data.train_y)
        test = all_rows(rotate(data.test_x, angle), data.test_y)
        experiences.append(Experience(train, test, classes))
    return Stream(tuple(experiences), outline, data.sha256)


def rotate(x: Tensor, degrees: float) -> Tensor:
    """Turn images (n, channels, height, width) counter-clockwise, bilinear, with zeros outside."""
    if degrees % 360 == 0:
        return x
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    turn = torch.tensor([[cos, -sin, 0.0], [sin, cos, 0.0]])
    turned = [
        grid_sample(
            part,
            affine_grid(turn.expand(len(part), 2, 3), list(part.shape), align_corners=False),
            align_corners=False,
        )
        for part in x.split(5000)
    ]
    return torch.cat(turned)
