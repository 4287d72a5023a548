"""What holds for every kind of stream, whatever its parameters."""

from __future__ import annotations

import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ffcl.errors import UsageError
from ffcl.parameters import Field
from ffcl.registry import installed
from ffcl.specs import StreamSpec, resolve
from ffcl.stream import Samples, Stream, all_rows, breach
from ffcl_scenarios.assembly import assemble
from ffcl_scenarios.datasets import load
from ffcl_scenarios.parameters import Blurry, Drift, OfDataSet, Permuted, Recurring, Rotated, Split

NOWHERE = Path("nowhere")
DIGITS = load("digits", NOWHERE)
TYPES = st.sampled_from(["class-incremental", "domain-incremental", "task-incremental"])
SHARES = st.sampled_from([0.0, 0.3, 1.0])
NOISES = st.sampled_from([0.0, 0.0, 0.3])
PIECES = st.sampled_from([0, 7, 64])
DATA = {"dataset": st.just("digits"), "noise": NOISES, "piece": PIECES}

ONCE = st.one_of(
    st.builds(Split, **DATA, type=TYPES, experiences=st.sampled_from([1, 2, 5])),
    st.builds(Split, **DATA, groups=st.sampled_from([(4, 2, 2, 2), (2, 8)]), mixing=SHARES),
    st.builds(
        Blurry,
        **DATA | {"noise": st.just(0.0)},
        boundary=st.sampled_from(["si-blurry", "linear"]),
        experiences=st.sampled_from([2, 5]),
        disjoint=SHARES,
        blur=SHARES,
        overlap=SHARES,
    ),
    st.builds(
        Recurring,
        **DATA,
        experiences=st.integers(5, 9),
        classes_per_experience=st.integers(2, 10),
        schedule=st.sampled_from(["random", "cycle"]),
    ),
    st.builds(
        Drift,
        **DATA,
        transform=st.sampled_from(["rotation", "noise", "contrast"]),
        start=st.just(0.0),
        end=st.just(1.0),
        experiences=st.integers(1, 3),
    ),
)
OFTEN = st.one_of(
    st.builds(Permuted, **DATA, type=TYPES, experiences=st.integers(1, 3)),
    st.builds(Rotated, **DATA, type=TYPES, angles=st.just((0.0, 30.0))),
)
ALL = st.one_of(ONCE, OFTEN)
SEEDS = st.integers(0, 1000)


def spec_of(parameters: OfDataSet) -> StreamSpec:
    (spec,) = (o.item for o in installed().streams.values() if o.item.parameters is type(parameters))
    return spec


def build(parameters: OfDataSet, seed: int) -> Stream:
    stream: Stream = resolve(spec_of(parameters).build)(parameters, seed, NOWHERE)
    return stream


def handed_over(stream: Stream) -> list[Samples]:
    return [piece for experience in stream.experiences for piece in experience.pieces()]


@given(ONCE, SEEDS)
@settings(max_examples=40, deadline=None)
def test_every_training_sample_comes_once(parameters: OfDataSet, seed: int) -> None:
    rows = torch.cat([piece.rows for piece in handed_over(build(parameters, seed))])
    assert torch.equal(rows.sort().values, torch.arange(len(DIGITS.train_y)))


@given(OFTEN, SEEDS)
@settings(max_examples=15, deadline=None)
def test_every_training_sample_comes_once_an_experience(parameters: OfDataSet, seed: int) -> None:
    for experience in build(parameters, seed).experiences:
        rows = torch.cat([piece.rows for piece in experience.pieces()])
        assert torch.equal(rows.sort().values, torch.arange(len(DIGITS.train_y)))


@given(ALL, SEEDS)
@settings(max_examples=40, deadline=None)
def test_no_label_is_seen_before_a_lower_one(parameters: OfDataSet, seed: int) -> None:
    stream = build(parameters, seed)
    assert breach(stream) is None
    seen: set[int] = set()
    for piece in handed_over(stream):
        seen |= set(piece.y.tolist())
        assert seen == set(range(len(seen)))


@given(ALL, SEEDS)
@settings(max_examples=40, deadline=None)
def test_pieces_are_of_the_size_asked_for(parameters: OfDataSet, seed: int) -> None:
    for experience in build(parameters, seed).experiences:
        sizes = [len(piece) for piece in experience.pieces()]
        assert sum(sizes) == len(experience.train)
        assert set(sizes[:-1]) <= {parameters.piece}
        assert 0 < sizes[-1] <= (parameters.piece or len(experience.train))
        assert experience.classes == tuple(sorted(set(experience.train.y.tolist())))


@given(ALL, SEEDS)
@settings(max_examples=40, deadline=None)
def test_test_sets_are_those_of_the_outline_and_apart_from_training(parameters: OfDataSet, seed: int) -> None:
    stream = build(parameters, seed)
    assert stream.outline == resolve(spec_of(parameters).outline)(parameters, seed)
    for experience, classes in zip(stream.experiences, stream.outline, strict=True):
        train, test = experience.train, experience.test
        assert (len(train.x), len(test.x)) == (len(DIGITS.train_x), len(DIGITS.test_x))
        assert train.x.data_ptr() != test.x.data_ptr()
        expected = torch.isin(DIGITS.test_y, torch.tensor(classes)).nonzero().squeeze(1)
        assert torch.equal(test.rows, expected)


@given(ALL, SEEDS)
@settings(max_examples=40, deadline=None)
def test_a_label_stands_for_one_class_and_wrong_ones_are_in_training_only(parameters: OfDataSet, seed: int) -> None:
    stream = build(parameters, seed)
    kind = getattr(parameters, "type", "class-incremental")
    label: dict[tuple[int, int], int] = {}
    for index, experience in enumerate(stream.experiences):
        where = 0 if kind == "class-incremental" and isinstance(parameters, Split) else index
        where = 0 if isinstance(parameters, Blurry | Recurring | Drift) else where
        pairs = zip(DIGITS.test_y[experience.test.rows].tolist(), experience.test.y.tolist(), strict=True)
        for original, given_label in pairs:
            assert label.setdefault((where, original), given_label) == given_label
    if kind != "domain-incremental":
        assert len(set(label.values())) == len(label)
    wrong = 0
    for index, experience in enumerate(stream.experiences):
        for original, given_label in zip(
            DIGITS.train_y[experience.train.rows].tolist(), experience.train.y.tolist(), strict=True
        ):
            known = label.get((index, original), label.get((0, original)))
            wrong += given_label != known
    share = wrong / sum(len(e.train) for e in stream.experiences)
    assert share == pytest.approx(parameters.noise, abs=0.005)


@given(ALL, SEEDS)
@settings(max_examples=25, deadline=None)
def test_standardised_is_the_same_stream_on_another_scale(parameters: OfDataSet, seed: int) -> None:
    plain, standardised = (build(replace(parameters, standardise=on), seed) for on in (False, True))
    mean, deviation = DIGITS.train_x.numpy().mean(dtype=float), DIGITS.train_x.numpy().std(dtype=float)
    for a, b in zip(plain.experiences, standardised.experiences, strict=True):
        for one, other in ((a.train, b.train), (a.test, b.test)):
            index = torch.arange(len(one))
            expected = (one.inputs(index).double() - mean) / deviation
            assert torch.allclose(other.inputs(index).double(), expected, atol=1e-5)
            assert torch.equal(one.rows, other.rows)
            assert torch.equal(one.y, other.y)
    storages = [
        len({id(s.x) for e in stream.experiences for s in (e.train, e.test)}) for stream in (plain, standardised)
    ]
    assert storages[0] == storages[1]  # what experiences share is not copied for each


@given(ALL, SEEDS)
@settings(max_examples=15, deadline=None)
def test_any_stream_can_be_padded(parameters: OfDataSet, seed: int) -> None:
    assert build(replace(parameters, pad=2), seed).input_shape == (1, 12, 12)


@given(ALL, SEEDS)
@settings(max_examples=25, deadline=None)
def test_a_seed_is_a_stream_and_draws_from_no_common_generator(parameters: OfDataSet, seed: int) -> None:
    before, python = torch.get_rng_state(), random.getstate()
    first, second = build(parameters, seed), build(parameters, seed)
    assert torch.equal(torch.get_rng_state(), before)
    assert random.getstate() == python
    assert first.outline == second.outline
    for a, b in zip(first.experiences, second.experiences, strict=True):
        for one, other in ((a.train, b.train), (a.test, b.test)):
            assert torch.equal(one.rows, other.rows)
            assert torch.equal(one.y, other.y)
            index = torch.arange(len(one))
            assert torch.equal(one.inputs(index), other.inputs(index))


@pytest.mark.parametrize(
    "parameters",
    [
        Split(dataset="digits", piece=10, shuffle=False),
        Split(dataset="digits", mixing=0.5, shuffle=False),
        Split(dataset="digits", noise=0.5, shuffle=False),
        Permuted(dataset="digits", experiences=1, piece=10),
        Blurry(dataset="digits"),
        Blurry(dataset="digits", boundary="linear"),
        Recurring(dataset="digits", classes_per_experience=10, piece=10),
        Drift(dataset="digits", start=0, end=10),
    ],
    ids=lambda p: type(p).__name__,
)
def test_seeds_differ(parameters: OfDataSet) -> None:
    def handed(seed: int) -> list[tuple[int, int]]:
        samples = [e.train for e in build(parameters, seed).experiences]
        return [pair for s in samples for pair in zip(s.rows.tolist(), s.y.tolist(), strict=True)]

    assert handed(0) != handed(1)


def test_an_experience_without_samples_is_refused() -> None:
    none = Samples(DIGITS.train_x, torch.arange(0), DIGITS.train_y[:0])
    test = all_rows(DIGITS.test_x, DIGITS.test_y)
    with pytest.raises(UsageError, match="Experience 1 gets no test sample; use fewer experiences"):
        assemble(Split(dataset="digits"), 0, (tuple(range(10)),), DIGITS, [test], [none])
    with pytest.raises(UsageError, match="Experience 1 gets no training sample; use fewer experiences"):
        assemble(Split(dataset="digits"), 0, (tuple(range(10)),), DIGITS, [none], [test])


def test_parameters_and_outlines_need_no_torch() -> None:
    code = "import ffcl_scenarios.outlines, sys; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


KINDS = [offer.item.parameters for offer in installed().streams.values()]
CONDITIONAL = [pytest.param(k, f, id=f"{k.__name__}-{f.name}") for k in KINDS for f in k.fields() if f.only_if]
UNMET: dict[object, object] = {True: False, "linear": "si-blurry", "si-blurry": "linear"}


@pytest.mark.parametrize(("kind", "field"), CONDITIONAL)
def test_a_parameter_acts_when_it_says_so_and_only_then(kind: type[OfDataSet], field: Field) -> None:
    (condition,) = field.only_if
    other = "avalanche" if field.type is str else 1.0
    for value, acts in ((condition.value, True), (UNMET[condition.value], False)):
        of = {"dataset": "digits", condition.field: value}
        streams = [build(kind.from_mapping({**of, **more}, "mine"), 0) for more in ({}, {field.name: other})]
        one, two = ([(samples.rows.tolist(), samples.y.tolist()) for samples in handed_over(s)] for s in streams)
        assert (one != two) == acts
