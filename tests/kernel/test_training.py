"""The training loop: what is trained, in which steps, and what a learner may ask of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ffcl.errors import LearnerError
from ffcl.evaluation import accuracy_row
from ffcl.learner import Learner
from ffcl.parameters import Parameters
from ffcl.randomness import RandomSequence, reproducible
from ffcl.tensor_dataset import tensor_dataset
from ffcl.testing.case import SHAPE
from ffcl.training import Training, avalanche_train_stream
from ffcl_bp.hyperparameters import BPHyperparameters
from ffcl_bp.learner import BP
from small_training import CLASS_INCREMENTAL, bp, stream_of, trained, weights


def test_back_propagation_is_plain_pytorch() -> None:
    """The same weights, bit for bit, as a loop written by hand over the same batches."""
    stream = stream_of([(0, 1)])
    with reproducible(3):
        with RandomSequence(1):
            learner = bp()
        training = Training(learner=learner, randomness=RandomSequence(2), epochs=3, batch_size=16)
        ((experience,),) = avalanche_train_stream(stream)
        training.train(experience)
        result = weights(training)
    with reproducible(3):
        with RandomSequence(1):
            plain = bp()
        with RandomSequence(2):
            plain.begin_experience((0, 1))
        optimizer = torch.optim.Adam(plain.parameters(), lr=1e-2, fused=True)
        loader = torch.utils.data.DataLoader(
            tensor_dataset(stream.experiences[0].train, 0), batch_size=16, shuffle=True
        )
        for _ in range(3):
            for x, y, _task in loader:
                optimizer.zero_grad()
                nn.functional.cross_entropy(plain(x), y).backward()
                optimizer.step()
    assert torch.equal(result, torch.cat([p.detach().flatten() for p in plain.parameters()]))


def test_task_incremental_learning_stays_inside_the_task() -> None:
    """The head's rows of other tasks get no gradient, and only the task's classes are candidates."""
    stream = stream_of([(0, 1), (2, 3)], by_task=True)
    learner = bp()
    with reproducible(0):
        training = Training(
            learner=learner, randomness=RandomSequence(1), epochs=1, batch_size=16, allowed=stream.allowed
        )
        (first,), (second,) = avalanche_train_stream(stream)
        training.train(first)
        assert learner.head is not None
        before = learner.head.weight.detach().clone()
        training.begin(second)
        training.train(second)
    assert learner.head is not None
    assert torch.equal(learner.head.weight[:2], before)


def test_a_learner_that_counts_needs_no_gradient() -> None:
    class Means(Learner[Parameters]):
        def begin_experience(self, classes: tuple[int, ...]) -> None:
            if not hasattr(self, "sums"):
                self.register_buffer("sums", torch.zeros(0, 36))
                self.register_buffer("counts", torch.zeros(0))
            missing = max(0, max(classes) + 1 - len(self.counts))
            self.sums = torch.cat([self.sums, torch.zeros(missing, 36)])
            self.counts = torch.cat([self.counts, torch.zeros(missing)])

        def observe(self, x: Tensor, y: Tensor, allowed: Tensor | None) -> None:
            self.sums.index_add_(0, y, x.flatten(1))
            self.counts.index_add_(0, y, torch.ones(len(y)))

        def forward(self, x: Tensor) -> Tensor:
            return -torch.cdist(x.flatten(1), self.sums / self.counts.clamp(min=1).unsqueeze(1))

    training = trained(CLASS_INCREMENTAL, Means(SHAPE, Parameters()), observes=True)
    assert accuracy_row(training.learner, CLASS_INCREMENTAL, 4) == [1.0, 1.0]


class Broken(BP):
    """Returns what it is told to."""

    result: Any = None

    def loss(self, x: Tensor, y: Tensor, allowed: Tensor | None) -> Tensor:
        loss: Tensor = self.result(super().loss(x, y, allowed))
        return loss


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (lambda loss: loss * float("nan"), r"returned nan in experience 1, epoch 1, step 1"),
        (lambda loss: loss.expand(3), r"must return a scalar tensor, got \(3,\)"),
        (lambda loss: 1.0, r"must return a scalar tensor, got float"),
        (lambda loss: loss.detach(), r"returned a value without a gradient"),
    ],
)
def test_a_wrong_loss_is_named(result: Any, message: str) -> None:
    learner = Broken(SHAPE, BPHyperparameters(hidden=2))
    learner.result = result
    with pytest.raises(LearnerError, match=message):
        trained(CLASS_INCREMENTAL, learner)


def test_the_step_size_follows_the_learners_course_within_each_experience() -> None:
    used: list[float] = []

    class Course(BP):
        def step_size(self, progress: float) -> float:
            return 1.0 - progress

        def optimizer(self) -> torch.optim.Optimizer:
            optimizer = torch.optim.SGD(self.parameters(), lr=0.5)
            optimizer.register_step_pre_hook(lambda o, *_: used.append(o.param_groups[0]["lr"]))
            return optimizer

    with reproducible(0):
        training = trained(CLASS_INCREMENTAL, Course(SHAPE, BPHyperparameters(hidden=4)), [], epochs=2)
    steps = len(used) // 2
    assert used[:steps] == pytest.approx([0.5 * (1 - k / steps) for k in range(steps)])
    assert used[steps:] == used[:steps]
    assert training.optimizer.param_groups[0]["lr"] == 0.5


@pytest.mark.parametrize("iterations", [2, 3, 7])
def test_a_number_of_steps_can_stand_in_place_of_epochs(iterations: int) -> None:
    """Three steps an epoch: the budget may end in the middle of one, and is the same in each experience."""
    progress: list[float] = []

    class Counting(BP):
        def step_size(self, progress_now: float) -> float:
            progress.append(progress_now)
            return 1.0

    with reproducible(0):
        trained(CLASS_INCREMENTAL, Counting(SHAPE, BPHyperparameters(hidden=4)), epochs=9, iterations=iterations)
    assert progress == pytest.approx([k / iterations for k in range(iterations)] * 2)


def test_a_piece_is_an_experience_of_its_own_to_the_learner() -> None:
    told: list[tuple[int, ...]] = []

    class Told(BP):
        def begin_experience(self, classes: tuple[int, ...]) -> None:
            told.append(classes)
            super().begin_experience(classes)

    whole = CLASS_INCREMENTAL.experiences
    stream = replace(CLASS_INCREMENTAL, experiences=tuple(replace(e, piece=20) for e in whole))
    by_experience = avalanche_train_stream(stream)
    assert [[len(piece.dataset) for piece in pieces] for pieces in by_experience] == [[20, 20, 8]] * 2
    with reproducible(0):
        training = Training(
            learner=Told(SHAPE, BPHyperparameters(hidden=4)), randomness=RandomSequence(1), epochs=1, batch_size=16
        )
        for pieces in by_experience:
            for piece in pieces:
                training.train(piece)
    assert told == [(0, 1)] * 3 + [(2, 3)] * 3


def test_what_the_learners_optimizer_leaves_out_is_not_trained() -> None:
    """The head grows with the second experience; it goes on being trained, and the body goes on being left out."""

    grown: list[Tensor] = []

    class ReadoutOnly(BP):
        def begin_experience(self, classes: tuple[int, ...]) -> None:
            super().begin_experience(classes)
            assert self.head is not None
            grown.append(self.head.weight.detach().clone())

        def optimizer(self) -> torch.optim.Optimizer:
            assert self.head is not None
            return torch.optim.SGD(self.head.parameters(), lr=0.5)

    learner = ReadoutOnly(SHAPE, BPHyperparameters(hidden=8, layers=1))
    body = [p.detach().clone() for p in learner.body.parameters()]
    training = trained(CLASS_INCREMENTAL, learner)
    assert all(torch.equal(p, q) for p, q in zip(learner.body.parameters(), body, strict=True))
    assert learner.head is not None
    held = [p for group in training.optimizer.param_groups for p in group["params"]]
    assert [id(p) for p in held] == [id(p) for p in learner.head.parameters()]
    assert learner.head.weight.grad is not None
    assert (learner.head.weight - grown[1]).abs().max() > 0.01
