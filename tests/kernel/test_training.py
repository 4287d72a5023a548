from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
import torch
from avalanche.benchmarks import benchmark_from_datasets
from avalanche.benchmarks.utils.ffcv_support import ffcv_components
from avalanche.evaluation.metrics import accuracy_metrics, forgetting_metrics
from avalanche.logging import BaseLogger
from avalanche.training.plugins import EvaluationPlugin, EWCPlugin, GEMPlugin
from avalanche.training.plugins import ReplayPlugin as AvalancheReplay
from torch import Tensor, nn

from ffcl.avalanche_mends import ReplayPlugin
from ffcl.errors import LearnerError
from ffcl.evaluation import accuracy, accuracy_row
from ffcl.learner import Learner
from ffcl.parameters import Parameters
from ffcl.randomness import RandomSequence, reproducible
from ffcl.stream import Experience, Stream, all_rows
from ffcl.tensor_dataset import tensor_dataset
from ffcl.testing.case import SHAPE, samples
from ffcl.training import Training, avalanche_train_stream, shifted
from ffcl_bp.hyperparameters import BPHyperparameters
from ffcl_bp.learner import BP
from ffcl_hebbian.hyperparameters import HebbianHyperparameters
from ffcl_hebbian.learner import Hebbian


class Quiet(BaseLogger):
    """An evaluator without a logger warns."""


def stream_of(classes: Sequence[tuple[int, ...]], n: int = 48, by_task: bool = False) -> Stream:
    experiences = []
    for task, labels in enumerate(classes):
        train, test = (all_rows(*samples(labels, size, 10 * task + size)) for size in (n, n // 2))
        experiences.append(Experience(train, test, labels, task if by_task else 0))
    allowed = None
    if by_task:
        allowed = torch.zeros(len(classes), 1 + max(max(c) for c in classes), dtype=torch.bool)
        for task, labels in enumerate(classes):
            allowed[task, list(labels)] = True
    return Stream(tuple(experiences), tuple(classes), "made-up", allowed)


CLASS_INCREMENTAL = stream_of([(0, 1), (2, 3)])


def bp(hidden: int = 8) -> BP:
    return BP(SHAPE, BPHyperparameters(hidden=hidden, layers=1, lr=1e-2))


def trained(stream: Stream, learner: Learner[Any], plugins: Sequence[Any] = (), **options: Any) -> Training:
    training = Training(
        learner=learner,
        randomness=RandomSequence(1),
        plugins=plugins,
        **{"epochs": 2, "batch_size": 16, "allowed": stream.allowed, **options},
    )
    for (experience,) in avalanche_train_stream(stream):
        training.train(experience)
    return training


def weights(training: Training) -> Tensor:
    return torch.cat([p.detach().flatten() for p in training.learner.parameters()])


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


def test_accuracies_are_those_avalanche_measures() -> None:
    """The matrix against Avalanche's own evaluation of the same model on the same test stream."""
    stream = CLASS_INCREMENTAL
    with reproducible(0):
        evaluator = EvaluationPlugin(
            accuracy_metrics(experience=True), forgetting_metrics(stream=True), loggers=[Quiet()]
        )
        training = Training(learner=bp(), randomness=RandomSequence(1), epochs=1, batch_size=16, scored=True)
        training.evaluator = evaluator
        training.plugins.insert(0, evaluator)
        tests = benchmark_from_datasets(test=[tensor_dataset(e.test, e.task) for e in stream.experiences]).test_stream
        for experience, described in zip(tests, stream.experiences, strict=True):
            experience.classes_in_this_experience = list(described.classes)
        matrix, theirs = [], {}
        for (experience,) in avalanche_train_stream(stream):
            training.train(experience)
            matrix.append(accuracy_row(training.learner, stream, training.n_classes))
            # Avalanche adapts the model before evaluating; ours must not grow from test experiences
            training.begin = lambda experience: None  # type: ignore[method-assign]
            training._criterion = lambda scores, y: torch.zeros(())
            theirs = training.eval(tests)
            del training.begin
            training._criterion = training.loss_of
            row = [theirs[f"Top1_Acc_Exp/eval_phase/test_stream/Exp{j:03d}"] for j in range(2)]
            assert matrix[-1] == pytest.approx(row)
    assert theirs["StreamForgetting/eval_phase/test_stream"] == pytest.approx(matrix[0][0] - matrix[1][0])


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


def test_replay_fills_its_buffer_and_changes_what_is_learned() -> None:
    results = []
    for plugins in ([], [ReplayPlugin(mem_size=20)]):
        with reproducible(0):
            training = trained(CLASS_INCREMENTAL, bp(), plugins, epochs=20)
        results.append(accuracy_row(training.learner, CLASS_INCREMENTAL, 4)[0])
        if plugins:
            assert len(plugins[0].storage_policy.buffer) == 20
            assert {int(y) for y in plugins[0].storage_policy.buffer.targets} == {0, 1, 2, 3}
    assert results[0] < 0.3
    assert results[1] > 0.8


@pytest.mark.parametrize("learner", [bp, lambda: Hebbian(SHAPE, HebbianHyperparameters(hidden=10))])
@pytest.mark.parametrize("plugin", [lambda: EWCPlugin(1000.0), lambda: ReplayPlugin(mem_size=8)])
def test_avalanches_plugins_act_on_any_rule(learner: Any, plugin: Any) -> None:
    """A rule without back-propagation is regularised and replayed like any other."""
    results = []
    for plugins in ([], [plugin()]):
        with reproducible(0):
            results.append(weights(trained(CLASS_INCREMENTAL_FIXED, learner(), plugins)))
    assert not torch.equal(*results)


CLASS_INCREMENTAL_FIXED = stream_of([(0, 1, 2, 3), (0, 1, 2, 3)])


def test_gem_projects_a_hebbian_update() -> None:
    """GEM differentiates ``criterion(model(x), y)`` by itself and gets the rule's own updates."""

    class Spy(GEMPlugin):
        projected = 0

        def solve_quadprog(self, g: Tensor) -> Tensor:
            self.projected += 1
            return 0.5 * g

    spy = Spy(patterns_per_experience=8, memory_strength=0.5)
    with reproducible(0):
        trained(CLASS_INCREMENTAL_FIXED, Hebbian(SHAPE, HebbianHyperparameters(hidden=10)), [spy], epochs=20)
    assert spy.G.abs().sum() > 0
    assert spy.projected > 0


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


def test_only_allowed_classes_are_candidates() -> None:
    class Likes3(BP):
        def forward(self, x: Tensor) -> Tensor:
            return torch.tensor([0.0, 1.0, 2.0, 3.0]).expand(len(x), 4)

    learner = Likes3(SHAPE, BPHyperparameters(hidden=2))
    stream = stream_of([(0, 1), (2, 3)], by_task=True)
    # of each task's two classes the second is preferred, and half of the samples are of it
    assert accuracy(learner, stream.experiences[0], 4, stream.allowed) == 0.5
    assert accuracy(learner, stream.experiences[0], 4, None) == 0.0
    assert accuracy(learner, stream.experiences[1], 4, stream.allowed) == 0.5


def test_what_has_not_been_seen_counts_as_wrong() -> None:
    learner = bp()
    learner.begin_experience((0, 1))
    by_task = stream_of([(0, 1), (2, 3)], by_task=True)
    for stream in (CLASS_INCREMENTAL, by_task):
        assert accuracy(learner, stream.experiences[1], 2, stream.allowed) == 0.0


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


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        (lambda x: torch.zeros(len(x), 3), r"of shape \(batch, classes seen\) = \(24, 2\), got \(24, 3\)"),
        (lambda x: torch.full((len(x), 2), float("nan")), "scores that are not finite"),
        (lambda x: None, "got NoneType"),
    ],
)
def test_wrong_scores_are_named(scores: Any, message: str) -> None:
    learner = bp()
    learner.forward = scores  # type: ignore[method-assign]
    with pytest.raises(LearnerError, match=message):
        accuracy(learner, CLASS_INCREMENTAL.experiences[0], 2, None)


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


def test_avalanches_own_replay_still_warns() -> None:
    """The mended plugin can go once upstream has stopped calling its own deprecated method."""
    with reproducible(0), pytest.warns(DeprecationWarning, match="pre_adapt and post_adapt"):
        trained(CLASS_INCREMENTAL, bp(), [AvalancheReplay(mem_size=8)])


def test_pytorchs_concat_still_fetches_single_samples() -> None:
    """The rebound ConcatDataset can go once PyTorch's own has ``__getitems__``."""
    assert not hasattr(torch.utils.data.ConcatDataset, "__getitems__")


def test_avalanches_own_loader_still_goes_through_every_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rebound has_ffcv_support can go once upstream's does not flatten what it cannot load anyway."""
    flattened = []
    monkeypatch.setattr(ffcv_components, "single_flat_dataset", flattened.append)
    data = [tensor_dataset(e.train, 0) for e in CLASS_INCREMENTAL.experiences]
    assert not ffcv_components.has_ffcv_support(data)
    assert len(flattened) == 1
    trained(CLASS_INCREMENTAL, bp(), [ReplayPlugin(mem_size=8)])
    assert len(flattened) == 1


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
