"""What a data set is once it is in memory."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class DataSet:
    """Samples, float32 (n, ...), images (n, channels, height, width) in 0 to 1; and labels, int64 (n,)."""

    train_x: Tensor
    train_y: Tensor
    test_x: Tensor
    test_y: Tensor
    sha256: str


def data_set(train_x: Tensor, train_y: Tensor, test_x: Tensor, test_y: Tensor) -> DataSet:
    """Put a data set together, with what identifies it."""
    digest = hashlib.sha256()
    for tensor in (train_x, train_y, test_x, test_y):
        digest.update(str(tuple(tensor.shape)).encode() + tensor.contiguous().numpy().tobytes())
    return DataSet(train_x, train_y, test_x, test_y, digest.hexdigest())
