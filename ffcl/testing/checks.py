"""The contract, part by part: each function checks one."""

from __future__ import annotations

import io
from collections.abc import Callable

import torch
from torch import Tensor

from ffcl.evaluation import checked_scores
from ffcl.execute import state_digest
from ffcl.learner import Learner
from ffcl.testing.case import (
    BATCH,
    FIRST,
    SECOND,
    Case,
    ContractError,
    expect,
    samples,
    scores_of,
    strictly_reproducible,
    unchanged,
)

CheckFunction = Callable[[Case], None]


def defines_its_rule(case: Case) -> None:
    """The class defines the method that its spec's ``rule`` names."""
    method = "observe" if case.spec.rule == "observe" else "loss"
    learner = case.build()
    expect(isinstance(learner, Learner), f"{type(learner).__name__} is no subclass of ffcl.learner.Learner")
    defined = getattr(type(learner), method) is not getattr(Learner, method)
    expect(defined, f"rule={case.spec.rule!r} asks for a method {method}(), which is not defined")


def grows_by_classes(case: Case) -> None:
    """Two classes, two scores; two more, four; and known classes coming back add none."""
    learner = case.build()
    x, _ = samples(FIRST, BATCH, 0)
    for classes, expected in ((FIRST, 2), (SECOND, 4), (FIRST, 4)):
        learner.begin_experience(classes)
        got = tuple(scores_of(learner, x).shape)
        expect(
            got == (BATCH, expected),
            f"with {expected} classes seen, scores have shape {got}, not {(BATCH, expected)}",
        )


def scores_are_finite(case: Case) -> None:
    """After training the scores are floating-point, finite and of shape (batch, classes seen)."""
    learner = case.two_experiences()
    x, _ = samples(FIRST + SECOND, BATCH, 0)
    learner.eval()
    with torch.no_grad():
        try:
            scores = checked_scores(learner, x, 4)
        except Exception as error:
            raise ContractError(str(error)) from error
    expect(scores.is_floating_point(), f"scores are of type {scores.dtype}")


def learns(case: Case) -> None:
    """After 150 batches of two classes that are easy to tell apart, most training samples are right."""
    learner = case.build()
    learner.begin_experience(FIRST)
    case.learn(learner, FIRST, steps=150, size=32)
    x, y = samples(FIRST, 200, 77)
    right = (scores_of(learner, x).argmax(1) == y).float().mean().item()
    expect(right > 0.8, f"only {right:.0%} right; chance is 50%")


def is_deterministic(case: Case) -> None:
    """The same seed gives the same state, bit for bit."""
    digests = []
    for _ in range(2):
        with strictly_reproducible(3):
            digests.append(state_digest(case.two_experiences()))
    expect(digests[0] == digests[1], "two trainings under one seed ended in different states")


def keeps_the_seed(case: Case) -> None:
    """It does not seed torch itself: what it draws, such as its first weights, would be the same under every seed."""
    states = []
    for seed in (3, 4):
        with strictly_reproducible(seed):
            case.two_experiences()
            states.append(torch.get_rng_state())
    expect(not torch.equal(*states), "after two seeds torch draws the same numbers: it seeds torch itself")


def state_round_trip(case: Case) -> None:
    """Saved, loaded into a fresh learner and trained on, it goes on exactly as the original does."""
    original = case.two_experiences()
    file = io.BytesIO()
    torch.save(original.state_dict(), file)
    file.seek(0)
    with strictly_reproducible(99):
        copy = case.build()
        for classes in (FIRST, SECOND):
            copy.begin_experience(classes)
    try:
        copy.load_state_dict(torch.load(file, weights_only=True))
    except RuntimeError as error:
        raise ContractError(f"its state cannot be loaded: {error}") from error
    x, _ = samples(FIRST + SECOND, BATCH, 5)
    expect(torch.equal(scores_of(original, x), scores_of(copy, x)), "the loaded learner scores differently")
    for learner in (original, copy):
        with strictly_reproducible(4):
            case.learn(learner, SECOND, salt=7)
    expect(
        state_digest(original) == state_digest(copy),
        "the loaded learner goes on differently: it keeps something outside its parameters and buffers",
    )


def takes_a_batch_of_one(case: Case) -> None:
    """A single sample can be learned and scored."""
    learner = case.build()
    learner.begin_experience(FIRST)
    case.learn(learner, FIRST, size=1)
    x, _ = samples(FIRST, 1, 0)
    expect(tuple(scores_of(learner, x).shape) == (1, 2), "a batch of one is not scored as (1, classes seen)")


def takes_a_class_alone(case: Case) -> None:
    """An experience of one class, the first of all, can be learned."""
    learner = case.build()
    learner.begin_experience((0,))
    case.learn(learner, (0,))
    x, _ = samples((0,), BATCH, 0)
    scores = scores_of(learner, x)
    expect(
        scores.shape == (BATCH, 1) and bool(torch.isfinite(scores).all()),
        "one class is not scored as (batch, 1)",
    )


def takes_allowed_classes(case: Case) -> None:
    """A batch of mixed tasks, in which each sample allows the classes of its own, can be learned."""
    learner = case.two_experiences()
    x, y = samples(FIRST + SECOND, BATCH, 0)
    allowed = (y.unsqueeze(1) // 2) == (torch.arange(4) // 2)
    optimizer = None if case.spec.rule == "observe" else learner.optimizer()
    for _ in range(3):
        case.step(learner, optimizer, x, y, allowed)
    expect(bool(torch.isfinite(scores_of(learner, x)).all()), "scores are not finite afterwards")


def scoring_changes_nothing(case: Case) -> None:
    """Scoring changes neither the learner nor its input: nothing is learned from test data."""
    learner = case.two_experiences()
    x, _ = samples(SECOND, BATCH, 0)
    before = state_digest(learner)
    with unchanged("forward()", x):
        first = scores_of(learner, x)
    expect(state_digest(learner) == before, "forward() changed the learner's state")
    expect(torch.equal(first, scores_of(learner, x)), "forward() scores differently the second time")


def scores_each_sample_alone(case: Case) -> None:
    """The scores of a sample do not depend on the other samples of its batch."""
    learner = case.two_experiences()
    x, _ = samples(FIRST + SECOND, BATCH, 0)
    together = scores_of(learner, x)
    alone = torch.cat([scores_of(learner, one) for one in x.split(1)])
    expect(
        torch.allclose(together, alone, rtol=1e-3, atol=1e-4),
        f"scored alone a sample gets other scores than in a batch (by up to {(together - alone).abs().max():.2g})",
    )


def reads_only_what_it_is_given(case: Case) -> None:
    """What lies in memory around a batch does not matter, and learning leaves the batch as it is."""
    digests = []
    for around in (0.0, 1e6):
        with strictly_reproducible(5):
            learner = case.build()
            learner.begin_experience(FIRST)
            optimizer = None if case.spec.rule == "observe" else learner.optimizer()
            for step in range(3):
                x, y = samples(FIRST, BATCH, step)
                x, y = _embedded(x, around), _embedded(y, 1 if around else 0)
                with unchanged("learning", x, y):
                    case.step(learner, optimizer, x, y, None)
            digests.append(state_digest(learner))
    expect(digests[0] == digests[1], "it read memory beyond the batch it was given")


def offers_what_it_says(case: Case) -> None:
    """What its spec offers is there: scores with a gradient by the parameters, features of each sample."""
    learner = case.two_experiences()
    x, _ = samples(FIRST + SECOND, BATCH, 0)
    if "scores" in case.spec.offers:
        learner.zero_grad()
        scores = learner(x)
        expect(scores.requires_grad, "it offers scores, but those of forward() have no gradient")
        scores.square().sum().backward()
        reached = [p.grad for p in learner.parameters() if p.grad is not None]
        expect(any(bool(g.any()) for g in reached), "the gradient of its scores reaches no parameter")
        expect(all(bool(torch.isfinite(g).all()) for g in reached), "the gradient of its scores is not finite")
    if "features" in case.spec.offers:
        with torch.no_grad():
            features = learner.features(x)
        expect(
            features.dim() == 2 and len(features) == BATCH and bool(torch.isfinite(features).all()),
            f"features() returned shape {tuple(features.shape)}, or numbers that are not finite; (batch, n) is asked",
        )


def _embedded(tensor: Tensor, around: float) -> Tensor:
    """The same values as a slice of a larger tensor, which holds ``around`` everywhere else."""
    whole = torch.full((3 * len(tensor), *tensor.shape[1:]), around, dtype=tensor.dtype)
    window = whole[len(tensor) : 2 * len(tensor)]
    window.copy_(tensor)
    return window


CHECKS: tuple[CheckFunction, ...] = (
    defines_its_rule,
    grows_by_classes,
    scores_are_finite,
    learns,
    is_deterministic,
    keeps_the_seed,
    state_round_trip,
    takes_a_batch_of_one,
    takes_a_class_alone,
    takes_allowed_classes,
    scoring_changes_nothing,
    scores_each_sample_alone,
    reads_only_what_it_is_given,
    offers_what_it_says,
)
"""The contract, part by part."""
