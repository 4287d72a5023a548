"""Every strategy on every built-in learner: refused with a reason, or seen to act."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from itertools import product
from typing import Any

import pytest
import torch
from torch import Tensor

from ffcl.evaluation import accuracy_row
from ffcl.execute import state_digest
from ffcl.randomness import RandomSequence, reproducible
from ffcl.registry import installed
from ffcl.specs import resolve
from ffcl.stream import Experience, Stream, all_rows
from ffcl.testing.case import SHAPE, samples
from ffcl.training import Training, avalanche_train_stream

PAIRS = [(0, 1), (2, 3), (4, 5)]
BATCH, BUFFER = 16, 24
SMALL: dict[str, dict[str, object]] = {
    "bp": {"hidden": 12},
    "ff": {"hidden": 12, "lr": 0.03},
    "hebbian": {"hidden": 12, "lr": 0.03},
    "oja": {},
}
STRONG: dict[str, dict[str, object]] = {
    "replay": {"buffer": BUFFER},
    "er-ace": {"buffer": BUFFER},
    "der": {"buffer": BUFFER},
    "gdumb": {"buffer": BUFFER},
    "nearest-mean": {"buffer": BUFFER},
    "ewc": {"strength": 100.0},
    "si": {"strength": 1000.0},
    "mas": {"strength": 10.0},
    "gem": {"patterns": 8},
    "agem": {"patterns": 8, "sample": 16},
}
REFUSED = {
    ("oja", name): "it acts on gradients, and oja updates itself in observe() without one"
    for name in ("ewc", "si", "gem", "agem", "er-ace")
}
REFUSED |= {
    ("oja", name): f"{REFUSED['oja', 'ewc']}; it acts on the gradient of scores, and oja offers none"
    for name in ("der", "mas", "lwf")
}
REFUSED |= {("oja", "nearest-mean"): "it classifies by features, and oja offers none"}

LEARNERS, STRATEGIES = sorted(installed().learners), sorted(installed().strategies)
ACTING = [pair for pair in product(LEARNERS, STRATEGIES) if pair not in REFUSED]


def stream_of(kind: str) -> Stream:
    """Three experiences of two classes each; as a task-incremental, class-incremental or domain-incremental stream."""
    experiences = []
    for task, classes in enumerate(PAIRS):
        labels = (0, 1) if kind == "domain-incremental" else classes
        drawn = (samples(tuple(c % 4 for c in classes), n, 10 * task + n) for n in (48, 24))
        train, test = (all_rows(x, torch.tensor(labels)[torch.arange(len(x)) % 2]) for x, _ in drawn)
        experiences.append(Experience(train, test, labels, task if kind == "task-incremental" else 0))
    allowed = torch.block_diag(*[torch.ones(1, 2)] * 3).bool() if kind == "task-incremental" else None
    return Stream(tuple(experiences), tuple(PAIRS), "made-up", allowed)


@dataclass
class Before:
    """Stands before a strategy's plugins and notes what they find."""

    loss: float = 0.0
    gradient: Tensor | None = None

    def before_backward(self, strategy: Any, **kwargs: Any) -> None:
        self.loss = float(strategy.loss.detach())

    def after_backward(self, strategy: Any, **kwargs: Any) -> None:
        self.gradient = gradient_of(strategy)


@dataclass
class After:
    """Stands behind a strategy's plugins and notes, step by step, what they have done."""

    found: Before
    experience: int = 0
    added: list[float] = field(default_factory=list)
    turned: list[float] = field(default_factory=list)
    batches: list[list[int]] = field(default_factory=lambda: [[], [], []])
    labels: list[set[int]] = field(default_factory=lambda: [set(), set(), set()])
    data: list[int] = field(default_factory=list)
    learners: list[Any] = field(default_factory=list)

    def before_training_epoch(self, strategy: Any, **kwargs: Any) -> None:
        if strategy.clock.train_exp_epochs == 0:
            self.data.append(len(strategy.adapted_dataset))
            self.learners.append(strategy.learner)

    def after_forward(self, strategy: Any, **kwargs: Any) -> None:
        self.batches[self.experience].append(len(strategy.mb_y))
        self.labels[self.experience] |= set(strategy.mb_y.tolist())

    def before_backward(self, strategy: Any, **kwargs: Any) -> None:
        self.added.append(float(strategy.loss.detach()) - self.found.loss)

    def after_backward(self, strategy: Any, **kwargs: Any) -> None:
        if self.found.gradient is not None:
            self.turned.append(float((gradient_of(strategy) - self.found.gradient).norm()))

    def after_training_exp(self, strategy: Any, **kwargs: Any) -> None:
        self.experience += 1


def gradient_of(strategy: Any) -> Tensor:
    gradients = [p.grad.flatten() for p in strategy.model.parameters() if p.grad is not None]
    return torch.cat(gradients) if gradients else torch.zeros(1)


@dataclass
class Trained:
    """A training that is over, what was noted in it, and its accuracies at the end."""

    training: Training
    plugins: list[Any]
    after: After
    digest: str
    accuracies: list[float]


def train(learner: str, strategy: str, kind: str = "class-incremental") -> Trained:
    registry, stream = installed(), stream_of(kind)
    of_learner = registry.get("learner", learner, registry.learners).item
    of_strategy = registry.get("strategy", strategy, registry.strategies).item
    with reproducible(3):
        with RandomSequence(2):
            parameters = of_learner.hyperparameters.from_mapping(SMALL[learner], learner)
            model = resolve(of_learner.learner)(SHAPE, parameters)
        plugins = resolve(of_strategy.plugins)(
            of_strategy.hyperparameters.from_mapping(STRONG.get(strategy, {}), strategy)
        )
        before = Before()
        training = Training(
            learner=model,
            randomness=RandomSequence(2),
            plugins=[before, *plugins, after := After(before)],
            epochs=4,
            batch_size=BATCH,
            allowed=stream.allowed,
            scored=of_strategy.scored,
            observes=of_learner.rule == "observe",
        )
        for (piece,) in avalanche_train_stream(stream):
            training.train(piece)
        accuracies = accuracy_row(training.learner, stream, training.n_classes, training.score)
    return Trained(training, plugins, after, state_digest(training.learner), accuracies)


@cache
def untouched(learner: str, kind: str) -> str:
    """The digest without a strategy."""
    return train(learner, "none", kind).digest


def stored(plugin: Any) -> int:
    """Samples in the buffer of a plugin."""
    if hasattr(plugin, "memory"):
        return len(plugin.memory)
    return len(plugin.storage_policy.buffer)


def replays(t: Trained) -> bool:
    """The buffer is full, and earlier classes come again in larger batches."""
    return (
        stored(t.plugins[0]) == BUFFER
        and t.after.batches[0][0] == BATCH
        and max(t.after.batches[2]) == 2 * BATCH
        and t.after.labels[0] == {0, 1}
        and t.after.labels[2] == {0, 1, 2, 3, 4, 5}
    )


def penalises(t: Trained) -> bool:
    """Nothing is added to the loss in the first experience, something in each of the later ones, never less than 0."""
    first, second, third = torch.tensor(t.after.added).view(3, -1).amax(1).tolist()
    return first == 0 and second > 0 and third > 0 and min(t.after.added) > -1e-6  # a divergence of 0, by rounding


def projects(t: Trained) -> bool:
    """The gradient is left alone in the first experience, and changed at some later step."""
    steps = len(t.after.batches[0])
    return max(t.after.turned[:steps]) == 0 and max(t.after.turned[steps:]) > 0


def learns_from_the_buffer_alone(t: Trained) -> bool:
    """Each experience is learned from the buffer, by a learner that starts afresh."""
    return t.after.data == [BUFFER] * 3 and len(set(map(id, t.after.learners))) == 3


def rehearses(t: Trained) -> bool:
    """The reservoir is full, and its samples add to the loss."""
    return stored(t.plugins[0]) == BUFFER and min(t.after.added[-12:]) > 0


def keeps_scores(t: Trained) -> bool:
    """The reservoir is full of samples and scores, and their terms add to the loss."""
    return rehearses(t) and len(t.plugins[0].memory.fields["scores"]) == BUFFER


def classifies_by_means(t: Trained) -> bool:
    """Each class has a mean; scores are distances to them, not the learner's own."""
    x, _ = samples((0, 1), 8, 0)
    own = t.training.learner(x)
    return not t.plugins[0].means.isnan().any() and not torch.equal(t.training.score(x), own) and replays(t)


ACTS: dict[str, Callable[[Trained], bool]] = {
    "replay": replays,
    "er-ace": rehearses,
    "der": keeps_scores,
    "gdumb": learns_from_the_buffer_alone,
    "nearest-mean": classifies_by_means,
    "ewc": penalises,
    "si": penalises,
    "mas": penalises,
    "lwf": penalises,
    "gem": projects,
    "agem": projects,
    "cumulative": lambda t: t.after.data == [48, 96, 144] and len(set(map(id, t.after.learners))) == 1,
    "joint": lambda t: t.after.data == [48, 96, 144] and len(set(map(id, t.after.learners))) == 3,
}


def test_every_strategy_is_looked_at() -> None:
    assert {"none", *ACTS} == set(STRATEGIES)
    assert set(SMALL) == set(LEARNERS)


@pytest.mark.parametrize(("learner", "strategy"), list(product(LEARNERS, STRATEGIES)), ids=str)
def test_a_pair_is_refused_with_its_reason_or_accepted(learner: str, strategy: str) -> None:
    registry = installed()
    refusal = registry.strategies[strategy].item.refusal(registry.learners[learner].item)
    assert refusal == REFUSED.get((learner, strategy))


@pytest.mark.parametrize(("learner", "strategy"), [p for p in ACTING if p[1] != "none"], ids=str)
@pytest.mark.parametrize("kind", ["class-incremental", "task-incremental", "domain-incremental"])
def test_a_strategy_acts(learner: str, strategy: str, kind: str) -> None:
    done = train(learner, strategy, kind)
    if kind == "domain-incremental" and ACTS[strategy] in (replays, classifies_by_means):
        assert stored(done.plugins[0]) == BUFFER
        assert max(done.after.batches[2]) == 2 * BATCH
    else:
        assert ACTS[strategy](done), done.after
    assert done.digest != untouched(learner, kind)


@pytest.mark.parametrize(("learner", "strategy"), ACTING, ids=str)
def test_the_same_seed_gives_the_same_state(learner: str, strategy: str) -> None:
    first, second = train(learner, strategy), train(learner, strategy)
    assert first.digest == second.digest
    assert first.accuracies == second.accuracies
