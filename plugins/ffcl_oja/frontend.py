"""The convolutional front-end: Hebbian filters, learned from the first samples of a stream and then frozen."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, conv2d, unfold

from ffcl.errors import LearnerError
from ffcl_oja import rule

PATCHES_A_STEP = 32
CONTRAST_SHARE = 0.5


class ConvFrontEnd(nn.Module):
    """Filters, divided by the local contrast, rectified by |.|, and pooled by overlapping means.

    The filters learn by Sanger's rule on the patches of the first ``samples`` images, mean taken off; the step shrinks
    linearly to zero meanwhile, from batch to batch: in one batch of all ``samples`` it does not shrink. Labels are not
    used.

    Args:
        shape: of one image, (channels, height, width).
        filters: number of filters.
        size: side of a filter.
        pool: side of a pooling window; the stride is half of it.
        samples: number of images to learn from.

    Raises:
        LearnerError: the input is no image, or smaller than a filter or a pooling window.
    """

    learned: Tensor
    contrast: Tensor

    def __init__(self, shape: tuple[int, ...], filters: int, size: int, pool: int, samples: int) -> None:
        super().__init__()
        if len(shape) != 3:
            raise LearnerError(
                f"oja.features=conv needs images (channels, height, width), got samples of shape {shape}; "
                "oja.features=pixels takes any shape."
            )
        for name, side in (("filter_size", size), ("pool", pool)):
            if side > min(shape[1:]):
                raise LearnerError(
                    f"oja.{name} must be at most {min(shape[1:])} for images of {shape[1]} x {shape[2]} pixels, "
                    f"got {side}."
                )
        self.size, self.pool, self.samples = size, pool, samples
        length = shape[0] * size * size
        weight = torch.randn(filters, length) / length**0.5
        self.weight = nn.Parameter(weight - weight.mean(1, keepdim=True), requires_grad=False)
        self.register_buffer("learned", torch.tensor(0))
        self.register_buffer("contrast", torch.tensor(0.0))

    @property
    def frozen(self) -> bool:
        """Whether the filters have learned all that they will."""
        return int(self.learned) >= self.samples

    def freeze(self) -> None:
        """End the learning."""
        self.learned.clamp_(min=self.samples)

    @torch.no_grad()
    def learn(self, x: Tensor) -> None:
        """Learn from the patches of a batch of images (batch, channels, height, width)."""
        patches = unfold(x, self.size).mT.flatten(0, 1)
        patches = patches - patches.mean(1, keepdim=True)
        energy = float(patches.square().sum(1).mean())
        share = len(x) / (int(self.learned) + len(x))
        self.contrast += share * (self._energy(x).sqrt().mean() - self.contrast)
        if energy > 0:
            step = max(0.0, 1 - int(self.learned) / self.samples) / energy
            for part in patches[torch.randperm(len(patches))].split(PATCHES_A_STEP):
                self.weight.copy_(rule.generalised_hebbian_step(self.weight, part, step))
        self.learned += len(x)

    def forward(self, x: Tensor) -> Tensor:
        """The features (batch, filters x windows) of images (batch, channels, height, width)."""
        weight = rule.unit(self.weight).view(-1, x.shape[1], self.size, self.size)
        response = conv2d(x, weight, padding=self.size // 2).abs()
        scale = self._energy(x).sqrt() + CONTRAST_SHARE * self.contrast
        response = response / scale.clamp_min(torch.finfo(x.dtype).tiny)
        return avg_pool2d(response, self.pool, max(1, self.pool // 2)).flatten(1)

    def _energy(self, x: Tensor) -> Tensor:
        """Sum of squares in the window of a filter, at each place (batch, 1, height, width)."""
        squares = x.square().sum(1, keepdim=True)
        return avg_pool2d(squares, self.size, 1, padding=self.size // 2) * self.size**2
