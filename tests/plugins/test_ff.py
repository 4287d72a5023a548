from __future__ import annotations

import itertools
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, softplus

from ffcl.randomness import RandomSequence
from ffcl.rules.goodness import normalise
from ffcl_ff import learner as ff_learner
from ffcl_ff.hyperparameters import FFHyperparameters
from ffcl_ff.learner import FF
from ffcl_ff.winners import largest

X = torch.rand(6, 1, 4, 4, generator=torch.Generator().manual_seed(0))
Y = torch.tensor([0, 1, 2, 0, 1, 2])
FORMS = list(itertools.product(("sigmoid", "symmetric"), ("each", "pair")))


NEURONS: list[dict[str, object]] = [
    {},
    {"winners": 2},
    {"activation": "sigmoid"},
    {"activation": "sigmoid", "winners": 2},
]


def learner(**settings: object) -> FF:
    with RandomSequence(0):
        made = FF((1, 4, 4), FFHyperparameters.from_mapping({"hidden": 12, "layers": 3, **settings}, "ff"))
        made.begin_experience((0, 1, 2))
    return made


def autograd_evidence(ff: FF, x: Tensor, labels: Tensor) -> list[Tensor]:
    """Each layer's evidence, the plain way: the input beside the code, and explicit normalisation of ReLUs' outputs."""
    hp, evidence = ff.hyperparameters, []
    x = normalise(x.flatten(1)) if hp.normalise_input else x.flatten(1)
    h = torch.cat([x, (hp.code_amplitude * ff.codes.codes)[labels]], 1)
    first = torch.cat([ff.of_input.weight, ff.of_code.weight], 1)
    for number, weight in enumerate([first, *(layer.weight for layer in ff.upper)]):
        bias = ff.of_input.bias if number == 0 else None
        relu = hp.activation == "relu"
        below = h.detach() if number == 0 or not relu else normalise(h.detach())
        h = (torch.relu if relu else torch.sigmoid)(nn.functional.linear(below, weight, bias))
        if hp.winners:
            groups = h.unflatten(1, (-1, 6 if hp.probability == "symmetric" else 12))
            rank = groups.argsort(2, descending=True).argsort(2)
            h = (groups * (rank < hp.winners)).flatten(1)
        if hp.probability == "symmetric":
            positive, negative = (half.square().sum(1) + hp.epsilon for half in h.chunk(2, 1))
            evidence.append(torch.log(positive / negative))
        else:
            evidence.append(hp.alpha * (h.square().sum(1) - (hp.theta if hp.contrast == "each" else 0.0)))
    return evidence


@pytest.mark.parametrize(("probability", "contrast"), FORMS)
@pytest.mark.parametrize("normalise_input", [True, False])
@pytest.mark.parametrize("neurons", NEURONS, ids=str)
def test_the_closed_form_is_what_autograd_finds(
    probability: str, contrast: str, normalise_input: bool, neurons: dict[str, object]
) -> None:
    """Three layers in float64, every parameter, norm-wise to 1e-10."""
    ff = learner(
        **neurons,
        probability=probability,
        contrast=contrast,
        normalise_input=normalise_input,
        negatives="random",
        code_amplitude=2.0,
    ).double()
    x = X.double()
    with RandomSequence(1):
        value = ff.loss(x, Y, None)
        value.backward()
    mine = {name: p.grad.clone() for name, p in ff.named_parameters() if p.grad is not None}
    ff.zero_grad()
    with RandomSequence(1):
        wrong = (Y + torch.randint(1, 3, Y.shape)) % 3  # as wrong_labels() draws them
    expected = torch.zeros((), dtype=torch.float64)
    for right, other in zip(autograd_evidence(ff, x, Y), autograd_evidence(ff, x, wrong), strict=True):
        if contrast == "pair":
            expected = expected + softplus(other - right).mean()
        else:
            target = torch.cat([torch.ones_like(right), torch.zeros_like(other)])
            expected = expected + binary_cross_entropy_with_logits(torch.cat([right, other]), target)
    expected.backward()
    assert value.item() == pytest.approx(expected.item(), rel=1e-10)
    assert set(mine) == {name for name, _ in ff.named_parameters()}
    for name, parameter in ff.named_parameters():
        assert parameter.grad is not None
        assert parameter.grad.norm() > 0
        assert (mine[name] - parameter.grad).norm() < 1e-10 * parameter.grad.norm(), name


@pytest.mark.parametrize(("probability", "contrast"), FORMS)
@pytest.mark.parametrize("neurons", NEURONS, ids=str)
def test_all_hypotheses_at_once_are_one_after_the_other(
    probability: str, contrast: str, neurons: dict[str, object]
) -> None:
    ff = learner(probability=probability, contrast=contrast, precision="float32", **neurons)
    slow = [torch.stack(autograd_evidence(ff, X, torch.full((6,), c))).sum(0) for c in range(3)]
    assert torch.allclose(ff(X), torch.stack(slow, 1), rtol=1e-4, atol=1e-4)


SYMMETRIC_WINNERS: dict[str, object] = {"probability": "symmetric", "activation": "sigmoid", "winners": 2}


@pytest.mark.parametrize(("settings", "bound"), [({}, 0.03), (SYMMETRIC_WINNERS, 0.05)])
def test_products_in_bfloat16_change_little(settings: dict[str, object], bound: float) -> None:
    """Weights stay in float32; scores and updates agree to the precision of bfloat16, 8 bits."""
    found = []
    for precision in ("float32", "bfloat16"):
        ff = learner(precision=precision, negatives="random", hidden=64, **settings)
        with RandomSequence(1):
            ff.loss(X, Y, None).backward()
        assert all(p.dtype == torch.float32 and p.grad is not None for p in ff.parameters())
        found.append([ff(X), *(p.grad for p in ff.parameters() if p.grad is not None)])
    for exact, rough in zip(*found, strict=True):
        assert (exact - rough).norm() < bound * exact.norm()
        assert not torch.equal(exact, rough)


def test_in_bfloat16_the_same_winners_pass() -> None:
    """Sigmoids of large sums round to the same number, the sums themselves to different ones."""
    x, y = torch.rand(100, 1, 4, 4, generator=torch.Generator().manual_seed(1)), torch.arange(100) % 3
    in_float32, in_bfloat16 = (
        learner(precision=precision, hidden=64, layers=1, initial_scale=4.0, **SYMMETRIC_WINNERS).latents(x, y)[0] > 0
        for precision in ("float32", "bfloat16")
    )
    assert (in_float32.sum(1) == 4).all()
    assert (in_float32 & in_bfloat16).sum() > 0.95 * in_float32.sum()


@pytest.mark.parametrize("negatives", ["hard", "random"])
def test_hard_negatives_come_from_what_the_first_layer_believes(
    negatives: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A label that the first layer finds overwhelmingly likely is the wrong one that is shown; others are drawn too."""
    ff = learner(layers=1, alpha=10.0, negatives=negatives)
    with torch.no_grad():
        ff.of_code.weight += 3.0 * ff.codes.codes[2]  # label 2 makes every neuron active
        assert (ff(X).argmax(1) == 2).all()
    drawn: list[int] = []
    for name in ("wrong_labels", "likely_wrong_labels"):
        real = getattr(ff_learner, name)

        def spy(*args: Any, real: Any = real) -> Any:
            labels, exists = real(*args)
            drawn.extend(labels.tolist())
            return labels, exists

        monkeypatch.setattr(ff_learner, name, spy)
    with RandomSequence(3):
        for _ in range(5):
            ff.loss(X[:2], Y[:2], None)
    assert len(drawn) == 10
    assert (set(drawn) == {2}) == (negatives == "hard")


def test_a_layer_learns_to_tell_right_from_wrong_labels() -> None:
    ff = learner(layers=1)
    x = X + nn.functional.one_hot(Y, 16).view(6, 1, 4, 4)
    optimizer = torch.optim.Adam(ff.parameters(), lr=1e-2)
    with RandomSequence(2):
        for _ in range(200):
            optimizer.zero_grad()
            ff.loss(x, Y, None).backward()
            optimizer.step()
    assert (ff(x).argmax(1) == Y).all()


@pytest.mark.parametrize("probability", ["sigmoid", "symmetric"])
@pytest.mark.parametrize("asked", [[0, 1, 2], [1], []])
@pytest.mark.parametrize("neurons", NEURONS, ids=str)
def test_the_gradient_of_scores_is_what_autograd_finds(
    probability: str, asked: list[int], neurons: dict[str, object]
) -> None:
    """Three layers in float64; a loss that asks for the evidence of some labels only."""
    ff = learner(probability=probability, code_amplitude=2.0, **neurons).double()
    x, weight = X.double(), torch.zeros(6, 3, dtype=torch.float64)
    weight[:, asked] = torch.rand(6, len(asked), dtype=torch.float64)
    scores = ff(x)
    (weight * scores.sin()).sum().backward()
    mine = {name: p.grad.clone() for name, p in ff.named_parameters() if p.grad is not None}
    ff.zero_grad()
    labels = torch.arange(3).repeat_interleave(6)
    theirs = torch.stack(autograd_evidence(ff, x.repeat(3, 1, 1, 1), labels)).sum(0).view(3, 6).T
    (weight * theirs.sin()).sum().backward()
    assert torch.allclose(scores, theirs, atol=1e-5)
    assert set(mine) == {name for name, _ in ff.named_parameters()}
    for name, parameter in ff.named_parameters():
        assert parameter.grad is not None
        assert (mine[name] - parameter.grad).norm() <= 1e-4 * parameter.grad.norm(), name


def test_scores_are_the_same_with_and_without_a_gradient() -> None:
    ff = learner()
    with torch.no_grad():
        alone = ff(X)
    assert torch.allclose(ff(X).detach(), alone, rtol=1e-3, atol=1e-4)


def test_features_have_a_column_a_neuron_and_need_no_label() -> None:
    ff = learner()
    before = ff.features(X)
    assert before.shape == (6, 36)
    with RandomSequence(3):
        ff.begin_experience((3,))
    assert torch.equal(ff.features(X), before)


@pytest.mark.parametrize(("probability", "groups"), [("sigmoid", 1), ("symmetric", 2)])
def test_of_each_group_only_the_winners_pass(probability: str, groups: int) -> None:
    """The largest outputs stay as they are; a number that no group has changes nothing."""
    every, few, many = (learner(probability=probability, winners=k, layers=1, initial_scale=4.0) for k in (0, 2, 12))
    for all_outputs, outputs, same in zip(
        [every.features(X), *every.latents(X, Y)],
        [few.features(X), *few.latents(X, Y)],
        [many.features(X), *many.latents(X, Y)],
        strict=True,
    ):
        assert torch.equal(same, all_outputs)
        assert ((all_outputs > 0).sum(1) > 2 * groups).any()
        for kept, full in zip(outputs.chunk(groups, 1), all_outputs.chunk(groups, 1), strict=True):
            assert torch.equal(kept.sort(descending=True).values[:, :2], full.sort(descending=True).values[:, :2])
            assert (kept != 0).sum(1).max() == 2
            assert ((kept == 0) | (kept == full)).all()


@given(
    st.integers(1, 30), st.integers(1, 60), st.sampled_from([torch.float32, torch.bfloat16, torch.float64]), st.data()
)
def test_the_winners_are_those_that_torch_finds(k: int, more: int, dtype: torch.dtype, data: st.DataObject) -> None:
    h = torch.randn(5, k + more, generator=torch.Generator().manual_seed(data.draw(st.integers(0, 99)))).to(dtype)
    h = h.round() if data.draw(st.booleans(), "many are equal") else h
    values, where = largest(h, k)
    assert torch.equal(h.gather(1, where), values)
    assert all(len(set(columns)) == k for columns in where.tolist())
    assert torch.equal(values.sort(descending=True).values, h.topk(k).values)
