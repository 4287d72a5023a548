from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from avalanche.benchmarks import nc_benchmark
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.utils.data import TensorDataset

from ffcl.errors import UsageError
from ffcl.registry import installed
from ffcl.stream import Samples, Stream
from ffcl_scenarios.datasets import load
from ffcl_scenarios.images import rotate
from ffcl_scenarios.outlines import avalanche_class_order, split_outline, transformed_outline
from ffcl_scenarios.parameters import Permuted, Rotated, Split
from ffcl_scenarios.split import build
from ffcl_scenarios.transformed import build_permuted, build_rotated

NOWHERE = Path("nowhere")
DIGITS = load("digits", NOWHERE)
SPLITS = st.builds(
    Split,
    dataset=st.just("digits"),
    type=st.sampled_from(["class-incremental", "domain-incremental", "task-incremental"]),
    experiences=st.sampled_from([1, 2, 5, 10]),
    shuffle=st.booleans(),
)


def inputs(samples: Samples) -> Tensor:
    return samples.inputs(torch.arange(len(samples)))


def original_labels(samples: Samples, y: Tensor) -> Tensor:
    return y[samples.rows]


@given(SPLITS, st.integers(0, 1000))
@settings(max_examples=40, deadline=None)
def test_every_sample_comes_once_and_training_and_test_stay_apart(parameters: Split, seed: int) -> None:
    stream = build(parameters, seed, NOWHERE)
    train_rows = torch.cat([e.train.rows for e in stream.experiences])
    test_rows = torch.cat([e.test.rows for e in stream.experiences])
    assert torch.equal(train_rows.sort().values, torch.arange(len(DIGITS.train_y)))
    assert torch.equal(test_rows.sort().values, torch.arange(len(DIGITS.test_y)))
    for experience in stream.experiences:
        assert experience.train.x is load("digits", NOWHERE).train_x  # shared, not copied
        assert experience.test.x is load("digits", NOWHERE).test_x


@given(SPLITS, st.integers(0, 1000))
@settings(max_examples=40, deadline=None)
def test_labels_number_the_classes_in_order_of_arrival(parameters: Split, seed: int) -> None:
    stream = build(parameters, seed, NOWHERE)
    size = 10 // parameters.experiences
    for index, (experience, originals) in enumerate(zip(stream.experiences, stream.outline, strict=True)):
        first = 0 if parameters.type == "domain-incremental" else index * size
        assert experience.classes == tuple(range(first, first + size))
        for samples, labels in ((experience.train, DIGITS.train_y), (experience.test, DIGITS.test_y)):
            expected = torch.tensor([first + originals.index(int(y)) for y in original_labels(samples, labels)])
            assert torch.equal(samples.y, expected)
            assert set(samples.y.tolist()) == set(experience.classes)


@given(SPLITS, st.integers(0, 1000))
@settings(max_examples=30, deadline=None)
def test_tasks_are_told_in_task_incremental_streams_only(parameters: Split, seed: int) -> None:
    stream = build(parameters, seed, NOWHERE)
    if parameters.type == "task-incremental":
        assert stream.allowed is not None
        for experience in stream.experiences:
            assert tuple(stream.allowed[experience.task].nonzero().squeeze(1).tolist()) == experience.classes
    else:
        assert stream.allowed is None
        assert {experience.task for experience in stream.experiences} == {0}


@pytest.mark.parametrize("n_classes", [2, 10, 47, 100])
@pytest.mark.parametrize("seed", [0, 1, 12345, 2**32 + 7])
def test_the_class_order_can_be_avalanches(n_classes: int, seed: int) -> None:
    assert (
        list(avalanche_class_order(n_classes, seed))
        == torch.randperm(n_classes, generator=torch.Generator().manual_seed(seed)).tolist()
    )


@pytest.mark.parametrize("seed", range(3))
def test_labels_are_those_of_avalanches_own_benchmark(seed: int) -> None:
    """In a domain-incremental stream the order decides which classes share a label, too."""
    data = TensorDataset(DIGITS.train_x, DIGITS.train_y)
    data.targets = DIGITS.train_y.tolist()  # type: ignore[attr-defined]
    theirs = nc_benchmark(data, data, 5, task_labels=False, seed=seed, class_ids_from_zero_in_each_exp=True)
    ours = build(Split(dataset="digits", type="domain-incremental", shuffle_like="avalanche"), seed, NOWHERE)
    for a, b in zip(theirs.train_stream, ours.experiences, strict=True):
        images = torch.stack([x for x, *_ in a.dataset])
        labels = {tuple(x.flatten().tolist()): y for x, y in zip(images, a.dataset.targets, strict=True)}
        assert len(images) == len(b.train)
        assert [labels[tuple(x.flatten().tolist())] for x in inputs(b.train)] == b.train.y.tolist()


def test_a_seed_is_a_class_order() -> None:
    parameters = Split(dataset="digits")
    assert split_outline(parameters, 3) == split_outline(parameters, 3)
    assert len({split_outline(parameters, seed) for seed in range(10)}) == 10
    assert split_outline(Split(dataset="digits", shuffle=False), 3) == ((0, 1), (2, 3), (4, 5), (6, 7), (8, 9))


def test_the_digits_are_split_by_class_evenly() -> None:
    assert len(DIGITS.train_y) + len(DIGITS.test_y) == 1797
    share = torch.bincount(DIGITS.test_y) / (torch.bincount(DIGITS.train_y) + torch.bincount(DIGITS.test_y))
    assert ((share > 0.19) & (share <= 0.2)).all()
    assert DIGITS.train_x.shape[1:] == (1, 8, 8)
    assert (DIGITS.train_x.min(), DIGITS.train_x.max()) == (0.0, 1.0)


def multiset(x: Tensor) -> Tensor:
    return x.flatten(1).sort(1).values


def test_a_permuted_stream_reorders_pixels() -> None:
    stream = build_permuted(Permuted(dataset="digits", experiences=3), 0, NOWHERE)
    images = [inputs(e.train) for e in stream.experiences]
    assert torch.equal(images[0], DIGITS.train_x)
    for image in images[1:]:
        assert not torch.equal(image, DIGITS.train_x)
        assert torch.equal(multiset(image), multiset(DIGITS.train_x))
    assert not torch.equal(images[1], images[2])
    assert stream.experiences[1].train.pixels is stream.experiences[1].test.pixels
    again = build_permuted(Permuted(dataset="digits", experiences=3), 0, NOWHERE)
    other = build_permuted(Permuted(dataset="digits", experiences=3), 1, NOWHERE)
    assert torch.equal(inputs(again.experiences[1].test), inputs(stream.experiences[1].test))
    assert not torch.equal(inputs(other.experiences[1].test), inputs(stream.experiences[1].test))


def test_images_turn_counter_clockwise() -> None:
    x = torch.zeros(1, 1, 8, 8)
    x[0, 0, 0, 2] = 1.0
    assert torch.allclose(rotate(x, 90), torch.rot90(x, 1, (2, 3)), atol=1e-5)
    assert torch.allclose(rotate(x, 180), torch.rot90(x, 2, (2, 3)), atol=1e-5)
    assert rotate(x, 360) is x
    centred = torch.zeros(1, 1, 9, 9)
    centred[0, 0, 3:6, 3:6] = 1.0
    assert math.isclose(rotate(centred, 45).sum().item(), 9.0, rel_tol=0.05)


def test_a_rotated_stream_has_an_experience_an_angle() -> None:
    stream = build_rotated(Rotated(dataset="digits", angles=(0, 90)), 0, NOWHERE)
    assert torch.equal(inputs(stream.experiences[0].test), DIGITS.test_x)
    assert torch.allclose(inputs(stream.experiences[1].test), torch.rot90(DIGITS.test_x, 1, (2, 3)), atol=1e-5)
    assert stream.outline == (tuple(range(10)),) * 2
    with pytest.raises(UsageError, match="needs at least one angle"):
        transformed_outline(Rotated(dataset="digits", angles=()), 0)


def test_oblong_images_turn_without_being_stretched() -> None:
    """A bar of 4 x 10 pixels, turned by a right angle, is one of 10 x 4."""
    image = torch.zeros(1, 1, 20, 40)
    image[:, :, 8:12, 15:25] = 1.0
    rows, columns = (rotate(image, 90)[0, 0] > 0.5).nonzero().T
    assert (int(rows.min()), int(rows.max()), int(columns.min()), int(columns.max())) == (5, 14, 18, 21)


@pytest.mark.parametrize(
    ("kind", "experiences", "shape"), [("task", 3, (1, 8, 8)), ("class", 3, (1, 12, 12)), ("domain", 2, (1, 12, 12))]
)
def test_transformed_streams_come_in_three_types(kind: str, experiences: int, shape: tuple[int, ...]) -> None:
    pad = (shape[1] - 8) // 2
    stream = build_permuted(
        Permuted(dataset="digits", type=f"{kind}-incremental", experiences=experiences, pad=pad),  # type: ignore[arg-type]
        0,
        NOWHERE,
    )
    assert stream.input_shape == shape
    for index, experience in enumerate(stream.experiences):
        first = 0 if kind == "domain" else 10 * index
        assert experience.classes == tuple(range(first, first + 10))
        assert torch.equal(experience.test.y, DIGITS.test_y + first)
        assert inputs(experience.test).sum() == DIGITS.test_x.sum()
        if kind == "task":
            assert stream.allowed is not None
            assert tuple(stream.allowed[experience.task].nonzero().squeeze(1).tolist()) == experience.classes
    assert (stream.allowed is None) == (kind != "task")


def test_each_image_can_turn_by_its_own_angle() -> None:
    angles = torch.tensor([0.0, 17.0, 200.0])
    turned = rotate(DIGITS.train_x[:3], angles)
    for image, x, angle in zip(turned, DIGITS.train_x, angles.tolist(), strict=False):
        assert torch.allclose(image, rotate(x[None], angle)[0], atol=1e-6)


@pytest.mark.parametrize("name", [n for n, o in installed().scenarios.items() if "digits" in n])
def test_what_is_built_is_what_the_outline_says(name: str) -> None:
    scenario = installed().scenarios[name].item
    from ffcl.specs import resolve

    stream: Stream = resolve(scenario.spec.build)(scenario.stream, 5, NOWHERE)
    assert stream.outline == scenario.outline(5)
    assert len(stream.experiences) == len(stream.outline)
    assert stream.input_shape == (1, 8, 8)
    assert len(stream.data_sha256) == 64


def test_every_data_set_has_all_its_scenarios() -> None:
    names = set(installed().scenarios)
    for dataset in ("digits", "mnist", "fashion-mnist"):
        assert {f"split-{dataset}", f"split-{dataset}-domain", f"split-{dataset}-task", f"joint-{dataset}"} <= names
    assert {"permuted-mnist", "rotated-mnist"} <= names
    for dataset in ("kmnist", "emnist-letters", "cifar10", "cifar100"):
        assert f"split-{dataset}" in names
    for dataset in ("digits", "mnist"):
        kinds = ("split-{}-online", "blurry-{}", "recurring-{}", "drifting-{}")
        assert {kind.format(dataset) for kind in kinds} <= names


@pytest.mark.parametrize("kind", ["split-mnist", "permuted-mnist", "rotated-mnist"])
def test_the_real_mnist(mnist_root: Path, kind: str) -> None:
    from ffcl.specs import resolve

    scenario = installed().scenarios[kind].item
    stream: Stream = resolve(scenario.spec.build)(scenario.stream, 0, mnist_root)
    sizes = {(len(e.train), len(e.test)) for e in stream.experiences}
    if kind == "split-mnist":
        assert sum(n for n, _ in sizes) == 60_000
    else:
        assert sizes == {(60_000, 10_000)}
    assert stream.input_shape == (1, 28, 28)
