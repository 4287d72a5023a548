from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ffcl.errors import LearnerError
from ffcl.randomness import RandomSequence
from ffcl.rules.hypotheses import LabelCodes, likely_wrong_labels, wrong_labels


def test_a_code_stays_when_classes_arrive() -> None:
    codes = LabelCodes(bits=50)
    codes.grow(2)
    first = codes.codes.clone()
    codes.grow(5)
    codes.grow(3)
    assert codes.codes.shape == (5, 50)
    assert torch.equal(codes.codes[:2], first)
    assert len({tuple(code.tolist()) for code in codes.codes}) == 5
    assert set(codes.codes.unique().tolist()) == {0.0, 1.0}


@pytest.mark.parametrize("steps", [[10], [2, 4, 6, 8, 10]])
def test_no_two_classes_have_the_same_code(steps: list[int]) -> None:
    for seed in range(50):
        codes = LabelCodes(bits=4)
        with RandomSequence(seed):
            for n_classes in steps:
                codes.grow(n_classes)
        assert len(codes.codes.unique(dim=0)) == 10


def test_more_classes_than_codes_are_refused() -> None:
    codes = LabelCodes(bits=3)
    codes.grow(8)
    with pytest.raises(LearnerError, match=r"9 classes .* code_bits=3 there are only 8; use at least 4 bits"):
        codes.grow(9)


def test_codes_have_the_density_asked_for() -> None:
    codes = LabelCodes(bits=1000, density=0.3)
    with RandomSequence(0):
        codes.grow(100)
    assert abs(codes.codes.mean().item() - 0.3) < 0.01


@given(st.integers(1, 6), st.integers(0, 1000), st.booleans())
def test_a_wrong_label_is_wrong_and_allowed(n_classes: int, seed: int, masked: bool) -> None:
    generator = torch.Generator().manual_seed(seed)
    y = torch.randint(n_classes, (20,), generator=generator)
    allowed = None
    if masked:
        allowed = torch.rand(20, n_classes, generator=generator) < 0.5
        allowed[torch.arange(20), y] = True
    with RandomSequence(seed):
        wrong, exists = wrong_labels(y, n_classes, allowed)
    assert ((wrong != y) == exists).all()
    assert ((wrong >= 0) & (wrong < n_classes)).all()
    if allowed is None:
        assert exists.all() == (n_classes > 1)
    else:
        assert allowed[torch.arange(20), wrong].all()
        assert torch.equal(exists, allowed.sum(1) > 1)


def test_wrong_labels_are_uniform() -> None:
    y = torch.full((30_000,), 1)
    allowed = torch.tensor([True, True, False, True]).expand(len(y), 4)
    with RandomSequence(0):
        for mask, labels in ((None, [0, 2, 3]), (allowed, [0, 3])):
            share = torch.bincount(wrong_labels(y, 4, mask)[0], minlength=4) / len(y)
            for label in labels:
                assert abs(share[label].item() - 1 / len(labels)) < 0.02


@given(st.integers(2, 6), st.integers(0, 1000), st.booleans())
def test_a_likely_wrong_label_is_wrong_and_allowed(n_classes: int, seed: int, restricted: bool) -> None:
    with RandomSequence(seed):
        y = torch.randint(n_classes, (20,))
        log_odds = 3 * torch.randn(20, n_classes)
        allowed = (torch.rand(20, n_classes) < 0.5).scatter(1, y.unsqueeze(1), True) if restricted else None
        wrong, exists = likely_wrong_labels(y, log_odds, allowed)
    assert (wrong[exists] != y[exists]).all()
    assert (wrong[~exists] == y[~exists]).all()
    if allowed is None:
        assert exists.all()
    else:
        assert allowed.gather(1, wrong.unsqueeze(1)).all()
        assert torch.equal(exists, allowed.sum(1) > 1)


def test_likely_wrong_labels_are_drawn_from_the_softmax_of_the_evidence() -> None:
    log_odds = torch.tensor([5.0, 0.0, 1.0, 2.0])
    n = 20_000
    with RandomSequence(0):
        wrong, _ = likely_wrong_labels(torch.zeros(n, dtype=torch.long), log_odds.expand(n, 4))
    shares = torch.bincount(wrong, minlength=4) / n
    assert torch.allclose(shares[1:], log_odds[1:].softmax(0), atol=0.015)
    assert shares[0] == 0


def test_without_a_second_class_there_is_no_wrong_label() -> None:
    wrong, exists = likely_wrong_labels(torch.zeros(3, dtype=torch.long), torch.rand(3, 1))
    assert wrong.tolist() == [0, 0, 0]
    assert not exists.any()
