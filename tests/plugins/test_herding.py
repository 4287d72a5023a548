"""Herding, and the nearest mean of exemplars."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from ffcl.testing.case import samples
from ffcl_strategies.herding import NearestMeanOfExemplars, herd
from strategy_training import GROWING, THREE, trained


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 1000), n=st.integers(1, 12), m=st.integers(1, 15))
def test_herding_takes_the_sample_that_brings_the_mean_closest(seed: int, n: int, m: int) -> None:
    features = torch.randn(n, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    chosen = herd(features, m)
    assert len(chosen) == len(set(chosen)) == min(n, m)
    centre = features.mean(0)
    for k in range(len(chosen)):
        distances = {
            i: float((features[[*chosen[:k], i]].mean(0) - centre).norm()) for i in range(n) if i not in chosen[:k]
        }
        assert distances[chosen[k]] <= min(distances.values()) + 1e-9


def test_the_nearest_mean_is_that_of_the_exemplars() -> None:
    plugin = NearestMeanOfExemplars(8)
    training = trained(GROWING, [plugin])
    buffer = plugin.storage_policy.buffer
    x, y = (torch.stack(list(v)) for v in zip(*((x, torch.tensor(t)) for x, t, *_ in buffer), strict=True))
    unit = nn.functional.normalize(training.learner.features(x))
    asked, _ = samples((0, 1, 2, 3), 20, 5)
    scores = training.score(asked)
    here = nn.functional.normalize(training.learner.features(asked))
    for label in range(4):
        mean = nn.functional.normalize(unit[y == label].mean(0), dim=0)
        assert torch.allclose(scores[:, label], -(here - mean).square().sum(1), atol=1e-5)


def test_a_class_without_an_exemplar_is_never_the_nearest() -> None:
    """More classes than places."""
    plugin = NearestMeanOfExemplars(3)
    training = trained(THREE, [plugin])
    stored = plugin.storage_policy.buffer
    assert len(stored) == 3
    scores = training.score(samples((0, 1, 2, 3), 20, 5)[0])
    assert scores.shape == (20, 6)
    assert set(scores.argmax(1).tolist()) <= set(stored.targets)


def test_means_need_no_scores_of_the_learner(monkeypatch: pytest.MonkeyPatch) -> None:
    plugin = NearestMeanOfExemplars(8)
    learner = trained(GROWING, [plugin]).learner
    x, _ = samples((0, 1, 2, 3), 20, 5)
    expected = plugin.score(learner, x)
    monkeypatch.setattr(learner, "forward", lambda x: pytest.fail("asked for its scores"))
    assert torch.equal(plugin.score(learner, x), expected)
