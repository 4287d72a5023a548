"""The parts that strategies are made of, each against an independent reference."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import torch
from avalanche.training.plugins import EWCPlugin, MASPlugin, SynapticIntelligencePlugin
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.functional import kl_div, log_softmax, softmax

from ffcl.avalanche_mends import AGEMPlugin, GEMPlugin
from ffcl.randomness import RandomSequence, reproducible
from ffcl.stream import Experience, Stream, all_rows
from ffcl.testing.case import SHAPE, samples
from ffcl.training import Training, avalanche_train_stream
from ffcl_bp.hyperparameters import BPHyperparameters
from ffcl_bp.learner import BP
from ffcl_strategies import penalties
from ffcl_strategies.distillation import Distillation
from ffcl_strategies.herding import NearestMeanOfExemplars, herd
from ffcl_strategies.penalties import EWCPenalty, MASPenalty, SIPenalty, joined, mixed, penalty
from ffcl_strategies.projection import SharedMemoryGEM
from ffcl_strategies.rehearsal import AsymmetricReplay, DarkReplay, Reservoir


def stream_of(classes: Sequence[tuple[int, ...]], by_task: bool = False) -> Stream:
    made = [
        Experience(all_rows(*samples(c, 48, i)), all_rows(*samples(c, 16, 90 + i)), c, i if by_task else 0)
        for i, c in enumerate(classes)
    ]
    allowed = torch.block_diag(*[torch.ones(1, len(c)) for c in classes]).bool() if by_task else None
    return Stream(tuple(made), tuple(classes), "made-up", allowed)


GROWING = stream_of([(0, 1), (2, 3)])
THREE = stream_of([(0, 1), (2, 3), (4, 5)])
RETURNING = stream_of([(0, 1, 2, 3), (0, 1, 2, 3), (0, 1, 2, 3)])


def trained(stream: Stream, plugins: Sequence[Any], kind: type[BP] = BP, **options: Any) -> Training:
    with reproducible(0):
        learner = kind(SHAPE, BPHyperparameters(hidden=8, layers=1, lr=1e-2))
        training = Training(
            learner=learner,
            randomness=RandomSequence(1),
            plugins=plugins,
            **{"epochs": 3, "batch_size": 16, "allowed": stream.allowed, **options},
        )
        for (piece,) in avalanche_train_stream(stream):
            training.train(piece)
    return training


def weights(training: Training) -> Tensor:
    return torch.cat([p.detach().flatten() for p in training.learner.parameters()])


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


@pytest.mark.parametrize(("by_task", "groups"), [(True, [[0, 1], [2, 3]]), (False, [[0, 1, 2, 3]])])
def test_distillation_keeps_the_softmax_of_each_past_task(by_task: bool, groups: list[list[int]]) -> None:
    """The term of the first step of a third experience, by hand (Li & Hoiem 2016, eq. 2)."""
    noted: dict[str, Tensor] = {}

    class Spy(Distillation):
        def before_backward(self, strategy: Any, **kwargs: Any) -> None:
            before = strategy.loss.detach().clone()
            super().before_backward(strategy, **kwargs)
            if strategy.clock.train_exp_counter == 2 and not noted:
                noted.update(term=strategy.loss.detach() - before, out=strategy.mb_output.detach())
                with torch.no_grad():
                    noted["old"] = self.lwf.prev_model(strategy.mb_x)

    trained(stream_of([(0, 1), (2, 3), (4, 5)], by_task), [Spy(1.0, 2.0)], scored=True)
    out, old = noted["out"] / 2.0, noted["old"] / 2.0
    by_hand = sum(kl_div(log_softmax(out[:, c], 1), softmax(old[:, c], 1), reduction="batchmean") for c in groups)
    assert torch.allclose(noted["term"], torch.as_tensor(by_hand), atol=1e-6)


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


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 1000), n=st.integers(1, 12), m=st.integers(1, 15))
def test_herding_takes_the_sample_that_brings_the_mean_closest(seed: int, n: int, m: int) -> None:
    features = torch.randn(n, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    chosen = herd(features, m)
    assert len(chosen) == len(set(chosen)) == min(n, m)
    centre = features.mean(0)
    for k in range(len(chosen)):
        distances = {
            i: float((features[[*chosen[:k], i]].mean(0) - centre).norm()) for i in range(n) if i not in chosen[:k]
        }
        assert distances[chosen[k]] <= min(distances.values()) + 1e-9


def test_the_nearest_mean_is_that_of_the_exemplars() -> None:
    plugin = NearestMeanOfExemplars(8)
    training = trained(GROWING, [plugin])
    buffer = plugin.storage_policy.buffer
    x, y = (torch.stack(list(v)) for v in zip(*((x, torch.tensor(t)) for x, t, *_ in buffer), strict=True))
    unit = nn.functional.normalize(training.learner.features(x))
    asked, _ = samples((0, 1, 2, 3), 20, 5)
    scores = training.score(asked)
    here = nn.functional.normalize(training.learner.features(asked))
    for label in range(4):
        mean = nn.functional.normalize(unit[y == label].mean(0), dim=0)
        assert torch.allclose(scores[:, label], -(here - mean).square().sum(1), atol=1e-5)


def test_a_class_without_an_exemplar_is_never_the_nearest() -> None:
    """More classes than places."""
    plugin = NearestMeanOfExemplars(3)
    training = trained(THREE, [plugin])
    stored = plugin.storage_policy.buffer
    assert len(stored) == 3
    scores = training.score(samples((0, 1, 2, 3), 20, 5)[0])
    assert scores.shape == (20, 6)
    assert set(scores.argmax(1).tolist()) <= set(stored.targets)


def test_means_need_no_scores_of_the_learner(monkeypatch: pytest.MonkeyPatch) -> None:
    plugin = NearestMeanOfExemplars(8)
    learner = trained(GROWING, [plugin]).learner
    x, _ = samples((0, 1, 2, 3), 20, 5)
    expected = plugin.score(learner, x)
    monkeypatch.setattr(learner, "forward", lambda x: pytest.fail("asked for its scores"))
    assert torch.equal(plugin.score(learner, x), expected)


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


@pytest.mark.parametrize(("buffer", "sizes"), [(25, [[25], [12, 12], [8, 8, 8]]), (2, [[2], [1, 1], [1, 1, 1]])])
def test_gems_memory_can_be_shared_by_the_experiences_so_far(buffer: int, sizes: list[list[int]]) -> None:
    found = []

    class Noting(SharedMemoryGEM):
        def after_training_exp(self, strategy: Any, **kwargs: Any) -> None:
            super().after_training_exp(strategy, **kwargs)
            found.append([len(x) for x in self.memory_x.values()])
            assert [len(y) for y in self.memory_y.values()] == found[-1]
            held = [x.untyped_storage().nbytes() for x in self.memory_x.values()]
            assert held == [x.nbytes for x in self.memory_x.values()]  # what gave way is not kept behind a view
            for t, y in self.memory_y.items():
                assert set(y.tolist()) <= set(THREE.experiences[t].classes)

    trained(THREE, [Noting(buffer, 0.5)])
    assert found == sizes


def test_a_shared_gem_projects_as_gem_does() -> None:
    """With two experiences, a memory of so many samples shared is one of so many samples an experience."""
    ours = trained(GROWING, [SharedMemoryGEM(12, 0.5)])
    assert torch.equal(weights(ours), weights(trained(GROWING, [GEMPlugin(12, 0.5)])))
    assert not torch.equal(weights(ours), weights(trained(GROWING, [])))
