"""Parts of a data set in every kind of stream: what is tuned on is never evaluated on."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ffcl.errors import UsageError
from ffcl.index_sets import IndexSet, overlap
from ffcl.parts import HELD_OUT, OF_SAMPLES, Part, rows_of
from ffcl.registry import installed
from ffcl.specs import resolve
from ffcl.stream import Stream
from ffcl_scenarios.datasets import load
from ffcl_scenarios.images import rotate
from ffcl_scenarios.outlines import arrival, split_outline
from ffcl_scenarios.parameters import Blurry, Drift, OfDataSet, Permuted, Recurring, Rotated, Split
from ffcl_scenarios.transformed import angles_of

NOWHERE = Path("nowhere")
DIGITS = load("digits", NOWHERE)
N, N_TEST = len(DIGITS.train_y), len(DIGITS.test_y)
SEEDS = st.integers(0, 1000)
KINDS: list[OfDataSet] = [
    Split(dataset="digits"),
    Split(dataset="digits", type="task-incremental", shuffle=False),
    Split(dataset="digits", mixing=0.5, piece=20),
    Split(dataset="digits", noise=0.3),
    Permuted(dataset="digits", experiences=2),
    Rotated(dataset="digits", angles=(0, 90)),
    Blurry(dataset="digits"),
    Blurry(dataset="digits", boundary="linear"),
    Recurring(dataset="digits", experiences=6),
    Drift(dataset="digits", start=0, end=0.5, transform="noise", experiences=2),
]


def of_part(parameters: OfDataSet, part: Part) -> OfDataSet:
    return dataclasses.replace(parameters, part=part)


def build(parameters: OfDataSet, seed: int, root: Path = NOWHERE) -> Stream:
    (spec,) = (o.item for o in installed().streams.values() if o.item.parameters is type(parameters))
    stream: Stream = resolve(spec.build)(parameters, seed, root)
    assert stream.outline == resolve(spec.outline)(parameters, seed)
    return stream


def common(a: Stream, b: Stream) -> int:
    """How many samples, trained on or tested on, are in both."""
    return sum(overlap(mine, other) for mine in a.index_sets.values() for other in b.index_sets.values())


@pytest.mark.parametrize("part", OF_SAMPLES)
@pytest.mark.parametrize("parameters", KINDS, ids=lambda p: type(p).__name__)
def test_every_kind_uses_the_samples_of_its_part_and_no_others(parameters: OfDataSet, part: Part) -> None:
    stream = build(of_part(parameters, part), 3)
    rows = rows_of(part, N)
    train, test = stream.index_sets["train"], stream.index_sets["test"]
    assert train == IndexSet(DIGITS.train_index.of, N, rows.train)
    if part in HELD_OUT:
        assert test == IndexSet(DIGITS.train_index.of, N, rows.held_out)
        assert stream.data_sha256 == DIGITS.train_index.of
    else:
        assert test == IndexSet(DIGITS.test_index.of, N_TEST, np.arange(N_TEST))
        assert stream.data_sha256 == DIGITS.sha256
    assert overlap(train, test) == 0


def test_index_sets_are_those_of_the_samples_in_the_experiences() -> None:
    """Found again by their pixels, whatever the rows are said to be."""
    stream = build(Split(dataset="digits", part="tuning", groups=(2, 3)), 0)
    for name in ("train", "test"):
        samples = [getattr(e, name) for e in stream.experiences]
        pixels = torch.cat([s.inputs(torch.arange(len(s))) for s in samples]).flatten(1)
        known = DIGITS.train_x[torch.from_numpy(stream.index_sets[name].rows)].flatten(1)
        assert sorted(pixels.tolist()) == sorted(known.tolist())
    every = {tuple(x) for x in DIGITS.train_x[torch.from_numpy(rows_of("tuning", N).train)].flatten(1).tolist()}
    assert {tuple(x) for x in stream.experiences[0].train.x.flatten(1).tolist()} == every  # nothing else is at hand


@given(st.sampled_from(KINDS), st.sampled_from(KINDS), SEEDS, SEEDS)
@settings(max_examples=40, deadline=None)
def test_tuning_and_evaluation_never_overlap(tuned: OfDataSet, evaluated: OfDataSet, seed: int, other: int) -> None:
    tuning, evaluation = build(of_part(tuned, "tuning"), seed), build(of_part(evaluated, "evaluation"), other)
    assert common(tuning, evaluation) == 0
    assert common(tuning, tuning) > 0


CUT = st.builds(
    Split,
    dataset=st.just("digits"),
    type=st.sampled_from(["class-incremental", "domain-incremental", "task-incremental"]),
    shuffle=st.booleans(),
    order=st.sampled_from([(), (9, 8, 7, 6, 5, 4, 3, 2, 1, 0), (5, 3, 1, 0, 2)]),
    groups=st.sampled_from([(), (2, 1, 1), (1, 3, 1)]),
    first=st.integers(1, 2),
)


@given(CUT, SEEDS, SEEDS)
@settings(max_examples=40, deadline=None)
def test_first_and_rest_are_apart_by_class_whatever_the_seeds(parameters: Split, seed: int, other: int) -> None:
    first = build(of_part(parameters, "first"), seed)
    rest = build(of_part(parameters, "rest"), other)
    whole = split_outline(parameters, 0)
    assert {*arrival(first.outline)} == {*arrival(whole[: parameters.first])}
    assert not {*arrival(first.outline)} & {*arrival(rest.outline)}
    assert [len(c) for c in first.outline + rest.outline] == [len(c) for c in whole]
    assert common(first, rest) == 0
    mine, held = DIGITS.train_y[first.index_sets["train"].rows], DIGITS.train_y[first.index_sets["test"].rows]
    assert {*mine.tolist()} == {*held.tolist()} == {*arrival(first.outline)}
    both = len(mine) + len(held)
    assert both == int(torch.isin(DIGITS.train_y, mine.unique()).sum())
    assert len(held) / both == pytest.approx(1 / 6, abs=0.06)
    others = torch.tensor(arrival(rest.outline))
    for name, y in (("train", DIGITS.train_y), ("test", DIGITS.test_y)):
        assert rest.index_sets[name].rows.tolist() == torch.isin(y, others).nonzero().squeeze(1).tolist()


def test_the_seed_orders_the_classes_inside_first_and_rest() -> None:
    for part in ("first", "rest"):
        drawn = {split_outline(Split(dataset="digits", part=part, first=2), seed) for seed in range(10)}  # type: ignore[arg-type]
        assert len(drawn) > 5
        fixed = Split(dataset="digits", part=part, first=2, shuffle=False)  # type: ignore[arg-type]
        whole = ((0, 1), (2, 3), (4, 5), (6, 7), (8, 9))
        assert {split_outline(fixed, seed) for seed in range(10)} == {whole[:2] if part == "first" else whole[2:]}


@pytest.mark.parametrize(
    ("settings_", "message"),
    [
        ({"part": "first"}, "part = 'first' needs `first`, how many of the 5 experiences .* from 1 to 4; got 0"),
        ({"part": "rest", "first": 5}, "part = 'rest' needs `first`, .* from 1 to 4; got 5"),
        ({"part": "first", "first": 2, "groups": (4, 6)}, "how many of the 2 experiences .* from 1 to 1; got 2"),
        ({"part": "first", "first": 1, "experiences": 1}, "the 1 experiences .* with two experiences or more; got 1"),
        ({"part": "rest", "first": 1, "groups": (9, 2)}, "groups ask for 11 classes in all, and there are 10"),
    ],
)
def test_classes_that_cannot_be_set_apart_are_refused(settings_: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        split_outline(Split(dataset="digits", **settings_), 0)


def test_an_unknown_part_is_refused() -> None:
    with pytest.raises(UsageError, match=r"mine\.part must be one of all, tuning, evaluation, validation, got 'first'"):
        Rotated.from_mapping({"dataset": "digits", "part": "first"}, "mine")
    with pytest.raises(UsageError, match=r"mine\.part must be one of .*, first, rest, got 'tune'"):
        Split.from_mapping({"dataset": "digits", "part": "tune"}, "mine")
    for part in get_args(Part):
        assert Split.from_mapping({"dataset": "digits", "part": part}, "mine").part == part


@pytest.mark.parametrize("part", ["tuning", "validation"])
def test_a_fixed_order_is_drawn_for_tuning(part: Part) -> None:
    order = (7, 5, 3, 1)
    for fixed, classes in (
        ({"shuffle": False}, range(10)),
        ({"order": order, "experiences": 2}, order),
        ({"order": order, "groups": (1, 2)}, order[:3]),
    ):
        parameters = Split(dataset="digits", **fixed)  # type: ignore[arg-type]
        outlines = {split_outline(dataclasses.replace(parameters, part=part), seed) for seed in range(10)}
        assert len(outlines) > 3
        assert all({*arrival(outline)} == {*classes} for outline in outlines)
        for same in ("all", "evaluation"):
            assert split_outline(dataclasses.replace(parameters, part=same), 3) == split_outline(parameters, 4)


@given(st.lists(st.integers(-720, 720), min_size=1, max_size=6))
def test_no_angle_for_tuning_is_one_that_is_evaluated(degrees: list[int]) -> None:
    parameters = Rotated(dataset="digits", angles=tuple(map(float, degrees)), part="tuning")
    around = {angle % 360 for angle in degrees}
    assert not {angle % 360 for angle in angles_of(parameters)} & around
    assert angles_of(dataclasses.replace(parameters, part="evaluation")) == parameters.angles


def test_angles_are_shifted_by_half_of_the_smallest_gap() -> None:
    assert angles_of(Rotated(dataset="digits", part="tuning")) == (15, 45, 75, 105, 135)
    assert angles_of(Rotated(dataset="digits", part="validation", angles=(40,))) == (55,)
    assert angles_of(Rotated(dataset="digits", part="validation", angles=(0, 350))) == (5, 355)
    held = DIGITS.train_x[torch.from_numpy(rows_of("tuning", N).held_out)]
    stream = build(Rotated(dataset="digits", part="tuning", angles=(0, 20)), 0)
    assert torch.equal(stream.experiences[0].test.x, rotate(held, 10))


@pytest.mark.parametrize("settings", [{"part": "first", "first": 2}, {"part": "rest", "first": 2}, {"groups": (3, 2)}])
def test_standardised_inputs_are_those_of_the_samples_in_use(settings: dict[str, Any]) -> None:
    """Tuning on some classes must know nothing of the others, not even their mean."""
    parameters = Split(dataset="digits", standardise=True, **settings)
    stream: Stream = resolve(installed().streams["split"].item.build)(parameters, 0, NOWHERE)
    x = torch.cat([e.train.inputs(torch.arange(len(e.train))) for e in stream.experiences])
    assert x.mean().item() == pytest.approx(0.0, abs=1e-5)
    assert x.std(correction=0).item() == pytest.approx(1.0, abs=1e-5)
