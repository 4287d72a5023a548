"""Which numbers matrix products are computed with."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from ffcl.environment import has_bfloat16_units

Precision = Literal["auto", "float32", "bfloat16"]


def product_dtype(precision: Precision, weights: Tensor) -> torch.dtype:
    """The type that products with ``weights`` are computed in; the weights themselves keep their own.

    ``"auto"`` is bfloat16 where the processor has units for it (AMX, AVX-512; tensor cores), which makes a large
    product about four times faster than in float32, and the type of the weights elsewhere. Weights in float64 stay
    in float64.
    """
    if weights.dtype != torch.float32 or precision == "float32":
        return weights.dtype
    if precision == "bfloat16":
        return torch.bfloat16
    units = torch.cuda.get_device_capability(weights.device) >= (8, 0) if weights.is_cuda else has_bfloat16_units()
    return torch.bfloat16 if units else torch.float32
