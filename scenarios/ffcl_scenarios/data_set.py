"""What a data set, or a part of one, is once it is in memory."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from ffcl.index_sets import IndexSet
from ffcl.parts import HELD_OUT, Part, Rows, rows_of


class Labelled(NamedTuple):
    """Samples, float32 (n, ...), images (n, channels, height, width) in 0 to 1; and labels, int64 (n,)."""

    x: Tensor
    y: Tensor


@dataclass(frozen=True)
class DataSet:
    """What is trained on and what is tested on.

    Attributes:
        train_x: training samples, float32 (n, ...), images (n, channels, height, width) in 0 to 1.
        train_y: their labels, int64 (n,).
        test_x: samples to test on, of the same shape.
        test_y: their labels.
        sha256: identifies all samples that were loaded, those outside the part too.
        train_index: which samples of the whole training set the rows of ``train_x`` are, in their order.
        test_index: which samples of the whole test set, or of the training set, the rows of ``test_x`` are.
    """

    train_x: Tensor
    train_y: Tensor
    test_x: Tensor
    test_y: Tensor
    sha256: str
    train_index: IndexSet
    test_index: IndexSet


def data_set(train: Labelled, test: Labelled | None = None, *, part: Part = "all") -> DataSet:
    """Put a part of a data set together, with what identifies it.

    Args:
        train: the whole training set.
        test: the whole test set; it is not needed where ``part`` holds out training samples.
        part: the part.

    Raises:
        UsageError: there are too few training samples.
    """
    digest = hashlib.sha256()
    _update(digest, train)
    n, of = len(train.y), digest.hexdigest()
    rows = rows_of(part, n)
    trained = _taken(train, rows.train)
    train_index = IndexSet(of, n, rows.train)
    if part in HELD_OUT:
        return DataSet(*trained, *_taken(train, rows.held_out), of, train_index, IndexSet(of, n, rows.held_out))
    if test is None:
        raise ValueError(f"part {part!r} is tested on the test set")
    _update(digest, test)
    tested = hashlib.sha256()
    _update(tested, test)
    test_index = IndexSet(tested.hexdigest(), len(test.y), torch.arange(len(test.y)).numpy())
    return DataSet(*trained, *test, digest.hexdigest(), train_index, test_index)


def _update(digest: hashlib._Hash, samples: Labelled) -> None:
    for tensor in samples:
        digest.update(str(tuple(tensor.shape)).encode() + tensor.contiguous().numpy().tobytes())


def _taken(samples: Labelled, rows: Rows) -> Labelled:
    """These rows, in increasing order; all of them are not copied."""
    if len(rows) == len(samples.y):
        return samples
    index = torch.from_numpy(rows)
    return Labelled(samples.x[index], samples.y[index])
