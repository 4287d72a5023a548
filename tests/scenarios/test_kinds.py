"""What each kind of stream promises beyond what all do; blurry streams have a file of their own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from digit_streams import DIGITS, NOWHERE, SEEDS, counts, originals
from ffcl.errors import UsageError
from ffcl.stream import Stream
from ffcl_scenarios import blurry, drift, recurring, split
from ffcl_scenarios.images import rotate
from ffcl_scenarios.outlines import drift_outline, recurring_outline, split_outline, transformed_outline
from ffcl_scenarios.parameters import Blurry, Drift, OfDataSet, Permuted, Recurring, Rotated, Split


def test_an_order_and_groups_are_kept() -> None:
    parameters = Split(dataset="digits", order=(9, 7, 5, 3, 1, 0), groups=(3, 1, 2))
    assert split_outline(parameters, 0) == split_outline(parameters, 1) == ((9, 7, 5), (3,), (1, 0))
    stream = split.build(parameters, 0, NOWHERE)
    assert [e.classes for e in stream.experiences] == [(0, 1, 2), (3,), (4, 5)]
    assert [sorted(set(originals(e).tolist())) for e in stream.experiences] == [[5, 7, 9], [3], [0, 1]]
    assert split_outline(Split(dataset="digits", order=(4, 2, 1, 0), experiences=2), 0) == ((4, 2), (1, 0))
    assert [len(g) for g in split_outline(Split(dataset="digits", groups=(1, 5)), 0)] == [1, 5]


@pytest.mark.parametrize(
    ("settings_", "message"),
    [
        ({"order": (0, 10)}, "order names class 10; the classes of digits are 0 to 9"),
        ({"order": (0, 1, 0)}, "order names class 0 twice"),
        ({"groups": (4, 7)}, "groups ask for 11 classes in all, and there are 10"),
        ({"groups": (4, 0)}, "groups must be numbers from 1 on"),
        ({"experiences": 3}, "cannot be dealt out evenly over 3 experiences; use 1, 2, 5 or 10"),
        ({"experiences": 10, "noise": 0.1}, "noise needs two classes or more in every experience; experience 1"),
        ({"type": "domain-incremental", "mixing": 0.1}, "mixing is for class-incremental streams"),
        ({"type": "task-incremental", "mixing": 0.1}, "mixing is for class-incremental streams"),
    ],
)
def test_a_split_that_cannot_be_is_refused(settings_: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        split_outline(Split(dataset="digits", **settings_), 0)


@given(SEEDS, st.sampled_from([0, 10]))
@settings(max_examples=10, deadline=None)
def test_mixing_goes_from_sharp_to_iid(seed: int, piece: int) -> None:
    sharp, half, iid = (
        split.build(Split(dataset="digits", mixing=mixing, piece=piece), seed, NOWHERE) for mixing in (0.0, 0.5, 1.0)
    )
    home = torch.zeros(5, 10)
    for index, classes in enumerate(sharp.outline):
        home[index, list(classes)] = 1
    totals = DIGITS.train_y.bincount()
    assert torch.equal(counts(sharp), (home * totals).long())
    assert (counts(iid) / totals - 0.2).abs().max() < 0.15
    own = (counts(half) * home).sum() / totals.sum()
    assert own == pytest.approx(0.5 + 0.5 / 5, abs=0.07)
    for stream in (half, iid):
        assert [e.test.rows.tolist() for e in stream.experiences] == [e.test.rows.tolist() for e in sharp.experiences]


@pytest.mark.parametrize(
    ("build", "parameters"),
    [
        (blurry.build, Blurry(dataset="sorted.npz", classes=4, experiences=2, blur=0.5)),
        (recurring.build, Recurring(dataset="sorted.npz", classes=4, experiences=4, piece=10)),
        (split.build, Split(dataset="sorted.npz", classes=4, experiences=2, piece=10)),
    ],
)
def test_samples_that_are_stored_class_by_class_come_mixed(
    tmp_path: Path, build: Callable[..., Stream], parameters: OfDataSet
) -> None:
    x, y = np.random.default_rng(0).random((240, 4)), np.arange(240) // 60
    np.savez(tmp_path / "sorted.npz", x_train=x, y_train=y, x_test=1 - x, y_test=y)
    for experience in build(parameters, 0, tmp_path).experiences:
        rows, labels = experience.train.rows, experience.train.y
        assert len(experience.classes) > 1
        assert 0.3 < (rows.diff() > 0).float().mean() < 0.7
        assert (labels.diff() != 0).float().mean() > 0.2


@given(SEEDS, st.integers(1, 10), st.integers(1, 40), st.sampled_from(["random", "cycle"]))
@settings(max_examples=60, deadline=None)
def test_classes_come_back_equally_often(seed: int, size: int, more: int, schedule: str) -> None:
    experiences = -(-10 // size) + more
    outline = recurring_outline(
        Recurring(dataset="digits", experiences=experiences, classes_per_experience=size, schedule=schedule),  # type: ignore[arg-type]
        seed,
    )
    assert [len(set(classes)) for classes in outline] == [size] * experiences
    often = Counter(c for classes in outline for c in classes)
    assert set(often) == set(range(10))
    assert max(often.values()) - min(often.values()) <= 1


@given(SEEDS)
@settings(max_examples=10, deadline=None)
def test_every_occurrence_has_its_even_share_of_fresh_samples(seed: int) -> None:
    stream = recurring.build(Recurring(dataset="digits", experiences=8, classes_per_experience=3), seed, NOWHERE)
    table = counts(stream)
    for c in range(10):
        shares = table[:, c][table[:, c] > 0]
        assert len(shares) == sum(c in classes for classes in stream.outline)
        assert shares.max() - shares.min() <= 1
    for experience, classes in zip(stream.experiences, stream.outline, strict=True):
        assert set(originals(experience).tolist()) == set(classes)


def test_a_cycle_repeats_and_what_cannot_come_back_is_refused() -> None:
    outline = recurring_outline(
        Recurring(dataset="digits", experiences=10, classes_per_experience=2, schedule="cycle"), 0
    )
    assert outline[:5] == outline[5:]
    with pytest.raises(UsageError, match="4 experiences of 2 classes cannot hold the 10 classes of digits; use at le"):
        recurring_outline(Recurring(dataset="digits", experiences=4), 0)
    with pytest.raises(UsageError, match="classes_per_experience must be at most 10"):
        recurring_outline(Recurring(dataset="digits", classes_per_experience=11), 0)
    with pytest.raises(UsageError, match="noise needs two classes"):
        recurring_outline(Recurring(dataset="digits", classes_per_experience=1, noise=0.1), 0)
    with pytest.raises(UsageError, match=r"Class \d has 14\d training samples, too few for the 200 experiences"):
        recurring.build(Recurring(dataset="digits", experiences=200, classes_per_experience=10), 0, NOWHERE)


def test_images_drift_with_their_place_in_the_stream() -> None:
    turning = drift.build(Drift(dataset="digits", start=0, end=90, experiences=3, piece=10), 0, NOWHERE)
    train = torch.cat([e.train.inputs(torch.arange(len(e.train))) for e in turning.experiences])
    rows = torch.cat([e.train.rows for e in turning.experiences])
    n = len(rows)
    for place in (0, n // 3, n - 1):
        expected = rotate(DIGITS.train_x[rows[place]][None], 90 * place / (n - 1))[0]
        assert torch.allclose(train[place], expected, atol=1e-5)
    for experience, angle in zip(turning.experiences, (15, 45, 75), strict=True):
        assert torch.allclose(experience.test.x, rotate(DIGITS.test_x, angle), atol=1e-5)


def test_noise_grows_and_contrast_fades() -> None:
    noisy = drift.build(Drift(dataset="digits", transform="noise", start=0, end=0.5, experiences=5), 0, NOWHERE)
    for part in ("train", "test"):
        reference = DIGITS.train_x if part == "train" else DIGITS.test_x
        samples = [getattr(e, part) for e in noisy.experiences]
        away = [float((s.inputs(torch.arange(len(s))) - reference[s.rows]).abs().mean()) for s in samples]
        assert away == sorted(away)
        assert away[-1] > 5 * away[0]
        assert all(s.x.min() >= 0 and s.x.max() <= 1 for s in samples)
    grey = drift.build(Drift(dataset="digits", transform="contrast", start=1, end=0, experiences=2), 0, NOWHERE)
    first, last = grey.experiences[0].train, grey.experiences[-1].train
    assert torch.allclose(first.inputs(torch.tensor([0]))[0], DIGITS.train_x[first.rows[0]])
    assert last.inputs(torch.tensor([len(last) - 1])).std() < 1e-6
    assert torch.allclose(grey.experiences[0].test.x.mean((1, 2, 3)), DIGITS.test_x.mean((1, 2, 3)), atol=1e-5)
    with pytest.raises(UsageError, match="end must be from 0 to 1 where transform = 'noise', got 90"):
        drift_outline(Drift(dataset="digits", transform="noise", start=0, end=90), 0)


@given(SEEDS, st.sampled_from([0.1, 0.4, 1.0]))
@settings(max_examples=15, deadline=None)
def test_label_noise_changes_its_share_of_training_labels_inside_the_experience(seed: int, noise: float) -> None:
    clean = split.build(Split(dataset="digits"), seed, NOWHERE)
    noisy = split.build(Split(dataset="digits", noise=noise), seed, NOWHERE)
    for a, b in zip(clean.experiences, noisy.experiences, strict=True):
        assert int((a.train.y != b.train.y).sum()) == round(noise * len(a.train))
        assert set(b.train.y.tolist()) <= set(a.classes)
        assert torch.equal(a.train.rows, b.train.rows)
        assert torch.equal(a.test.y, b.test.y)


def test_an_unknown_data_set_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(UsageError, match=r"Unknown data set in mine: 'digit'\. Did you mean 'digits'\? Known: cifar10"):
        Split.from_mapping({"dataset": "digit"}, "mine")
    with pytest.raises(UsageError, match="Unknown data set in Permuted: 'minst'"):
        transformed_outline(Permuted(dataset="minst"), 0)
    for path in ("data/birds", "birds.npz"):
        with pytest.raises(UsageError, match=f"mine needs `classes`, the number of classes in {path}"):
            Rotated.from_mapping({"dataset": path}, "mine")
    with pytest.raises(UsageError, match=r"mine\.classes is for data of your own, got 3: digits has 10 classes"):
        Split.from_mapping({"dataset": "digits", "classes": 3}, "mine")
    with pytest.raises(UsageError, match=r"mine\.size is for a folder of images of your own"):
        Split.from_mapping({"dataset": "digits", "size": 3}, "mine")
    assert Split.from_mapping({"dataset": "birds", "classes": 3}, "mine").n_classes == 3
