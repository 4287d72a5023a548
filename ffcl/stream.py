"""A stream of experiences as plain tensors: what a stream builder returns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from ffcl.index_sets import IndexSet, overlap


@dataclass(frozen=True)
class Samples:
    """Labelled samples: rows of a shared tensor, so that experiences share memory.

    Attributes:
        x: the storage (n, *input_shape), float32.
        rows: which rows of ``x`` these samples are, int64 (m,).
        y: the label of each sample, int64 (m,).
        pixels: an order of the flattened features, applied when a batch is fetched, int64 (features,);
            None leaves them as they are.
    """

    x: Tensor
    rows: Tensor
    y: Tensor
    pixels: Tensor | None = None

    def __len__(self) -> int:
        return len(self.y)

    def subset(self, index: Tensor) -> Samples:
        """The samples at positions ``index`` (b,)."""
        return replace(self, rows=self.rows.index_select(0, index), y=self.y.index_select(0, index))

    def inputs(self, index: Tensor) -> Tensor:
        """Fetch the inputs at positions ``index`` (b,), as (b, *input_shape)."""
        x = self.x.index_select(0, self.rows.index_select(0, index))
        return x if self.pixels is None else x.flatten(1).index_select(1, self.pixels).view_as(x)


@dataclass(frozen=True)
class Experience:
    """One experience: its training and test samples, and the labels in them.

    Attributes:
        train: training samples.
        test: test samples.
        classes: the labels of the training samples, in increasing order.
        task: which row of the stream's ``allowed`` table holds for these samples.
        piece: samples in each piece, if the learner gets the training samples piece by piece, in the order of
            ``train``, each as an experience of its own: it is told of no boundary. 0 gives them all at once.
    """

    train: Samples
    test: Samples
    classes: tuple[int, ...]
    task: int = 0
    piece: int = 0

    def pieces(self) -> Iterator[Samples]:
        """What the learner gets, one after the other."""
        for index in torch.arange(len(self.train)).split(self.piece or len(self.train)):
            yield self.train.subset(index)


@dataclass(frozen=True)
class Stream:
    """A non-stationary stream; labels are numbered in the order in which the classes arrive.

    Attributes:
        experiences: in the order of training.
        outline: the original class ids of each experience.
        data_sha256: identifies the data set the stream was built from.
        allowed: for each task the labels that may be chosen, boolean (tasks, labels); None allows every class
            seen, which hides the tasks from the learner.
        index_sets: evidence of the samples in it: those in any experience's training samples under ``"train"``,
            those in any test set under ``"test"``; empty if the kind of stream does not say.
    """

    experiences: tuple[Experience, ...]
    outline: tuple[tuple[int, ...], ...]
    data_sha256: str
    allowed: Tensor | None = None
    index_sets: Mapping[str, IndexSet] = field(default_factory=dict)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of one sample."""
        return tuple(self.experiences[0].train.x.shape[1:])


def all_rows(x: Tensor, y: Tensor, pixels: Tensor | None = None) -> Samples:
    """Every row of ``x`` (n, ...) with its label ``y`` (n,)."""
    return Samples(x, torch.arange(len(y)), y, pixels)


def breach(stream: Stream) -> str | None:
    """Say what of the above a stream does not keep, if anything: no result of it could be trusted."""
    seen: set[int] = set()
    for number, experience in enumerate(stream.experiences, start=1):
        for name, samples in (("training", experience.train), ("test", experience.test)):
            if not len(samples):
                return f"experience {number} has no {name} sample"
        for piece in experience.pieces():
            seen |= set(piece.y.tolist())
            if jumped := sorted(seen - set(range(len(seen)))):
                return (
                    f"experience {number} brings the label {jumped[0]} when {len(seen)} labels have been seen, which "
                    f"must be 0 to {len(seen) - 1}, numbered as they arrive"
                )
        labels = tuple(experience.train.y.unique().tolist())
        if tuple(experience.classes) != labels:
            return f"the classes of experience {number} are {experience.classes}, and its training labels {labels}"
    sets = stream.index_sets
    if {"train", "test"} <= sets.keys() and (shared := overlap(sets["train"], sets["test"])):
        return f"{shared} training samples are test samples as well"
    return None
