"""What is broken in avalanche-lib 0.6.0, and that it is mended; a test fails once upstream has mended it."""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import qpsolvers
import torch
from avalanche.training.plugins import AGEMPlugin as AvalancheAGEM
from avalanche.training.plugins import GDumbPlugin as AvalancheGDumb
from avalanche.training.plugins import GEMPlugin as AvalancheGEM
from avalanche.training.plugins import SynapticIntelligencePlugin
from avalanche.training.storage_policy import ClassBalancedBuffer as AvalancheClassBuffer
from avalanche.training.storage_policy import ExperienceBalancedBuffer as AvalancheBuffer
from avalanche.training.utils import ParamData
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from ffcl.avalanche_mends import AGEMPlugin, ClassBalancedBuffer, ExperienceBalancedBuffer, GDumbPlugin, GEMPlugin
from ffcl.randomness import RandomSequence, reproducible
from ffcl.stream import Experience, Stream, all_rows
from ffcl.tensor_dataset import TensorDataset
from ffcl.testing.case import SHAPE, samples
from ffcl.training import Training, avalanche_train_stream
from ffcl_bp.hyperparameters import BPHyperparameters
from ffcl_bp.learner import BP


def stream_of(experiences: int, n: int = 32) -> Stream:
    classes = [(2 * (i % 2), 2 * (i % 2) + 1) for i in range(experiences)]
    made = [Experience(all_rows(*samples(c, n, i)), all_rows(*samples(c, n, 99)), c) for i, c in enumerate(classes)]
    return Stream(tuple(made), tuple(classes), "made-up")


def trained(plugin: Any, experiences: int = 2, **options: Any) -> Training:
    with reproducible(0):
        learner = BP(SHAPE, BPHyperparameters(hidden=8, layers=1, lr=1e-2))
        training = Training(
            learner=learner,
            randomness=RandomSequence(1),
            plugins=[plugin],
            **{"epochs": 2, "batch_size": 16, **options},
        )
        for (piece,) in avalanche_train_stream(stream_of(experiences)):
            training.train(piece)
    return training


def stock(module: str) -> ModuleType:
    """A module of Avalanche's as it is installed, without our changes."""
    found = sys.modules[module]
    assert found.__file__ is not None
    spec = importlib.util.spec_from_file_location(f"{module}_as_installed", found.__file__)
    assert spec is not None
    assert spec.loader is not None
    copy = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(copy)
    return copy


def aliases(plugin: Any) -> bool:
    """Whether what is stored of a weight is the weight itself."""
    model, target = nn.Linear(3, 2, bias=False), {"weight": ParamData("weight", torch.Size([6]))}
    plugin.extract_weights(model, target, set())
    stored: torch.Tensor = target["weight"].data
    return stored.data_ptr() == model.weight.data_ptr()


def test_avalanches_si_still_keeps_views_of_the_weights() -> None:
    assert aliases(stock("avalanche.training.plugins.synaptic_intelligence").SynapticIntelligencePlugin)


def test_si_keeps_copies_and_penalises() -> None:
    assert not aliases(SynapticIntelligencePlugin)
    plugin = SynapticIntelligencePlugin(1.0)
    trained(plugin)
    assert all(data.data.abs().sum() > 0 for data in plugin.syn_data["trajectory"].values())
    assert all(data.data.abs().sum() > 0 for data in plugin.ewc_data[1].values())


def followed(plugin: Any, movements: torch.Tensor, gradients: torch.Tensor) -> torch.Tensor:
    """The path integral of a weight (n,) over steps of the given movements and gradients (steps, n)."""
    model = nn.Linear(movements.shape[1], 1, bias=False)
    parts = ("old_theta", "new_theta", "grad", "trajectory")
    synapse = {part: {"weight": ParamData("weight", torch.Size([movements.shape[1]]))} for part in parts}
    with torch.no_grad():
        for movement, gradient in zip(movements, gradients, strict=True):
            plugin.pre_update(model, synapse, set())
            model.weight.grad = gradient[None]
            model.weight += movement
            plugin.post_update(model, synapse, set())
    path: torch.Tensor = synapse["trajectory"]["weight"].data
    return path


def test_si_integrates_gradient_times_movement() -> None:
    """One parameter, two steps, by hand."""
    path = followed(SynapticIntelligencePlugin, torch.tensor([[-0.5], [0.25]]), torch.tensor([[2.0], [1.0]]))
    assert path.item() == pytest.approx(2.0 * -0.5 + 1.0 * 0.25)


def test_si_follows_the_path_bit_for_bit_as_avalanche_would_with_copies() -> None:
    avalanche = stock("avalanche.training.plugins.synaptic_intelligence").SynapticIntelligencePlugin
    avalanche.extract_weights = staticmethod(SynapticIntelligencePlugin.extract_weights)
    paths = []
    for plugin in (avalanche, SynapticIntelligencePlugin):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            paths.append(followed(plugin, torch.randn(5, 100), torch.randn(5, 100)))
    assert paths[0].count_nonzero() == 100
    assert torch.equal(*paths)


def test_avalanche_still_indexes_with_a_list_of_slices() -> None:
    grown = stock("avalanche.training.utils").ParamData("w", torch.Size([2, 3]))
    with pytest.raises((UserWarning, TypeError, IndexError, ValueError)):  # a warning is an error in these tests
        grown.expand(torch.Size([4, 3]))


def test_what_is_stored_of_a_parameter_grows_with_zeros() -> None:
    stored = ParamData("w", torch.Size([2, 3]), init_tensor=torch.arange(6.0).view(2, 3))
    same = stored.expand(torch.Size([2, 3]))
    assert same is stored.data
    grown = stored.expand(torch.Size([4, 3]))
    assert grown.tolist() == [[0, 1, 2], [3, 4, 5], [0, 0, 0], [0, 0, 0]]
    assert stored.shape == (4, 3)


@pytest.mark.skipif("quadprog" in qpsolvers.available_solvers, reason="quadprog is installed")
def test_avalanches_gem_still_comes_without_a_solver() -> None:
    plugin = AvalancheGEM(4, 0.5)
    plugin.G = -torch.eye(2)
    with pytest.raises(qpsolvers.exceptions.SolverNotFound):
        plugin.solve_quadprog(torch.ones(2))


@settings(max_examples=60, deadline=None)
@given(
    experiences=st.integers(1, 5),
    size=st.integers(5, 40),
    margin=st.floats(0.0, 1.0),
    seed=st.integers(0, 10_000),
)
def test_gem_solves_its_problem(experiences: int, size: int, margin: float, seed: int) -> None:
    """The conditions of Karush, Kuhn and Tucker hold: there is one solution, and this is it."""
    generator = torch.Generator().manual_seed(seed)
    plugin = GEMPlugin(4, margin)
    plugin.G = torch.randn(experiences, size, generator=generator, dtype=torch.float64)
    g = torch.randn(size, generator=generator, dtype=torch.float64)
    moved = (plugin.solve_quadprog(g) - g).numpy()
    references = plugin.G.numpy()
    v, *_ = np.linalg.lstsq(references.T, moved, rcond=None)
    slope = (references @ references.T + 1e-3 * np.eye(experiences)) @ v + references @ g.numpy()
    assert (v >= margin - 1e-6).all()
    assert (slope >= -1e-6).all()
    assert np.abs((v - margin) * slope).max() <= 1e-6


def test_avalanches_agem_still_fails_with_more_experiences_than_samples() -> None:
    with pytest.raises(ValueError, match="batch_size"):
        trained(AvalancheAGEM(4, 2), experiences=4)


def test_agem_takes_a_sample_of_each_experience_at_least() -> None:
    plugin = AGEMPlugin(4, 2)
    trained(plugin, experiences=4)
    assert len(plugin.buffers) == 4
    assert len(plugin.sample_from_memory()[1]) == 4


def test_agem_draws_as_many_samples_of_each_experience_anew() -> None:
    plugin = AGEMPlugin(10, 12)
    trained(plugin, experiences=3)
    drawn = [plugin.sample_from_memory() for _ in range(20)]
    for _, y, _ in drawn:
        assert y.shape == (12,)
        assert [int((y // 2 == k).sum()) for k in (0, 1)] == [8, 4]  # the first and third share their classes
    first, second, *_ = ({tuple(x.flatten().tolist()) for x in batch[0]} for batch in drawn)
    assert first != second
    assert all(len({tuple(x.flatten().tolist()) for x in batch[0]}) == 12 for batch in drawn)


def test_avalanches_gdumb_still_warns() -> None:
    with pytest.warns(DeprecationWarning, match="pre_adapt and post_adapt"):
        trained(AvalancheGDumb(mem_size=8))


def test_gdumb_does_what_avalanches_does() -> None:
    mended = trained(GDumbPlugin(mem_size=8))
    with pytest.warns(DeprecationWarning, match="pre_adapt"):
        theirs = trained(AvalancheGDumb(mem_size=8))
    for name, value in theirs.learner.state_dict().items():
        assert torch.equal(value, mended.learner.state_dict()[name])


def kept(make: Any, experiences: int, places: int = 4) -> list[int]:
    """Which of so many experiences of 8 samples each are in the buffer in the end; a sample tells its own."""
    x, y = torch.arange(float(experiences)).view(-1, 1, 1, 1, 1).expand(-1, 8, *SHAPE), torch.arange(8) % 2
    made = tuple(Experience(all_rows(own, y), all_rows(own, y), (0, 1)) for own in x)
    buffer = make(places)
    for (piece,) in avalanche_train_stream(Stream(made, ((0, 1),) * experiences, "made-up")):
        buffer.post_adapt(None, piece)
    assert len(buffer.buffer) == places
    return sorted(int(x.flatten()[0]) for x, *_ in buffer.buffer)


def test_avalanches_balanced_buffer_still_keeps_only_the_first_experiences() -> None:
    assert kept(AvalancheBuffer, 12) == [0, 1, 2, 3]


def test_a_balanced_buffer_has_room_for_any_experience() -> None:
    """Each of 12 has one of 4 places in a third of 300 draws; the deviation of such a count is 8.2."""
    with reproducible(0):
        assert kept(ExperienceBalancedBuffer, 4) == [0, 1, 2, 3]
        found = torch.tensor([kept(ExperienceBalancedBuffer, 12) for _ in range(300)])
    assert all(len(set(row)) == 4 for row in found.tolist())
    assert (found.flatten().bincount(minlength=12) - 100).abs().max() < 33


def classes_kept(make: Any, classes: int) -> list[int]:
    """Which classes are in a buffer of 3 places, after experiences of two new classes each and the first two again."""
    pairs = [(c, c + 1) for c in range(0, classes, 2)] + [(0, 1)]
    made = [all_rows(torch.zeros(8, 1), torch.tensor(pair).repeat(4)) for pair in pairs]
    stream = Stream(tuple(Experience(m, m, p) for m, p in zip(made, pairs, strict=True)), tuple(pairs), "made-up")
    buffer = make(3)
    for (piece,) in avalanche_train_stream(stream):
        buffer.post_adapt(None, piece)
    assert len(buffer.buffer) == 3
    return sorted(buffer.buffer.targets)


def test_avalanches_class_balanced_buffer_still_keeps_only_the_first_classes() -> None:
    assert classes_kept(AvalancheClassBuffer, 6) == [0, 1, 2]


def test_a_class_balanced_buffer_has_room_for_any_class() -> None:
    """Each of 6 has one of 3 places in half of 200 draws; the deviation of such a count is 7.1."""
    with reproducible(0):
        assert classes_kept(ClassBalancedBuffer, 2) in ([0, 0, 1], [0, 1, 1])
        found = torch.tensor([classes_kept(ClassBalancedBuffer, 6) for _ in range(200)])
    assert all(len(set(row)) == 3 for row in found.tolist())
    assert (found.flatten().bincount(minlength=6) - 100).abs().max() < 28


def pieces_of(n: int, piece: int) -> list[Any]:
    """One experience of n samples of two classes in its pieces; a sample is its own number."""
    y = torch.arange(n) % 2
    train = all_rows(torch.arange(float(n)).view(n, 1), y)
    (pieces,) = avalanche_train_stream(Stream((Experience(train, train, (0, 1), piece=piece),), ((0, 1),), "made-up"))
    return pieces


def test_a_balanced_buffer_holds_what_avalanches_does_in_its_order() -> None:
    held = []
    for make in (AvalancheBuffer, ExperienceBalancedBuffer):
        with reproducible(0):
            buffer = make(20)
            for piece in pieces_of(60, 4):
                buffer.post_adapt(None, piece)
        held.append([(float(x), y, task) for x, y, task in buffer.buffer])
    assert len(held[0]) == 20
    assert held[0] == held[1]


def test_a_piece_takes_no_longer_the_more_there_were_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Data sets made and sources looked into for a look at a buffer that has not dropped a sample yet."""
    made: list[int] = []
    make = TensorDataset.__init__

    def counted(self: TensorDataset, *args: Any, **options: Any) -> None:
        made[-1] += 1
        make(self, *args, **options)

    buffer = ExperienceBalancedBuffer(80)
    pieces = pieces_of(60, 2)
    monkeypatch.setattr(TensorDataset, "__init__", counted)
    for n, piece in enumerate(pieces):
        made.append(0)
        buffer.post_adapt(None, piece)
        assert len(buffer.buffer) == 2 * (n + 1)
        assert len(buffer.buffer._index.sources) == 1
    assert len(set(made[1:])) == 1
    assert len({piece.dataset._index.sources for piece in pieces}) == 1
