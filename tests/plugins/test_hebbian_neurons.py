"""Spiking neurons: by hand, simulated, and looked up in a table."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from ffcl.configuration import Run
from ffcl.execute import build_stream
from ffcl.randomness import reproducible
from ffcl.registry import installed
from ffcl_hebbian.hyperparameters import HebbianHyperparameters
from ffcl_hebbian.learner import Hebbian
from ffcl_hebbian.neurons import Response, _cells, firing_rates, lif_parameters, spike_trains


def test_a_neuron_by_hand_over_ten_steps() -> None:
    """Leak 0.5, threshold 0.6, current 1: v <- (v + 1) / 2, a spike above 0.6 takes 0.6 away.

    v before the spike: .5 | .75 | .575 | .7875 | .59375 | .796875 | .5984375 | .79921875 | .599609375 | .7998046875.
    """
    currents = iter([torch.tensor([[1.0]])] * 10)
    spikes = [fired.item() for (fired,) in spike_trains(currents, [], lif_parameters(leak=0.5, threshold=0.6))]
    assert spikes == [0, 1, 0, 1, 0, 1, 0, 1, 0, 1]


def test_a_neuron_below_threshold_is_silent_and_one_far_above_always_fires() -> None:
    (rate,) = firing_rates(torch.tensor([[0.59, 100.0, -1.0]]), [], 20, lif_parameters(leak=0.85, threshold=0.6))
    assert rate.tolist() == [[0.0, 1.0, 0.0]]


def test_the_second_layer_is_driven_spike_by_spike() -> None:
    """The layer above fires once it has seen a spike, not before."""
    neurons = lif_parameters(leak=0.5, threshold=0.6)
    rates = firing_rates(torch.tensor([[1.0]]), [lambda spikes: 2.0 * spikes], 2, neurons)
    assert [rate.item() for rate in rates] == [0.5, 0.5]
    rates = firing_rates(torch.tensor([[1.0]]), [lambda spikes: 2.0 * spikes], 1, neurons)
    assert [rate.item() for rate in rates] == [0.0, 0.0]


@settings(deadline=None, max_examples=20)
@given(st.integers(1, 40), st.floats(0.0, 0.99), st.floats(0.05, 2.0), st.integers(0, 1000))
def test_the_table_answers_as_the_simulation_does(steps: int, leak: float, threshold: float, seed: int) -> None:
    """Bit for bit, in bfloat16 and in float32, with currents near the edges and far out."""
    neurons = lif_parameters(leak, threshold)
    response = Response(neurons, steps)
    current = 3 * threshold * torch.randn(200, 5, generator=torch.Generator().manual_seed(seed))
    current[0] = torch.tensor([0.0, -1e30, 1e20, threshold, threshold / (1 - leak)])
    for dtype in (torch.float32, torch.bfloat16):
        (simulated,) = firing_rates(current.to(dtype).float(), [], steps, neurons)
        assert torch.equal(response.rate(current.to(dtype)), simulated.to(dtype))


@pytest.mark.parametrize("steps", [4, 16, 64, 200])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_table_is_exact_at_every_edge(steps: int, dtype: torch.dtype) -> None:
    """At each least current that makes one more spike, and at the floats next to it."""
    neurons = lif_parameters(0.95, 0.2)
    response = Response(neurons, steps)
    response.rate(torch.zeros(1, dtype=dtype))
    edges = response._edges[dtype]
    lower, upper = (torch.nextafter(edges, torch.full_like(edges, far)) for far in (-torch.inf, torch.inf))
    current = torch.cat([edges, lower, upper])
    (simulated,) = firing_rates(current, [], steps, neurons)
    assert torch.equal(response.rate(current), simulated)
    assert torch.equal((response.rate(edges) * steps).round(), torch.arange(1, steps + 1).to(edges))


def test_a_staircase_with_two_edges_in_a_cell_is_searched() -> None:
    close = torch.tensor([1.0, 1.0001, 2.0])
    assert _cells(close, 3) is None
    assert _cells(torch.tensor([1.0, 1.5, 2.0]), 3) is not None


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_the_table_hides_no_current_that_is_not_a_number(dtype: torch.dtype) -> None:
    current = torch.tensor([float("nan"), float("inf"), -float("inf"), 1.0], dtype=dtype)
    rate = Response(lif_parameters(0.85, 0.45), 16).rate(current)
    assert rate.isnan().tolist() == [True, True, True, False]


def test_the_table_takes_any_layout() -> None:
    response = Response(lif_parameters(0.85, 0.45), 16)
    current = torch.randn(6, 4).bfloat16()
    assert torch.equal(response.rate(current.T), response.rate(current.T.contiguous()))


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_decisions_on_mnist_are_those_of_the_simulation(
    precision: str, mnist_root: Path, monkeypatch: pytest.MonkeyPatch, run_of: Callable[..., Run]
) -> None:
    """All 10,000 test images under all ten labels: looked up, and in 16 steps of Norse's neuron."""
    run = run_of("hebbian", "none", "joint-mnist", hebbian__precision=precision)
    with reproducible(0):
        stream = build_stream(run, installed(), mnist_root)
        hebbian = Hebbian((1, 28, 28), HebbianHyperparameters.from_mapping(run.learner.settings, "hebbian"))
        experience = stream.experiences[0]
        hebbian.begin_experience(experience.classes)
        optimizer = hebbian.optimizer()
        for index in torch.arange(6400).split(64):
            optimizer.zero_grad()
            hebbian.loss(experience.train.inputs(index), experience.train.y[index], None).backward()
            optimizer.step()
        x = experience.test.inputs(torch.arange(len(experience.test)))
        looked_up = hebbian(x)

        def simulated(current: Tensor) -> Tensor:
            (rate,) = firing_rates(current.float(), [], hebbian.hyperparameters.steps, hebbian.neurons)
            return rate.to(current)

        monkeypatch.setattr(hebbian.response, "rate", simulated)
        stepped = hebbian(x)
    assert torch.equal(looked_up, stepped)
    assert (looked_up.argmax(1) == experience.test.y).float().mean() > 0.85
