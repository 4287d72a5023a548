"""Avalanche's plugins on any rule, and what of Avalanche and PyTorch is replaced for them."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from avalanche.benchmarks.utils.ffcv_support import ffcv_components
from avalanche.training.plugins import EWCPlugin, GEMPlugin
from avalanche.training.plugins import ReplayPlugin as AvalancheReplay
from torch import Tensor

from ffcl.avalanche_mends import ReplayPlugin
from ffcl.evaluation import accuracy_row
from ffcl.randomness import reproducible
from ffcl.tensor_dataset import tensor_dataset
from ffcl.testing.case import SHAPE
from ffcl_hebbian.hyperparameters import HebbianHyperparameters
from ffcl_hebbian.learner import Hebbian
from small_training import CLASS_INCREMENTAL, bp, stream_of, trained, weights


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
