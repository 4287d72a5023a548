"""Streams in which each experience brings some of the classes."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from ffcl.stream import Stream
from ffcl_scenarios.assembly import assemble, deal, drawing, handing_order, homes, numbered
from ffcl_scenarios.datasets import load_for
from ffcl_scenarios.outlines import split_outline
from ffcl_scenarios.parameters import Split


def build(parameters: Split, seed: int, data_root: Path) -> Stream:
    """Deal out the classes of a data set over the experiences, in the seed's order.

    Labels number the classes in order of arrival; in a domain-incremental stream they number the classes
    inside their experience. With ``mixing`` every training sample leaves its experience with this probability
    for one drawn uniformly, which may be the same; the test sets stay as they are.
    """
    outline = split_outline(parameters, seed)
    data = load_for(parameters, outline, data_root)
    n = len(outline)
    home = homes(outline, parameters.n_classes)
    label = numbered(outline, parameters.n_classes)
    if parameters.type == "domain-incremental":
        for classes in outline:
            label[list(classes)] = torch.arange(len(classes))
    place = mixed(home[data.train_y], parameters.mixing, n, drawing(seed, "places"))
    order = handing_order(parameters, len(place), drawing(seed, "stream"))
    train = deal(data.train_x, label[data.train_y], place, order, n)
    test = deal(data.test_x, label[data.test_y], home[data.test_y], torch.arange(len(data.test_y)), n)
    by_task = parameters.type == "task-incremental"
    return assemble(parameters, seed, outline, data, train, test, by_task)


def mixed(place: Tensor, share: float, experiences: int, generator: torch.Generator) -> Tensor:
    """Move each sample that has a place (n,), with probability ``share``, to one drawn uniformly."""
    if not share:
        return place
    moved = (torch.rand(len(place), generator=generator) < share) & (place >= 0)
    return torch.where(moved, torch.randint(experiences, place.shape, generator=generator), place)
