"""Filters in front of Oja's rule: learned at the start, then frozen."""

from __future__ import annotations

import pytest
import torch

from ffcl_oja.frontend import ConvFrontEnd
from small_oja import SMALL_CONV, data, make, overlap


def test_filters_learn_at_the_start_and_are_then_frozen() -> None:
    learner = make(**SMALL_CONV)
    assert learner.frontend is not None
    x, y = data(64, 2)
    learner.begin_experience((0, 1))
    drawn = learner.frontend.weight.clone()
    learner.observe(x[:10], y[:10], None)
    assert not learner.frontend.frozen
    assert learner.counts.tolist() == [5, 5]
    learner.observe(x[10:20], y[10:20], None)  # the 20th: groups count anew, from this batch
    assert learner.frontend.frozen
    assert learner.counts.tolist() == [5, 5]
    frozen = learner.frontend.weight.clone()
    assert not torch.allclose(frozen, drawn)
    learner.observe(x[20:], y[20:], None)
    learner.begin_experience((2, 3))
    learner.observe(*data(64, 4), None)
    assert torch.equal(learner.frontend.weight, frozen)


def test_filters_are_frozen_when_the_next_experience_comes_early() -> None:
    learner = make(**SMALL_CONV)
    assert learner.frontend is not None
    learner.begin_experience((0,))
    learner.begin_experience((0,))  # nothing learned yet: they still may
    assert not learner.frontend.frozen
    x, y = data(5, 1)
    learner.observe(x, y, None)
    assert learner.counts.tolist() == [5]
    learner.begin_experience((1,))
    assert learner.frontend.frozen
    assert learner.counts.tolist() == [0, 0]  # what was seen through other filters does not count
    learner.observe(x, y, None)
    learner.begin_experience((0,))
    assert learner.counts.tolist() == [5, 0]  # frozen once


def test_filters_come_to_lie_along_the_principal_components_of_patches() -> None:
    """On images of waves of two directions, against exact eigenvectors."""
    generator = torch.Generator().manual_seed(0)
    phase = 6.28 * torch.rand(64, 1, 1, generator=generator)
    place = torch.arange(12.0)
    wave = torch.where(torch.arange(64).view(-1, 1, 1) % 2 == 0, place.view(1, -1, 1), 0.7 * place.view(1, 1, -1))
    images = (0.5 + 0.5 * torch.sin(wave + phase)).expand(64, 12, 12).unsqueeze(1)
    frontend = ConvFrontEnd((1, 12, 12), filters=4, size=5, pool=4, samples=64)
    for part in images.split(8):
        frontend.learn(part)
    patches = torch.nn.functional.unfold(images, 5).mT.flatten(0, 1)
    assert overlap(frontend.weight, patches - patches.mean(1, keepdim=True)) > 0.95
    assert frontend.frozen


@pytest.mark.parametrize("size", [2, 7])
def test_filters_learn_from_images_that_are_nearly_empty(size: int) -> None:
    """One stroke of 8 pixels on 64 x 64: patches taken together may hold many times the mean energy."""
    images = torch.zeros(8, 1, 64, 64)
    for index, image in enumerate(images[:, 0]):
        image[2 * index, index : index + 8] = 1.0
    torch.manual_seed(0)
    frontend = ConvFrontEnd((1, 64, 64), filters=16, size=size, pool=6, samples=8)
    frontend.learn(images)
    assert bool(torch.isfinite(frontend.weight).all())
    assert float(frontend.weight.norm(dim=1).max()) < 1.5


def test_features_do_not_depend_on_the_brightness_alone() -> None:
    """Divided by the local contrast: an image half as bright has nearly the features of the whole one."""
    frontend = ConvFrontEnd((3, 12, 12), filters=4, size=3, pool=4, samples=10)
    x = torch.rand(2, 3, 12, 12)
    torch.testing.assert_close(frontend(0.5 * x), frontend(x))
    frontend.learn(x)
    assert bool((frontend(0.5 * x) < frontend(x)).all())
