"""What all builders share: drawing, dealing samples out, wrong labels, and the numbering of labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

import torch
from torch import Tensor

from ffcl.errors import UsageError
from ffcl.index_sets import IndexSet
from ffcl.seeding import derive_seed
from ffcl.stream import Experience, Samples, Stream
from ffcl_scenarios.data_set import DataSet
from ffcl_scenarios.outlines import Outline, arrival, one_class_alone
from ffcl_scenarios.parameters import OfDataSet
from ffcl_scenarios.standard import Standard


def drawing(seed: int, purpose: str) -> torch.Generator:
    """A sequence of random numbers of its own for each purpose.

    Purposes in use: "stream" (the order in which samples are handed over), "places" (which experience they come
    in), "blur" (which samples leave their own), "label-noise", "pixel-noise".
    """
    return torch.Generator().manual_seed(derive_seed(seed, purpose))


def handing_order(parameters: OfDataSet, n: int, generator: torch.Generator) -> Tensor:
    """The order of ``n`` samples: drawn, if they are handed over piece by piece; otherwise it does not matter."""
    return torch.randperm(n, generator=generator) if parameters.piece else torch.arange(n)


def numbered(outline: Outline, n_classes: int) -> Tensor:
    """A label for each class, in the order of the outline, (n_classes,); -1 for a class that is not in it."""
    label = torch.full((n_classes,), -1)
    order = arrival(outline)
    label[list(order)] = torch.arange(len(order))
    return label


def homes(outline: Outline, n_classes: int) -> Tensor:
    """The experience each class belongs to, (n_classes,); -1 for a class that is in none."""
    home = torch.full((n_classes,), -1)
    for index, classes in enumerate(outline):
        home[list(classes)] = index
    return home


def deal(x: Tensor, y: Tensor, place: Tensor, order: Tensor, experiences: int) -> list[Samples]:
    """Deal samples out over the experiences.

    Args:
        x: the samples (n, ...).
        y: their labels (n,).
        place: the experience each goes to (n,); -1 leaves it out.
        order: in which they are handed over, a permutation of all of them (n,).
        experiences: how many experiences there are.
    """
    place = place[order]
    rows = [order[place == index] for index in range(experiences)]
    return [Samples(x, part, y[part]) for part in rows]


def assemble(
    parameters: OfDataSet,
    seed: int,
    outline: Outline,
    data: DataSet,
    train: Sequence[Samples],
    test: Sequence[Samples],
    by_task: bool = False,
) -> Stream:
    """Make a stream of the samples of each experience, with labels in the order in which they arrive.

    Args:
        parameters: say whether inputs are standardised, how many labels are wrong, and in what pieces the samples
            are handed over.
        seed: of the run.
        outline: the original classes of each experience.
        data: what the samples are taken from; their rows are its rows.
        train: the training samples of each experience, in the order in which they are handed over; their labels
            are numbered anew, those that come at once in increasing order.
        test: the test samples of each experience, with the same labels.
        by_task: whether the labels of its experience are what may be chosen for a sample.

    Raises:
        UsageError: an experience is without training or test samples, or cannot have wrong labels.
    """
    for kind, parts in (("training", train), ("test", test)):
        for index, samples in enumerate(parts):
            if not len(samples):
                raise UsageError(f"Experience {index + 1} gets no {kind} sample; use fewer experiences.")
    if parameters.standardise:
        standard = Standard(data.train_x[torch.cat([s.rows for s in train]).unique()])
        train, test = [standard(s) for s in train], [standard(s) for s in test]
    generator = drawing(seed, "label-noise")
    noisy = [_with_wrong_labels(s, parameters.noise, generator, index) for index, s in enumerate(train)]
    number = _by_arrival(noisy, test, online=parameters.piece > 0)
    experiences = [
        Experience(
            train=replace(samples, y=number[samples.y]),
            test=replace(asked, y=number[asked.y]),
            classes=tuple(number[samples.y].unique().tolist()),
            task=index if by_task else 0,
            piece=parameters.piece,
        )
        for index, (samples, asked) in enumerate(zip(noisy, test, strict=True))
    ]
    used = {"train": _used(train, data.train_index), "test": _used(test, data.test_index)}
    return Stream(tuple(experiences), outline, data.sha256, _table(experiences) if by_task else None, used)


def _used(samples: Sequence[Samples], index: IndexSet) -> IndexSet:
    """Which samples of the whole set are in any experience; ``index`` says which of them each row is."""
    return index.take(torch.cat([s.rows for s in samples]).unique().numpy())


def _with_wrong_labels(samples: Samples, share: float, generator: torch.Generator, index: int) -> Samples:
    """Replace this share of the labels, each by another one of those that occur in these samples."""
    wrong = round(share * len(samples))
    if not wrong:
        return samples
    labels, which = samples.y.unique(return_inverse=True)
    if len(labels) < 2:
        raise one_class_alone(index)
    chosen = torch.randperm(len(samples), generator=generator)[:wrong]
    step = torch.randint(1, len(labels), (wrong,), generator=generator)
    which[chosen] = (which[chosen] + step) % len(labels)
    return replace(samples, y=labels[which])


def _by_arrival(train: Sequence[Samples], test: Sequence[Samples], online: bool) -> Tensor:
    """The number of each label: a learner scores all labels up to the highest seen, so none may jump the queue."""
    arriving = [samples.y.tolist() if online else samples.y.unique().tolist() for samples in train]
    never = [samples.y.unique().tolist() for samples in test]  # in training, if noise has replaced them all
    order = list(dict.fromkeys(chain.from_iterable([*arriving, *never])))
    number = torch.full((max(order) + 1,), -1)
    number[order] = torch.arange(len(order))
    return number


def _table(experiences: Sequence[Experience]) -> Tensor:
    labels = [torch.cat([e.train.y, e.test.y]).unique() for e in experiences]
    table = torch.zeros(len(experiences), 1 + int(torch.cat(labels).max()), dtype=torch.bool)
    for row, own in zip(table, labels, strict=True):
        row[own] = True
    return table
