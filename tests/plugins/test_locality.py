"""Local means local: what an update uses, layer by layer, and that nothing else reaches it."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import ffcl_ff.learner
import ffcl_hebbian.learner
from ffcl.learner import Learner
from ffcl.randomness import RandomSequence
from ffcl.registry import installed
from ffcl.rules.goodness import modulated
from ffcl.specs import resolve

LOCAL = ["ff", "hebbian"]
X = torch.rand(6, 1, 4, 4, generator=torch.Generator().manual_seed(0))
Y = torch.tensor([0, 1, 2, 0, 1, 2])
FORMS: list[dict[str, object]] = [
    {},
    {"probability": "symmetric", "contrast": "each", "negatives": "random"},
    {"probability": "symmetric"},
]
CASES = [
    *itertools.product(LOCAL, FORMS),
    *(("ff", {"winners": 2, **form, **sigmoid}) for form in FORMS for sigmoid in ({}, {"activation": "sigmoid"})),
]


def build(name: str, **settings: object) -> Learner[Any]:
    registry = installed()
    spec = registry.get("learner", name, registry.learners).item
    with RandomSequence(0):
        hyperparameters = spec.hyperparameters.from_mapping({"hidden": 12, "layers": 3, **settings}, name)
        learner: Learner[Any] = resolve(spec.learner)((1, 4, 4), hyperparameters)
        learner.begin_experience((0, 1, 2))
    return learner


def layers_of(learner: Learner[Any]) -> list[nn.Linear]:
    """The layers' own weights, from the input up."""
    layers = [module for module in learner.modules() if isinstance(module, nn.Linear)]
    return [layer for layer in layers if layer is not getattr(learner, "of_code", None)]


def updates_of(learner: Learner[Any]) -> list[Tensor]:
    learner.zero_grad()
    with RandomSequence(1):
        learner.loss(X, Y, None).backward()
    found = []
    for layer in layers_of(learner):
        assert layer.weight.grad is not None
        found.append(layer.weight.grad.clone())
    return found


def with_changed_layer(name: str, changed: int, settings: dict[str, object]) -> list[Tensor]:
    learner = build(name, **settings)
    with torch.no_grad():
        layers_of(learner)[changed].weight.mul_(-3.0)
    return updates_of(learner)


def reaches_below(name: str, settings: dict[str, object]) -> bool:
    """Whether changing a layer changes the update of one below it."""
    plain = updates_of(build(name, **settings))
    assert all(update.abs().sum() > 0 for update in plain)
    for changed in range(1, len(plain)):
        other = with_changed_layer(name, changed, settings)
        assert not torch.equal(other[changed], plain[changed])
        if not all(torch.equal(a, b) for a, b in zip(other[:changed], plain[:changed], strict=True)):
            return True
    return False


@pytest.mark.parametrize(("name", "settings"), CASES)
def test_no_error_reaches_a_layer_from_above(name: str, settings: dict[str, object]) -> None:
    assert not reaches_below(name, settings)


def test_the_check_finds_the_errors_of_back_propagation() -> None:
    assert reaches_below("bp", {})


@pytest.mark.parametrize(("name", "settings"), CASES)
def test_the_modulator_is_one_number_a_sample_and_group(
    name: str, settings: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Besides its own output, all that a layer's synapses are told is the modulator."""
    seen: list[Tensor] = []

    def spy(post: Tensor, modulator: Tensor) -> Tensor:
        assert not post.requires_grad
        seen.append(modulator.expand(post.shape).flatten(0, -2))
        return modulated(post, modulator)

    for module in (ffcl_ff.learner, ffcl_hebbian.learner):
        monkeypatch.setattr(module, "modulated", spy)
    updates_of(build(name, **settings))
    assert len(seen) == 3
    for modulator in seen:
        halves = modulator.split(6, dim=1) if settings.get("probability") == "symmetric" else [modulator]
        for half in halves:
            assert torch.equal(half, half[:, :1].expand_as(half))


@pytest.mark.parametrize("name", LOCAL)
def test_there_is_no_graph_behind_the_loss(name: str) -> None:
    """backward() deposits finished updates: the graph has one node, and it leads to the parameters alone."""
    node: Any = build(name).loss(X, Y, None).grad_fn
    following: list[Callable[..., Any]] = [n for n, _ in node.next_functions if n is not None]
    assert {type(n).__name__ for n in following} == {"AccumulateGrad"}
