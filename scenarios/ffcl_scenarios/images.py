"""What is done to images."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample, pad

from ffcl.errors import UsageError
from ffcl_scenarios.data_set import DataSet


def of_images(data: DataSet, what: str) -> DataSet:
    """The data set, if its samples are images; ``what`` needs them.

    Raises:
        UsageError: they are not.
    """
    shape = tuple(data.train_x.shape[1:])
    if len(shape) != 3:
        raise UsageError(f"{what} needs images (channels, height, width); these samples are of the shape {shape}.")
    return data


def padded(data: DataSet, pixels: int) -> DataSet:
    """Put so many zeros around every image, on every side.

    Raises:
        UsageError: the samples are no images.
    """
    of_images(data, "A stream with pad")
    train_x, test_x = (pad(x, (pixels,) * 4) for x in (data.train_x, data.test_x))
    return replace(data, train_x=train_x, test_x=test_x)


def rotate(x: Tensor, degrees: float | Tensor) -> Tensor:
    """Turn images (n, channels, height, width) counter-clockwise, bilinear, with zeros outside.

    Args:
        x: the images.
        degrees: by how much; one for all, or one for each (n,).
    """
    if not isinstance(degrees, Tensor):
        if degrees % 360 == 0:
            return x
        degrees = torch.full((len(x),), float(degrees))
    angle = degrees.double().deg2rad()
    cos, sin, zero = angle.cos(), angle.sin(), torch.zeros_like(angle)
    ratio = x.shape[2] / x.shape[3]  # both axes of the grid go from -1 to 1, however long they are
    turn = torch.stack([cos, -sin * ratio, zero, sin / ratio, cos, zero], 1).view(-1, 2, 3).float()
    turned = [
        grid_sample(part, affine_grid(how, list(part.shape), align_corners=False), align_corners=False)
        for part, how in zip(x.split(5000), turn.split(5000), strict=True)
    ]
    return torch.cat(turned)
