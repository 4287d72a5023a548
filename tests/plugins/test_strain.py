"""Learners under strain: odd inputs give no NaN, and no silent wrong answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from ffcl.errors import LearnerError
from ffcl.learner import Learner
from ffcl.randomness import RandomSequence, reproducible
from ffcl.registry import installed
from ffcl.specs import resolve

FORMS: list[tuple[str, dict[str, object]]] = [
    ("bp", {}),
    ("ff", {}),
    ("ff", {"probability": "symmetric", "contrast": "each", "normalise_input": False}),
    ("ff", {"layers": 3, "precision": "bfloat16"}),
    ("ff", {"probability": "symmetric", "activation": "sigmoid", "winners": 10}),
    ("hebbian", {}),
    ("hebbian", {"probability": "symmetric", "contrast": "each", "normalise_input": False}),
    ("hebbian", {"layers": 2, "precision": "float32"}),
    ("hebbian", {"encoding": "bernoulli", "intensity": 0.9, "normalise_input": False}),
]
SHAPE = (1, 5, 5)


def build(name: str, settings: dict[str, object], n_classes: int = 3) -> Learner[Any]:
    registry = installed()
    spec = registry.get("learner", name, registry.learners).item
    with RandomSequence(0):
        learner: Learner[Any] = resolve(spec.learner)(SHAPE, spec.hyperparameters.from_mapping(settings, name))
        learner.begin_experience(tuple(range(n_classes)))
    return learner


def images(n: int = 12) -> Tensor:
    return torch.rand(n, *SHAPE, generator=torch.Generator().manual_seed(1))


def labels(n: int = 12, n_classes: int = 3) -> Tensor:
    return torch.arange(n) % n_classes


def learn(learner: Learner[Any], x: Tensor, y: Tensor, steps: int = 3) -> None:
    optimizer = learner.optimizer()
    for _ in range(steps):
        optimizer.zero_grad()
        loss = learner.loss(x, y, None)
        assert torch.isfinite(loss)
        loss.backward()
        for parameter in learner.parameters():
            assert parameter.grad is not None
            assert torch.isfinite(parameter.grad).all()
        optimizer.step()


def scores(learner: Learner[Any], x: Tensor) -> Tensor:
    learner.eval()
    with torch.no_grad(), reproducible(1):
        found: Tensor = learner(x)
    assert torch.isfinite(found).all()
    return found


STRAINS: dict[str, Callable[[Tensor], Tensor]] = {
    "far outside 0 to 1": lambda x: 1000 * (x - 0.5),
    "all zero": torch.zeros_like,
    "constant": torch.ones_like,
    "one pixel": lambda x: torch.zeros_like(x).index_fill(2, torch.tensor([2]), 1.0),
    "tiny": lambda x: 1e-20 * x,
}


@pytest.mark.parametrize(("name", "settings"), FORMS)
@pytest.mark.parametrize("strain", STRAINS)
def test_odd_inputs(name: str, settings: dict[str, object], strain: str) -> None:
    learner = build(name, settings)
    x = STRAINS[strain](images())
    learn(learner, x, labels())
    assert scores(learner, x).shape == (12, 3)


@pytest.mark.parametrize(("name", "settings"), FORMS)
@pytest.mark.parametrize("n_classes", [1, 100])
def test_few_and_many_classes(name: str, settings: dict[str, object], n_classes: int) -> None:
    learner = build(name, settings, n_classes)
    learn(learner, images(), labels(n_classes=n_classes))
    assert scores(learner, images()).shape == (12, n_classes)


@pytest.mark.parametrize(("name", "settings"), FORMS)
def test_saturated_and_silent_layers(name: str, settings: dict[str, object]) -> None:
    for scale in (1e4, -1e4, 0.0):
        learner = build(name, settings)
        with torch.no_grad():
            for parameter in learner.parameters():
                parameter.copy_(scale * parameter.abs())
        learn(learner, images(), labels(), steps=1)
        scores(learner, images())


def test_many_layers_above_a_silent_one() -> None:
    learner = build("ff", {"layers": 8})
    with torch.no_grad():
        for parameter in learner.parameters():
            parameter.copy_(-parameter.abs())
    learn(learner, images(), labels())
    assert (scores(learner, images()) == 0).all()


@pytest.mark.parametrize(("name", "settings"), FORMS)
def test_a_batch_of_one_and_any_memory_layout(name: str, settings: dict[str, object]) -> None:
    learner = build(name, settings)
    learn(learner, images(1), labels(1))
    x = images()
    strided = x.flip(3).flip(3).permute(0, 3, 2, 1).contiguous().permute(0, 3, 2, 1)
    assert not strided.is_contiguous()
    assert torch.equal(scores(learner, x), scores(learner, strided))
    assert torch.allclose(scores(learner, x)[:1], scores(learner, x[:1]), rtol=1e-2, atol=1e-2)


@pytest.mark.parametrize(("name", "settings"), FORMS)
def test_double_precision(name: str, settings: dict[str, object]) -> None:
    learner = build(name, settings).double()
    learn(learner, images().double(), labels())
    assert all(p.dtype == torch.float64 for p in learner.parameters())
    assert scores(learner, images().double()).dtype == torch.float64


@pytest.mark.parametrize(("name", "settings"), FORMS)
def test_what_is_no_number_is_not_hidden(name: str, settings: dict[str, object]) -> None:
    """The run loop stops at a loss that is not finite: it must not be finite, or the learner says so itself."""
    x = images()
    x[0, 0, 0, 0] = torch.nan
    learner = build(name, settings)
    if name == "hebbian":
        with pytest.raises(LearnerError, match="not finite"):
            learner.loss(x, labels(), None)
    else:
        assert not torch.isfinite(learner.loss(x, labels(), None))
