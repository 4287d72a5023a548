"""Streams in which classes come back, each time with samples that have not come before."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from ffcl.errors import UsageError
from ffcl.stream import Samples, Stream
from ffcl_scenarios.assembly import assemble, deal, drawing, handing_order, numbered
from ffcl_scenarios.datasets import load_for
from ffcl_scenarios.outlines import Outline, recurring_outline
from ffcl_scenarios.parameters import Recurring


def build(parameters: Recurring, seed: int, data_root: Path) -> Stream:
    """Deal out the samples of each class over the experiences it comes in; every training sample comes once.

    The ``random`` schedule is the slot-based generator of Hemati et al. 2023 (arXiv 2301.11396): every experience
    has as many slots as it has classes, each class fills equally many slots, drawn at random, no two in one
    experience. The test set of an experience is all test samples of its classes.

    Raises:
        UsageError: a class has fewer samples than experiences.
    """
    outline = recurring_outline(parameters, seed)
    data = load_for(parameters, outline, data_root)
    place = occurrences(data.train_y, outline, drawing(seed, "places"))
    order = handing_order(parameters, len(place), drawing(seed, "stream"))
    label = numbered(outline, parameters.n_classes)
    train = deal(data.train_x, label[data.train_y], place, order, len(outline))
    rows = [torch.isin(data.test_y, torch.tensor(classes)).nonzero().squeeze(1) for classes in outline]
    test = [Samples(data.test_x, part, label[data.test_y[part]]) for part in rows]
    return assemble(parameters, seed, outline, data, train, test)


def occurrences(y: Tensor, outline: Outline, generator: torch.Generator) -> Tensor:
    """Draw the experience each sample comes in (n,): those of a class evenly over the ones that have the class."""
    place = torch.full_like(y, -1)
    for c in sorted({c for classes in outline for c in classes}):
        mine = (y == c).nonzero().squeeze(1)
        where = torch.tensor([index for index, classes in enumerate(outline) if c in classes])
        if len(mine) < len(where):
            raise UsageError(
                f"Class {c} has {len(mine)} training samples, too few for the {len(where)} experiences it comes in."
            )
        mine = mine[torch.randperm(len(mine), generator=generator)]
        place[mine] = where[torch.arange(len(mine)) % len(where)]
    return place
