"""The run loop: any learner on Avalanche's training template, with any of Avalanche's strategy plugins.

Locality is a property of the learner's loss, not of the loop. ``strategy.model(x)`` returns scores that carry
their input along, and the criterion asks the learner for the loss of that input. Plugins that take their own
gradients (EWC, GEM: ``criterion(model(x), y).backward()``) therefore get the gradient of the learner's own
rule, whatever it is.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from avalanche.benchmarks import benchmark_from_datasets
from avalanche.logging import BaseLogger
from avalanche.models import MultiTaskModule
from avalanche.models.dynamic_optimizers import update_optimizer
from avalanche.training.plugins import EvaluationPlugin
from avalanche.training.templates import SupervisedTemplate
from torch import Tensor, nn

import ffcl.avalanche_mends  # noqa: F401  (batched loaders)
from ffcl.errors import LearnerError
from ffcl.learner import Learner
from ffcl.randomness import RandomSequence
from ffcl.stream import Experience, Stream
from ffcl.tensor_dataset import TensorDataset, tensor_dataset


def avalanche_train_stream(stream: Stream) -> list[list[Any]]:
    """The training data of each experience as Avalanche's experiences, one a piece; no test data goes along."""
    pieces = [_pieces(e) for e in stream.experiences]
    train_stream = benchmark_from_datasets(train=[piece for of_one in pieces for piece in of_one]).train_stream
    for experience in train_stream:
        experience.classes_in_this_experience = sorted(experience.dataset.targets.uniques)
    following = iter(train_stream)
    return [[next(following) for _ in of_one] for of_one in pieces]


def _pieces(experience: Experience) -> list[TensorDataset]:
    """The training data of each piece, as parts of one data set: Avalanche joins these in no time."""
    whole = tensor_dataset(experience.train, experience.task)
    if not experience.piece:
        return [whole]
    return [whole.subset(index.tolist()) for index in torch.arange(len(whole)).split(experience.piece)]


class _Model(MultiTaskModule):
    """What Avalanche holds as model: the learner, its private randomness, and scores that know their input.

    As a multi-task module it is given the tasks of the samples by every plugin.
    """

    def __init__(self, learner: Learner[Any], randomness: RandomSequence, scored: bool) -> None:
        super().__init__()
        self.learner = learner
        self.randomness = randomness
        self.scored = scored

    def forward(self, x: Tensor, task_labels: Tensor | None = None) -> Tensor:
        if self.scored:
            with self.randomness:
                scores: Tensor = self.learner(x)
        else:
            scores = x.new_empty(len(x), 0)  # nobody reads them
        scores.scored_input = x, task_labels  # type: ignore[attr-defined]
        return scores


class Training(SupervisedTemplate):
    """Trains one learner, experience by experience.

    Args:
        learner: the learner.
        randomness: the sequence the learner draws from.
        plugins: Avalanche plugins: the strategy.
        epochs: passes over each experience.
        iterations: steps an experience, in place of epochs; 0 makes as many as the epochs take.
        batch_size: samples a step.
        shift: pixels by which each training image is moved at most, at random, anew at every step.
        allowed: the stream's table of allowed labels for each task, or None.
        scored: whether a plugin needs the scores of every training batch.
        observes: whether the learner updates itself in ``observe``.
    """

    def __init__(
        self,
        *,
        learner: Learner[Any],
        randomness: RandomSequence,
        plugins: Sequence[Any] = (),
        epochs: int,
        iterations: int = 0,
        batch_size: int,
        shift: int = 0,
        allowed: Tensor | None = None,
        scored: bool = False,
        observes: bool = False,
    ) -> None:
        self.randomness = randomness
        self.allowed = allowed
        self.observes = observes
        self.iterations = iterations
        self.shift = shift
        self.n_classes = 0
        self._seen: set[int] = set()
        self._begun: Any = None
        self._grown: Learner[Any] | None = None
        self._optimized: Learner[Any] | None = None
        self._left_out: set[str] = set()  # names of parameters that the learner's optimizer does not train
        super().__init__(
            model=_Model(learner, randomness, scored),
            optimizer=_placeholder(),
            criterion=self.loss_of,
            train_mb_size=batch_size,
            train_epochs=epochs,
            plugins=list(plugins),
            evaluator=EvaluationPlugin(loggers=[_NoLogger()]),
        )
        self.plugins.remove(self.evaluator)  # the record measures outside the loop
        self.model.train()

    @property
    def learner(self) -> Learner[Any]:
        """The learner; a plugin may have put another copy in its place."""
        learner: Learner[Any] = self.model.learner
        return learner

    def _unpack_minibatch(self) -> None:
        super()._unpack_minibatch()
        self.unmoved = self.mbatch[0]
        self.mbatch[0] = self.moved(self.unmoved)

    def moved(self, x: Tensor) -> Tensor:
        """The images moved as ``shift`` says; drawn like the order of samples, so alike for all learners of a seed."""
        return shifted(x, self.shift) if self.shift else x

    @contextmanager
    def scoring(self) -> Iterator[None]:
        """Inside, the model scores whatever it is given, also if nobody reads the scores of training batches."""
        before, self.model.scored = self.model.scored, True
        try:
            yield
        finally:
            self.model.scored = before

    @property
    def scorer(self) -> Any:
        """The strategy's plugin that defines ``score``, or None."""
        return next((plugin for plugin in self.plugins if hasattr(plugin, "score")), None)

    def score(self, x: Tensor) -> Tensor:
        """The scores that the learner is measured by: its own, unless a strategy's plugin defines ``score``."""
        scorer = self.scorer
        scores: Tensor = self.learner(x) if scorer is None else scorer.score(self.learner, x)
        return scores

    def forward(self) -> Tensor:
        """Run the model on the current batch."""
        scores: Tensor = self.model(self.mb_x, self.mb_task_id)
        return scores

    def begin(self, experience: Any) -> None:
        """Let the learner make room for an experience's classes, once."""
        if experience is self._begun:
            return
        self._begun = experience
        self._seen |= set(experience.classes_in_this_experience)
        self.n_classes = max(self._seen) + 1
        fresh, self._grown = self.learner is not self._grown, self.learner
        classes = self._seen if fresh else experience.classes_in_this_experience
        with self.randomness:
            self.learner.begin_experience(tuple(sorted(classes)))

    def allowed_for(self, tasks: Tensor | None) -> Tensor | None:
        """What may be chosen for samples of these tasks (b,): boolean (b, classes seen), or None for all."""
        if self.allowed is None or tasks is None:
            return None
        return self.allowed[:, : self.n_classes].index_select(0, tasks)

    def loss_of(self, scores: Tensor, y: Tensor) -> Tensor:
        """The criterion: the learner's own loss on the input that ``scores`` came from."""
        x, tasks = scores.scored_input  # type: ignore[attr-defined]
        allowed = self.allowed_for(tasks)
        within = getattr(scores, "within", None)  # a strategy may narrow what may be chosen
        if within is not None:
            allowed = within if allowed is None else allowed & within
        with self.randomness:
            if self.observes:
                self.learner.observe(x, y, allowed)
                return torch.zeros(())
            loss = self.learner.loss(x, y, allowed)
        self._check(loss)
        return loss

    def _check(self, loss: Tensor) -> None:
        name = type(self.learner).__name__
        if not isinstance(loss, Tensor) or loss.dim() != 0:
            shape = tuple(loss.shape) if isinstance(loss, Tensor) else type(loss).__name__
            raise LearnerError(f"{name}.loss() must return a scalar tensor, got {shape}.")
        if not loss.requires_grad:
            raise LearnerError(
                f"{name}.loss() returned a value without a gradient; is a rule not wrapped in as_gradient()?"
            )
        if not math.isfinite(loss.item()):
            raise LearnerError(
                f"{name}.loss() returned {loss.item()} in experience {self.clock.train_exp_counter + 1}, "
                f"epoch {self.clock.train_exp_epochs + 1}, step {self.clock.train_epoch_iterations + 1}."
            )

    def model_adaptation(self, model: nn.Module | None = None) -> nn.Module:
        """Grow the learner; called by the template before each experience."""
        self.begin(self.experience)
        return self.model if model is None else model

    def make_optimizer(self, **kwargs: Any) -> None:
        """Ask a learner that is new for its optimizer; afterwards take in what has grown."""
        if self._begun is None or self.observes:
            return
        fresh, self._optimized = self.learner is not self._optimized, self.learner
        named = dict(self.model.named_parameters())
        if fresh:
            self.optimizer, self.optimized_param_id = self.learner.optimizer(), None
            taken = {id(p) for group in self.optimizer.param_groups for p in group["params"]}
            self._left_out = {name for name, p in named.items() if id(p) not in taken}
        trained = {name: p for name, p in named.items() if name not in self._left_out}
        self.optimized_param_id = update_optimizer(self.optimizer, trained, self.optimized_param_id, reset_state=fresh)

    def backward(self) -> None:
        """Deposit the gradients, unless the learner has updated itself."""
        if not self.observes:
            with self.randomness:
                super().backward()

    def optimizer_step(self) -> None:
        """Apply the gradients, unless the learner has updated itself."""
        if self.observes:
            return
        factor = self.learner.step_size(self._progress())
        whole = [group["lr"] for group in self.optimizer.param_groups]
        for group in self.optimizer.param_groups:
            group["lr"] = factor * group["lr"]
        with self.randomness:
            super().optimizer_step()
        for group, lr in zip(self.optimizer.param_groups, whole, strict=True):
            group["lr"] = lr

    def _progress(self) -> float:
        """The share of the experience's training that is done."""
        total = self.iterations or self.train_epochs * len(self.dataloader)
        return float(self.clock.train_exp_iterations / total)

    def _before_training_exp(self, **kwargs: Any) -> None:
        super()._before_training_exp(**kwargs)
        if self.iterations:
            self._stop_training = False  # the experience before has set it
            self.train_epochs = -(-self.iterations // len(self.dataloader))

    def _after_training_iteration(self, **kwargs: Any) -> None:
        super()._after_training_iteration(**kwargs)
        if self.iterations and self.clock.train_exp_iterations >= self.iterations:
            self.stop_training()


def shifted(x: Tensor, most: int) -> Tensor:
    """Move each image of x (batch, channels, height, width) by -most to most pixels both ways; zeros come in."""
    height, width = x.shape[2:]
    padded = nn.functional.pad(x, (most, most, most, most))
    rows, columns = torch.randint(0, 2 * most + 1, (2, len(x), 1))
    rows, columns = rows + torch.arange(height), columns + torch.arange(width)
    sample, channel = torch.arange(len(x)).view(-1, 1, 1, 1), torch.arange(x.shape[1]).view(1, -1, 1, 1)
    return padded[sample, channel, rows[:, None, :, None], columns[:, None, None, :]]


class _NoLogger(BaseLogger):
    """Without a logger the evaluator, which the template insists on, warns."""


def _placeholder() -> torch.optim.Optimizer:
    """The template wants an optimizer before there are parameters."""
    return torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.0)
