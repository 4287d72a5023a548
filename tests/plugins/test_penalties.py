"""Penalties, against Avalanche's own and the gradient that autograd finds."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from avalanche.training.plugins import EWCPlugin, MASPlugin, SynapticIntelligencePlugin
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from ffcl.avalanche_mends import AGEMPlugin, GEMPlugin
from ffcl.stream import Experience, Stream, all_rows
from ffcl.testing.case import samples
from ffcl_bp.hyperparameters import BPHyperparameters
from ffcl_bp.learner import BP
from ffcl_strategies import penalties
from ffcl_strategies.penalties import EWCPenalty, MASPenalty, SIPenalty, joined, mixed, penalty
from small_training import weights
from strategy_training import GROWING, RETURNING, THREE, stream_of, trained


@pytest.mark.parametrize("stream", [GROWING, RETURNING], ids=["growing", "returning"])
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (lambda: EWCPenalty(50.0, "separate", None), lambda: EWCPlugin(50.0, "separate", keep_importance_data=True)),
        (lambda: EWCPenalty(50.0, "online", 0.7), lambda: EWCPlugin(50.0, "online", 0.7)),
        (lambda: SIPenalty(1e3, 0.1, 1e-3), lambda: SynapticIntelligencePlugin(1e3, 0.1)),
        (lambda: MASPenalty(0.5, 0.3), lambda: MASPlugin(0.5, 0.3)),
    ],
    ids=["ewc", "online-ewc", "si", "mas"],
)
def test_a_penalty_does_what_avalanches_does(
    stream: Stream, ours: Any, theirs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a graph over all parameters, and with one penalty in place of one an experience."""
    monkeypatch.setattr(penalties, "mixed", lambda dataset: dataset)  # as Avalanche: in the order on disk
    plain = weights(trained(stream, []))
    mine = weights(trained(stream, [ours()], scored=True))
    reference = weights(trained(stream, [theirs()], scored=True))
    assert (mine - plain).abs().max() > 1e-3
    assert torch.allclose(mine, reference, atol=2e-4)


@pytest.mark.parametrize("penalty", [EWCPenalty(50.0, "separate", None), MASPenalty(0.5, 0.3)], ids=["ewc", "mas"])
def test_importances_are_of_batches_of_mixed_classes(penalty: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the data are sorted by class, as a folder of images is."""
    x, y = samples((0, 1), 96, 0)
    order = y.argsort(stable=True)
    stream = Stream((Experience(all_rows(x[order], y[order]), all_rows(x, y), (0, 1)),), ((0, 1),), "made-up")
    seen: list[Tensor] = []

    def looked_at(dataset: Any) -> Any:
        changed = mixed(dataset)
        seen.append(torch.tensor(list(changed.targets)))
        return changed

    monkeypatch.setattr(penalties, "mixed", looked_at)
    trained(stream, [penalty], scored=True)
    (labels,) = seen
    assert labels.tolist() != y[order].tolist()
    assert labels.bincount().tolist() == y.bincount().tolist()
    assert all(len(batch.unique()) == 2 for batch in labels.split(16))


def test_where_importances_are_clipped_may_be_chosen() -> None:
    """Those of one experience: equal up to the clip, which is the highest there is; the strength plays no part yet."""
    one = stream_of([(0, 1)])
    found = []
    for clip in (1e-3, 1e6):
        si = SIPenalty(1e3, 0.1, clip)
        trained(one, [si])
        found.append(torch.cat([importance.data for importance in si.ewc_data[1].values()]))
    clipped, free = found
    assert free.max() > 1e-2
    assert torch.equal(clipped, free.clamp(max=1e-3))


class PartlyTrained(BP):
    """One parameter is frozen, and of another nothing is ever asked."""

    def __init__(self, input_shape: tuple[int, ...], hyperparameters: BPHyperparameters) -> None:
        super().__init__(input_shape, hyperparameters)
        self.frozen = nn.Parameter(torch.ones(3), requires_grad=False)
        self.unasked = nn.Parameter(torch.ones(3))


@pytest.mark.parametrize(
    "plugin",
    [
        EWCPenalty(50.0, "separate", None),
        SIPenalty(1.0, 0.1, 1e-3),
        MASPenalty(0.5, 0.3),
        GEMPlugin(4, 0.5),
        AGEMPlugin(4, 4),
    ],
    ids=lambda plugin: type(plugin).__name__,
)
def test_parameters_without_a_gradient_are_left_alone(plugin: Any) -> None:
    training = trained(THREE, [plugin], kind=PartlyTrained, scored=True)
    assert torch.equal(training.learner.frozen, torch.ones(3))
    assert torch.equal(training.learner.unasked, torch.ones(3))


def test_a_penalty_is_the_gradient_that_autograd_finds() -> None:
    model = nn.Linear(4, 3)
    terms = {name: (torch.rand_like(p), torch.randn_like(p)) for name, p in model.named_parameters()}
    value = penalty(model, 2.5, terms)
    value.backward()
    mine = [p.grad.clone() for p in model.parameters() if p.grad is not None]
    plain = 2.5 * sum((i * (p - terms[n][1]).square()).sum() for n, p in model.named_parameters() for i in terms[n][:1])
    assert isinstance(plain, Tensor)
    assert torch.allclose(value, plain)
    for got, expected in zip(mine, torch.autograd.grad(plain, list(model.parameters())), strict=True):
        assert torch.allclose(got, expected)


def test_weights_that_have_come_since_are_free() -> None:
    model = nn.Linear(4, 3, bias=False)
    penalty(model, 1.0, {"weight": (torch.ones(2, 4), torch.zeros(2, 4))}).backward()
    assert model.weight.grad is not None
    assert torch.allclose(model.weight.grad[:2], 2 * model.weight[:2])
    assert model.weight.grad[2].tolist() == [0.0] * 4


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 1000), rows=st.integers(1, 3), more=st.integers(0, 2))
def test_two_penalties_joined_pull_like_both(seed: int, rows: int, more: int) -> None:
    generator = torch.Generator().manual_seed(seed)

    def drawn(n: int) -> tuple[Tensor, Tensor]:
        importance = torch.rand(n, 4, generator=generator) * (torch.rand(n, 4, generator=generator) > 0.3)
        return importance, torch.randn(n, 4, generator=generator)

    old, new = {"weight": drawn(rows)}, {"weight": drawn(rows + more)}
    gradients = []
    for terms in ([old, new], [joined(old, new)]):
        model = nn.Linear(4, rows + more, bias=False)
        with torch.no_grad():
            model.weight.copy_(torch.linspace(-1, 1, 4 * (rows + more)).view(-1, 4))
        sum(penalty(model, 1.0, each) for each in terms).backward()  # type: ignore[union-attr]
        assert model.weight.grad is not None
        gradients.append(model.weight.grad)
    assert torch.allclose(*gradients, atol=1e-5)
