"""Accuracies: as Avalanche measures them, and of which candidates."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from avalanche.benchmarks import benchmark_from_datasets
from avalanche.evaluation.metrics import accuracy_metrics, forgetting_metrics
from avalanche.logging import BaseLogger
from avalanche.training.plugins import EvaluationPlugin
from torch import Tensor

from ffcl.errors import LearnerError
from ffcl.evaluation import accuracy, accuracy_row
from ffcl.randomness import RandomSequence, reproducible
from ffcl.tensor_dataset import tensor_dataset
from ffcl.testing.case import SHAPE
from ffcl.training import Training, avalanche_train_stream
from ffcl_bp.hyperparameters import BPHyperparameters
from ffcl_bp.learner import BP
from small_training import CLASS_INCREMENTAL, bp, stream_of


class Quiet(BaseLogger):
    """An evaluator without a logger warns."""


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
