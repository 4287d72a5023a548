"""Batches as learners get them: the same for all, shifted alike, and holding nothing else."""

from __future__ import annotations

from collections import Counter

import pytest
import torch
from torch import Tensor

from ffcl.avalanche_mends import ReplayPlugin
from ffcl.evaluation import accuracy_row
from ffcl.randomness import reproducible
from ffcl.testing.case import SHAPE
from ffcl.training import avalanche_train_stream, shifted
from ffcl_bp.hyperparameters import BPHyperparameters
from ffcl_bp.learner import BP
from small_training import CLASS_INCREMENTAL, stream_of, trained


class DrawsALot(BP):
    """Back-propagation that also draws random numbers in every step."""

    def loss(self, x: Tensor, y: Tensor, allowed: Tensor | None) -> Tensor:
        torch.rand(17)
        SEEN.append(x.clone())
        return super().loss(x, y, allowed)


class DrawsNothing(BP):
    """The same, without."""

    def loss(self, x: Tensor, y: Tensor, allowed: Tensor | None) -> Tensor:
        SEEN.append(x.clone())
        return super().loss(x, y, allowed)


class DrawsLate(DrawsNothing):
    """The same, drawing where the gradient is made and where it is applied."""

    def loss(self, x: Tensor, y: Tensor, allowed: Tensor | None) -> Tensor:
        loss = super().loss(x, y, allowed)
        loss.register_hook(lambda grad: grad * (1 + 0 * torch.rand(())))
        return loss

    def optimizer(self) -> torch.optim.Optimizer:
        optimizer = super().optimizer()
        optimizer.register_step_pre_hook(lambda *_: torch.rand(3).sum() and None)
        return optimizer


SEEN: list[Tensor] = []


@pytest.mark.parametrize("replay", [False, True])
def test_all_learners_of_a_seed_see_the_same_batches(replay: bool) -> None:
    """Whatever a rule draws never shifts the order of the samples, nor what is replayed."""
    orders = []
    for kind in (DrawsALot, DrawsLate, DrawsNothing):
        SEEN.clear()
        with reproducible(0):
            learner = kind(SHAPE, BPHyperparameters(hidden=4, layers=1))
            trained(CLASS_INCREMENTAL, learner, [ReplayPlugin(mem_size=10)] if replay else [])
        orders.append([x.clone() for x in SEEN])
    assert len(orders[0]) == 12
    for a, b, c in zip(*orders, strict=True):
        assert torch.equal(a, b)
        assert torch.equal(a, c)


def test_the_training_stream_holds_no_test_data() -> None:
    stream = [piece for pieces in avalanche_train_stream(CLASS_INCREMENTAL) for piece in pieces]
    assert len(stream) == 2
    assert [sorted(set(e.dataset.targets)) for e in stream] == [[0, 1], [2, 3]]
    assert [len(e.dataset) for e in stream] == [48, 48]


def test_what_a_learner_is_handed_holds_nothing_else() -> None:
    """Batches are copies of their own size: behind them lies neither the rest of the data nor a table of tasks."""
    handed: list[Tensor] = []

    class Curious(BP):
        def loss(self, x: Tensor, y: Tensor, allowed: Tensor | None) -> Tensor:
            handed.extend(t for t in (x, y, allowed) if t is not None)
            return super().loss(x, y, allowed)

        def forward(self, x: Tensor) -> Tensor:
            handed.append(x)
            return super().forward(x)

    stream = stream_of([(0, 1), (2, 3)], by_task=True)
    training = trained(stream, Curious(SHAPE, BPHyperparameters(hidden=4)), [ReplayPlugin(mem_size=8)])
    accuracy_row(training.learner, stream, 4)
    assert len(handed) > 20
    for tensor in handed:
        assert tensor.untyped_storage().nbytes() == tensor.numel() * tensor.element_size()


def test_shifting_moves_each_image_as_a_whole() -> None:
    x = torch.zeros(300, 2, 5, 7)
    x[:, 0, 2, 3] = 1.0
    x[:, 1, 0, 0] = 2.0
    moved = shifted(x, 1)
    sample, row, column = moved[:, 0].nonzero().T
    assert sample.tolist() == list(range(300))
    places = Counter(zip((row - 2).tolist(), (column - 3).tolist(), strict=True))
    assert set(places) == {(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1)}
    assert min(places.values()) > 15
    for i in range(300):
        dy, dx = int(row[i]) - 2, int(column[i]) - 3
        corner = moved[i, 1].nonzero().tolist()
        assert corner == ([[dy, dx]] if dy >= 0 and dx >= 0 else [])


def test_shifted_images_reach_the_learner_and_all_learners_alike() -> None:
    seen = []
    for kind in (DrawsALot, DrawsNothing):
        SEEN.clear()
        with reproducible(0):
            trained(CLASS_INCREMENTAL, kind(SHAPE, BPHyperparameters(hidden=4, layers=1)), [], shift=1)
        seen.append([x.clone() for x in SEEN])
    assert all(torch.equal(a, b) for a, b in zip(*seen, strict=True))
