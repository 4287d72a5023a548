"""Rehearsal: the reservoir, asymmetric replay and dark replay."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from ffcl.randomness import RandomSequence, reproducible
from ffcl.testing.case import SHAPE
from ffcl.training import Training, avalanche_train_stream
from ffcl_bp.hyperparameters import BPHyperparameters
from ffcl_bp.learner import BP
from ffcl_strategies.rehearsal import AsymmetricReplay, DarkReplay, Reservoir
from strategy_training import GROWING, RETURNING, trained


@settings(max_examples=50, deadline=None)
@given(capacity=st.integers(1, 20), batches=st.lists(st.integers(1, 13), min_size=1, max_size=12))
def test_a_reservoir_holds_different_samples_of_the_stream(capacity: int, batches: list[int]) -> None:
    reservoir, offered = Reservoir(capacity), 0
    for n in batches:
        stream = torch.arange(offered, offered + n)
        places = reservoir.admit(n)
        chosen = stream[torch.tensor(list(places), dtype=torch.long)]
        if places:
            reservoir.store(places, number=chosen, twice=2 * chosen)
        offered += n
        assert len(reservoir) == min(capacity, offered)
        numbers = reservoir.fields["number"].tolist()
        assert len(set(numbers)) == len(numbers)
        assert set(numbers) <= set(range(offered))
        assert torch.equal(reservoir.fields["twice"], 2 * reservoir.fields["number"])


def test_a_reservoir_keeps_each_sample_equally_often() -> None:
    torch.manual_seed(0)
    kept = torch.zeros(30)
    for _ in range(3000):
        reservoir = Reservoir(6)
        for start in range(0, 30, 10):
            places = reservoir.admit(10)
            if places:
                reservoir.store(places, number=start + torch.tensor(list(places)))
        kept[reservoir.fields["number"]] += 1
    share = kept / 3000
    assert (share - 0.2).abs().max() < 0.03  # four standard deviations


@pytest.mark.parametrize("plugin", [AsymmetricReplay(12), DarkReplay(12, 0.5, 0.5)], ids=["er-ace", "der"])
def test_images_are_stored_as_they_are_and_moved_anew(plugin: Any) -> None:
    asked: list[Tensor] = []

    class Listening(BP):
        def loss(self, x: Tensor, y: Tensor, allowed: Tensor | None) -> Tensor:
            asked.append(x.clone())
            return super().loss(x, y, allowed)

    trained(GROWING, [plugin], kind=Listening, scored=True, shift=1)
    images = torch.cat([e.train.x for e in GROWING.experiences])
    for stored in plugin.memory.fields["x"]:
        assert (images == stored).flatten(1).all(1).any()
    replayed = [x for x in asked if len(x) == 12]
    assert replayed
    assert not all((images == x).flatten(1).all(1).any() for x in replayed[-1])


def test_new_samples_compete_with_new_classes_only() -> None:
    seen: list[tuple[Tensor, Tensor | None]] = []

    class Listening(BP):
        def loss(self, x: Tensor, y: Tensor, allowed: Tensor | None) -> Tensor:
            seen.append((y, allowed))
            return super().loss(x, y, allowed)

    with reproducible(0):
        training = Training(
            learner=Listening(SHAPE, BPHyperparameters(hidden=8, layers=1)),
            randomness=RandomSequence(1),
            plugins=[AsymmetricReplay(12)],
            epochs=1,
            batch_size=16,
        )
        for (piece,) in avalanche_train_stream(GROWING):
            training.train(piece)
    (new, narrowed), (old, free) = seen[-2:]
    assert new.unique().tolist() == [2, 3]
    assert narrowed is not None
    assert narrowed.tolist() == [[False, False, True, True]] * 16
    assert len(old) == 12
    assert old.unique().tolist() == [0, 1, 2, 3]
    assert free is None


def test_dark_replay_keeps_the_scores_of_the_moment_and_of_the_classes_then_known() -> None:
    plugin = DarkReplay(64, 0.5, 0.5)
    trained(GROWING, [plugin], scored=True)
    fields = plugin.memory.fields
    of_first = fields["y"] < 2
    assert of_first.any()
    assert (~of_first).any()
    assert fields["scores"].shape == (64, 4)
    assert fields["scores"][of_first, :2].isfinite().all()
    assert fields["scores"][of_first, 2:].isnan().all()
    assert fields["scores"][~of_first].isfinite().all()


def test_dark_replay_adds_the_distance_of_the_scores() -> None:
    """With beta = 0 it is DER: alpha times the mean squared difference of known scores."""
    noted: dict[str, Any] = {}

    class Spy(DarkReplay):
        def before_backward(self, strategy: Any, **kwargs: Any) -> None:
            before, state = strategy.loss.detach().clone(), torch.get_rng_state()
            super().before_backward(strategy, **kwargs)
            noted.update(term=strategy.loss.detach() - before)
            after = torch.get_rng_state()
            torch.set_rng_state(state)
            if len(self.memory):
                old = self.memory.sample(len(strategy.mb_y))
                with torch.no_grad():
                    scores = strategy.learner(old["x"])
                known = old["scores"].isfinite()
                noted["by_hand"] = 0.5 * (scores - old["scores"])[known].square().mean()
            torch.set_rng_state(after)

    trained(RETURNING, [Spy(12, 0.5, 0.0)], scored=True)
    assert noted["term"] > 0
    assert torch.allclose(noted["term"], noted["by_hand"], atol=1e-6)
