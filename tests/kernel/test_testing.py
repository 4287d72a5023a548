"""The test-kit is tested on learners that are broken on purpose: each breaks one part of the contract."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from ffcl import LearnerSpec
from ffcl.testing import CHECKS, ContractError, check_learner, learner_checks
from ffcl_bp.hyperparameters import BPHyperparameters
from ffcl_bp.learner import BP


class KnowsTheFuture(BP):
    """Makes room for ten classes at once."""

    def begin_experience(self, classes: tuple[int, ...]) -> None:
        super().begin_experience(tuple(range(10)))


class ScoresNaN(BP):
    def forward(self, x: Tensor) -> Tensor:
        scores = super().forward(x)
        return scores if self.training else scores * float("nan")


class ReadsWhatNobodyWrote(BP):
    def forward(self, x: Tensor) -> Tensor:
        scores = super().forward(x)
        return scores + 0.0 * torch.empty_like(scores)


class ScoresIntegers(BP):
    def forward(self, x: Tensor) -> Tensor:
        scores = super().forward(x)
        return scores if self.training else scores.long()


class LearnsNothing(BP):
    def loss(self, x: Tensor, y: Tensor, allowed: Tensor | None) -> Tensor:
        return 0.0 * super().loss(x, y, allowed)


class LearnsTheOpposite(BP):
    def loss(self, x: Tensor, y: Tensor, allowed: Tensor | None) -> Tensor:
        return -super().loss(x, y, allowed).clamp(max=1)


class DrawsFromElsewhere(BP):
    """Draws from a generator that no seed reaches."""

    generator = torch.Generator()

    def loss(self, x: Tensor, y: Tensor, allowed: Tensor | None) -> Tensor:
        return super().loss(x + 0.01 * torch.rand(x.shape, generator=self.generator), y, allowed)


class Reseeds(BP):
    """Starts from the same weights under every seed."""

    def __init__(self, input_shape: tuple[int, ...], hyperparameters: BPHyperparameters) -> None:
        torch.manual_seed(42)
        super().__init__(input_shape, hyperparameters)


class KeepsStateOutside(BP):
    """Counts its updates in a plain attribute, and slows down with them."""

    count = 0

    def loss(self, x: Tensor, y: Tensor, allowed: Tensor | None) -> Tensor:
        self.count += 1
        return super().loss(x + 0.1 * self.count, y, allowed)


class NeedsTwoSamples(BP):
    def loss(self, x: Tensor, y: Tensor, allowed: Tensor | None) -> Tensor:
        return super().loss((x - x.mean(0)) / x.std(0, correction=0), y, allowed)


class NeedsTwoClasses(BP):
    def begin_experience(self, classes: tuple[int, ...]) -> None:
        if len(classes) < 2:
            raise ValueError("one class only")
        super().begin_experience(classes)


class IgnoresHowAllowedIsShaped(BP):
    def loss(self, x: Tensor, y: Tensor, allowed: Tensor | None) -> Tensor:
        return super().loss(x, y, None if allowed is None else allowed[:, :1])


class LearnsFromTestData(BP):
    def __init__(self, input_shape: tuple[int, ...], hyperparameters: BPHyperparameters) -> None:
        super().__init__(input_shape, hyperparameters)
        self.register_buffer("mean", torch.zeros(input_shape))

    def forward(self, x: Tensor) -> Tensor:
        self.mean += 0.01 * (x.mean(0) - self.mean)
        return super().forward(x - self.mean)


class ChangesItsInput(BP):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.mul_(0.5))


class UsesTheTestBatch(BP):
    """Centres on the batch, so that the other test samples help."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x - x.mean(0))


class ReadsBeyondTheBatch(BP):
    def loss(self, x: Tensor, y: Tensor, allowed: Tensor | None) -> Tensor:
        everything = torch.tensor(x.untyped_storage(), dtype=torch.uint8).view(torch.float32)
        return super().loss(x + 1e-9 * everything.mean(), y, allowed)


class ChangesItsLabels(BP):
    def loss(self, x: Tensor, y: Tensor, allowed: Tensor | None) -> Tensor:
        loss = super().loss(x, y, allowed)
        y.zero_()
        return loss


class OffersNoGradient(BP):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x).detach()


class OffersNoFeatures(BP):
    def features(self, x: Tensor) -> Tensor:
        return super().features(x).flatten()


def spec(learner: Any, **options: Any) -> LearnerSpec:
    options = {"offers": frozenset({"scores", "features"}), **options}
    return LearnerSpec(learner.__name__.lower(), "broken", BPHyperparameters, learner, **options)


@pytest.mark.parametrize(
    ("learner", "check"),
    [
        (KnowsTheFuture, "grows_by_classes"),
        (ScoresNaN, "scores_are_finite"),
        (ReadsWhatNobodyWrote, "scores_are_finite"),
        (ScoresIntegers, "scores_are_finite"),
        (LearnsNothing, "learns"),
        (LearnsTheOpposite, "learns"),
        (DrawsFromElsewhere, "is_deterministic"),
        (Reseeds, "keeps_the_seed"),
        (KeepsStateOutside, "state_round_trip"),
        (NeedsTwoSamples, "takes_a_batch_of_one"),
        (NeedsTwoClasses, "takes_a_class_alone"),
        (IgnoresHowAllowedIsShaped, "takes_allowed_classes"),
        (LearnsFromTestData, "scoring_changes_nothing"),
        (ChangesItsInput, "scoring_changes_nothing"),
        (UsesTheTestBatch, "scores_each_sample_alone"),
        (ReadsBeyondTheBatch, "reads_only_what_it_is_given"),
        (ChangesItsLabels, "reads_only_what_it_is_given"),
        (OffersNoGradient, "offers_what_it_says"),
        (OffersNoFeatures, "offers_what_it_says"),
    ],
)
def test_a_broken_learner_is_found(learner: type[BP], check: str) -> None:
    checks = {c.name: c for c in learner_checks(spec(learner), hidden=8)}
    with pytest.raises((ContractError, ValueError, RuntimeError)) as error:
        checks[check]()
    if isinstance(error.value, ContractError):
        assert str(error.value).startswith(f"{learner.__name__.lower()}: {check}: ")
    with pytest.raises(ContractError, match=check):
        check_learner(spec(learner), hidden=8)


def test_a_rule_that_is_not_there_is_found() -> None:
    with pytest.raises(ContractError, match=r"rule='observe' asks for a method observe\(\), which is not defined"):
        learner_checks(spec(BP, rule="observe"))[0]()


def test_every_check_is_known_to_catch_something() -> None:
    """The list above, and the test after it, leave no check out."""
    marks = test_a_broken_learner_is_found.pytestmark  # type: ignore[attr-defined]
    caught = {check for _, check in marks[0].args[1]} | {"defines_its_rule"}
    assert caught == {check.__name__ for check in CHECKS}


def test_checks_have_names_for_test_reports() -> None:
    assert str(learner_checks("bp")[1]) == "bp:grows_by_classes"
