"""Blurry streams: classes that come early and late, at random or fading linearly."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from digit_streams import NOWHERE, SEEDS, counts, originals
from ffcl.errors import UsageError
from ffcl_scenarios import blurry
from ffcl_scenarios.assembly import drawing
from ffcl_scenarios.blurry import blurred_samples, fading_times
from ffcl_scenarios.outlines import blurry_classes, blurry_outline
from ffcl_scenarios.parameters import Blurry


@given(SEEDS, st.sampled_from([0.0, 0.25, 1.0]), st.sampled_from([0.0, 0.4, 1.0]))
@settings(max_examples=20, deadline=None)
def test_si_blurry_moves_the_stated_share_of_blurry_classes_only(seed: int, disjoint: float, blur: float) -> None:
    parameters = Blurry(dataset="digits", disjoint=disjoint, blur=blur)
    stream = blurry.build(parameters, seed, NOWHERE)
    fuzzy = blurry_classes(parameters, seed)
    assert len(set(fuzzy)) == 10 - round(10 * disjoint)
    table = counts(stream)
    for index, classes in enumerate(stream.outline):
        assert classes
        for c in classes:
            total = int(table[:, c].sum())
            away = total - int(table[index, c])
            assert away <= (round(blur * total) if c in fuzzy else 0)
            if blur == 1.0 and c in fuzzy:
                assert (table[:, c] > 0).all()
    assert sorted(c for classes in stream.outline for c in classes) == list(range(10))


@given(SEEDS, st.floats(0.0, 1.0))
@settings(max_examples=20, deadline=None)
def test_si_blurry_draws_the_stated_share_of_each_blurry_class(seed: int, share: float) -> None:
    y = torch.arange(400) % 5
    chosen = blurred_samples(y, (1, 3), share, drawing(seed, "test"))
    assert len(chosen.unique()) == len(chosen)
    assert y[chosen].bincount(minlength=5).tolist() == [0, round(80 * share), 0, round(80 * share), 0]


def test_si_blurry_parts_differ_in_size() -> None:
    sizes = {tuple(len(g) for g in blurry_outline(Blurry(dataset="digits"), seed)) for seed in range(10)}
    assert len(sizes) > 5
    with pytest.raises(UsageError, match="digits has 10 classes: too few for 11 experiences"):
        blurry_outline(Blurry(dataset="digits", experiences=11), 0)


@pytest.mark.parametrize(
    "sharp",
    [
        {"boundary": "linear", "experiences": 10, "overlap": 0.0},
        {"experiences": 10, "blur": 0.0},
        {"experiences": 10, "disjoint": 1.0},
    ],
)
def test_wrong_labels_in_parts_of_one_class_are_refused_without_data(sharp: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="noise needs two classes or more in every experience; experience 1 has one"):
        blurry_outline(Blurry(dataset="digits", noise=0.1, **sharp), 0)
    blurred = {"boundary": "linear", "overlap": 0.5} if "overlap" in sharp else {"blur": 0.1, "disjoint": 0.5}
    for fine in ({**sharp, "noise": 0.0}, {"noise": 0.1, **sharp, **blurred}):
        assert len(blurry.build(Blurry(dataset="digits", **fine), 0, NOWHERE).experiences) == 10


@given(SEEDS, st.sampled_from([0.0, 0.5, 1.0]))
@settings(max_examples=10, deadline=None)
def test_classes_fade_linearly(seed: int, overlap: float) -> None:
    parts, n = 4, 20_000
    home = torch.arange(parts).repeat_interleave(n)
    time = fading_times(home, overlap, parts, drawing(seed, "test"))
    assert time.min() >= 0
    assert time.max() <= parts
    assert ((time - home >= -overlap / 2) & (time - home <= 1 + overlap / 2)).all()
    density = torch.histc(time.float(), bins=40, min=0, max=parts) / (n / 10)
    assert (density - 1).abs().max() < 0.1
    if overlap:
        quarter = ((time > 1 - overlap / 4) & (time < 1 + overlap / 4)) & (home < 2)  # from 1/4 to 3/4 of the fading
        assert (home[quarter] == 1).float().mean() == pytest.approx(0.5, abs=0.05)
        early = (time > 1 - overlap / 2) & (time < 1)
        assert (home[early] == 1).float().mean() == pytest.approx(0.25, abs=0.05)


@given(SEEDS)
@settings(max_examples=10, deadline=None)
def test_the_linear_stream_is_sharp_without_overlap(seed: int) -> None:
    sharp = blurry.build(Blurry(dataset="digits", boundary="linear", overlap=0.0), seed, NOWHERE)
    for experience, classes in zip(sharp.experiences, sharp.outline, strict=True):
        assert set(originals(experience).tolist()) == set(classes)
    faded = counts(blurry.build(Blurry(dataset="digits", boundary="linear", overlap=1.0), seed, NOWHERE))
    for index, classes in enumerate(sharp.outline):
        elsewhere = [i for i in range(5) if abs(i - index) > 1]
        assert not faded[elsewhere][:, list(classes)].any()
        beside = [i for i in range(5) if abs(i - index) == 1]
        assert (faded[beside][:, list(classes)].sum(1) > 0).all()


@given(SEEDS)
@settings(max_examples=10, deadline=None)
def test_the_next_classes_come_in_the_end_of_a_linear_part_more_and_more(seed: int) -> None:
    stream = blurry.build(Blurry(dataset="digits", boundary="linear", overlap=0.5), seed, NOWHERE)
    coming = torch.zeros(8, dtype=torch.long)  # samples of the next part's classes, by eighth of the part they come in
    for experience, following in zip(stream.experiences, stream.outline[1:], strict=False):
        eighths = torch.isin(originals(experience), torch.tensor(following)).tensor_split(8)
        coming += torch.stack([eighth.sum() for eighth in eighths])
    assert not coming[:4].any()
    assert 0 < coming[6] < coming[7]
