"""Streams in which each experience brings some of the classes."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from ffcl.stream import Experience, Samples, Stream
from ffcl_scenarios.datasets import load
from ffcl_scenarios.parameters import Split, split_outline


def build(parameters: Split, seed: int, data_root: Path) -> Stream:
    """Deal out the classes of a data set over the experiences, in the seed's order.

    Labels number the classes in order of arrival; in a domain-incremental stream they number the classes
    inside their experience.
    """
    data = load(parameters.dataset, data_root)
    outline = split_outline(parameters, seed)
    shared_labels = parameters.type == "domain-incremental"
    by_task = parameters.type == "task-incremental"
    experiences = []
    for task, originals in enumerate(outline):
        first = 0 if shared_labels else task * len(originals)
        experiences.append(
            Experience(
                train=_of_classes(data.train_x, data.train_y, originals, first),
                test=_of_classes(data.test_x, data.test_y, originals, first),
                classes=tuple(range(first, first + len(originals))),
                task=task if by_task else 0,
            )
        )
    return Stream(tuple(experiences), outline, data.sha256, _table(experiences) if by_task else None)


def _of_classes(x: Tensor, y: Tensor, originals: tuple[int, ...], first: int) -> Samples:
    """The samples of these classes, labelled from ``first`` on."""
    label = torch.full((int(y.max()) + 1,), -1)
    label[list(originals)] = torch.arange(first, first + len(originals))
    labels = label[y]
    rows = (labels >= 0).nonzero().squeeze(1)
    return Samples(x, rows, labels[rows])


def _table(experiences: list[Experience]) -> Tensor:
    n_labels = 1 + max(c for e in experiences for c in e.classes)
    table = torch.zeros(len(experiences), n_labels, dtype=torch.bool)
    for experience in experiences:
        table[experience.task, list(experience.classes)] = True
    return table
