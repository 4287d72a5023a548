"""Avalanche data sets that hold tensors and are fetched a batch at a time: no Python per sample.

PyTorch's fetcher asks a data set for a whole list of samples when it defines ``__getitems__``. `TensorDataset`
answers with one ready batch; `collate`, registered with PyTorch's default collation, unpacks it, so that every
loader of Avalanche and of its plugins works as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from avalanche.benchmarks.utils import ConstantSequence, DataAttribute, TaskLabels, concat_datasets
from avalanche.benchmarks.utils.classification_dataset import TaskAwareSupervisedClassificationDataset
from torch import Tensor
from torch.utils.data import ConcatDataset, Dataset
from torch.utils.data._utils.collate import default_collate_fn_map

from ffcl.stream import Samples, all_rows


class Batch:
    """A batch that needs no collation: inputs, labels, tasks."""

    __slots__ = ("fields",)

    def __init__(self, *fields: Tensor) -> None:
        self.fields = fields


def collate(batches: Sequence[Batch], *, collate_fn_map: object = None) -> list[Tensor]:
    """Join ready batches into one; the single batch, which is the rule, is passed on as it is."""
    if len(batches) == 1:
        return list(batches[0].fields)
    return [torch.cat(parts) for parts in zip(*(b.fields for b in batches), strict=True)]


default_collate_fn_map[Batch] = collate


class _Source(Dataset[tuple[Tensor, int]]):
    """Samples as an ordinary data set of single samples, for whoever does not fetch batches."""

    def __init__(self, samples: Samples) -> None:
        self.samples = samples

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return self.samples.inputs(torch.tensor([index]))[0], int(self.samples.y[index])


class _Index(NamedTuple):
    """Where each sample of a data set is: in which source, and at which position there."""

    sources: tuple[_Source, ...]
    which: Tensor
    position: Tensor

    def subset(self, indices: Tensor) -> _Index:
        return _Index(self.sources, self.which[indices], self.position[indices])


def _join(parts: Sequence[_Index]) -> _Index:
    sources = tuple(dict.fromkeys(source for part in parts for source in part.sources))
    number = {source: k for k, source in enumerate(sources)}
    which = [
        part.which if part.sources == sources else torch.tensor([number[s] for s in part.sources])[part.which]
        for part in parts
        if part.sources
    ]
    empty = torch.empty(0, dtype=torch.int64)
    return _Index(sources, torch.cat([empty, *which]), torch.cat([empty, *(part.position for part in parts)]))


def _fetch(where: _Index, index: Tensor) -> tuple[Tensor, Tensor]:
    position = where.position.index_select(0, index)
    if len(where.sources) == 1:
        samples = where.sources[0].samples
        return samples.inputs(position), samples.y.index_select(0, position)
    which = where.which.index_select(0, index)
    first = where.sources[0].samples
    x = first.x.new_empty((len(index), *first.x.shape[1:]))
    y = first.y.new_empty(len(index))
    for k in which.unique().tolist():
        mine = (which == k).nonzero().squeeze(1)
        samples, at = where.sources[k].samples, position.index_select(0, mine)
        x[mine], y[mine] = samples.inputs(at), samples.y.index_select(0, at)
    return x, y


class TensorDataset(TaskAwareSupervisedClassificationDataset):
    """An Avalanche data set over tensors; subsets and concatenations of it stay one.

    Beside Avalanche's own index it keeps, for each sample, the source and the position in it. Where a
    transformation or an extra attribute comes in, it falls back on Avalanche's way, a sample at a time.
    """

    def __init__(self, datasets: Sequence[Any], *, indices: Sequence[int] | None = None, **kwargs: Any) -> None:
        super().__init__(datasets, indices=indices, **kwargs)
        transformed = kwargs.get("transform_groups") or kwargs.get("frozen_transform_groups")
        self._index = None if transformed else _index_of(datasets, indices)
        self._tasks: Tensor | None = None

    def __getitems__(self, indices: Sequence[int]) -> list[Any]:
        attributes = {a.name for a in self._data_attributes.values() if a.use_in_getitem}
        if self._index is None or attributes != {"targets_task_labels"}:
            return [self[int(i)] for i in indices]
        index = torch.as_tensor(indices)
        return [Batch(*_fetch(self._index, index), self._task_labels().index_select(0, index))]

    def replace_current_transform_group(self, transform: Any) -> TensorDataset:
        """Copy with a transformation, which Avalanche applies sample by sample."""
        changed: TensorDataset = super().replace_current_transform_group(transform)
        changed._index = None
        return changed

    def _task_labels(self) -> Tensor:
        if self._tasks is None:
            labels = self.targets_task_labels
            if isinstance(labels.data, ConstantSequence):
                self._tasks = torch.full((len(self),), int(labels.data[0]))
            else:
                self._tasks = torch.tensor(list(labels), dtype=torch.int64)
        return self._tasks


def _index_of(datasets: Sequence[Any], indices: Sequence[int] | None) -> _Index | None:
    parts = []
    for dataset in [datasets] if isinstance(datasets, Dataset) else datasets:
        if isinstance(dataset, _Source):
            n = len(dataset)
            parts.append(_Index((dataset,), torch.zeros(n, dtype=torch.int64), torch.arange(n)))
        elif len(dataset) == 0:
            continue
        elif isinstance(dataset, TensorDataset) and dataset._index is not None:
            parts.append(dataset._index)
        else:
            return None
    joined = _join(parts) if len(parts) != 1 else parts[0]
    if indices is None:
        return joined
    return joined.subset(torch.as_tensor([int(i) for i in indices], dtype=torch.int64))


def tensor_dataset(samples: Samples, task: int) -> TensorDataset:
    """Wrap samples, all of one task, as an Avalanche data set."""
    return _wrapped(samples, ConstantSequence(task, len(samples)))


def _wrapped(samples: Samples, tasks: Sequence[int]) -> TensorDataset:
    attributes = [DataAttribute(samples.y.tolist(), "targets"), TaskLabels(tasks)]
    return TensorDataset([_Source(samples)], data_attributes=attributes)


def joined(datasets: Sequence[Any]) -> Any:
    """The data sets as one, of copies of their samples; Avalanche joins two, their union and the next, and so on."""
    index = _index_of(datasets, None)
    if index is None or not index.sources:
        return concat_datasets(datasets)
    x, y = _fetch(index, torch.arange(len(index.position)))
    tasks = torch.cat([dataset._task_labels() for dataset in datasets if len(dataset)])
    return _wrapped(all_rows(x, y), tasks.tolist())


class BatchedConcatDataset(ConcatDataset[Any]):
    """PyTorch's concatenation, fetching a batch from each of its parts."""

    def __getitems__(self, indices: Sequence[int]) -> list[Any]:
        if not all(hasattr(d, "__getitems__") for d in self.datasets):
            return [self[i] for i in indices]
        index = torch.as_tensor(indices)
        ends = torch.tensor(self.cumulative_sizes)
        which = torch.bucketize(index, ends, right=True)
        fetched: list[Any] = []
        # Avalanche's loaders emit one contiguous run of each data set, so grouping keeps the order.
        for k in which.unique().tolist():
            start = int(ends[k - 1]) if k else 0
            part: Any = self.datasets[k]
            fetched += part.__getitems__((index[which == k] - start).tolist())
        if len({type(f) for f in fetched}) > 1:
            return [self[i] for i in indices]
        return fetched
