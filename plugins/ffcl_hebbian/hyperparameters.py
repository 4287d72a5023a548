"""Hyper-parameters of the spiking Hebbian learner."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from optuna.distributions import FloatDistribution, IntDistribution

from ffcl.errors import UsageError
from ffcl.parameters import UNTUNED, OnlyIf
from ffcl.rules.parameters import SIGMOID, LabelNetworkParameters

BERNOULLI = OnlyIf("encoding", "bernoulli")


@dataclass(frozen=True, kw_only=True)
class HebbianHyperparameters(LabelNetworkParameters):
    """Those of every network that is shown a label, its neurons, and how they are driven."""

    steps: Annotated[int, IntDistribution(1, 1024), "time steps a sample is shown", UNTUNED] = 16
    leak: Annotated[float, FloatDistribution(0.0, 0.999), "share of the membrane potential kept a step"] = 0.95
    threshold: Annotated[  # the unit of initial_scale and lr
        float, FloatDistribution(0.01, 10.0, log=True), "potential at which a neuron fires", UNTUNED
    ] = 0.2
    gain: Annotated[  # the unit of goodness, and so of theta and 1 / alpha, as its square
        float, FloatDistribution(0.1, 100.0, log=True), "trace of a neuron that fires every step", UNTUNED
    ] = 4.0
    encoding: Annotated[
        Literal["current", "bernoulli"], "input as a constant current, or as random spikes drawn every step", UNTUNED
    ] = "current"
    intensity: Annotated[float, FloatDistribution(0.01, 1.0), "spikes a step of an input of 1", UNTUNED, BERNOULLI] = (
        0.25
    )
    settling: Annotated[int, IntDistribution(0, 1023), "steps before the first update", UNTUNED, BERNOULLI] = 8
    eligibility: Annotated[
        float,
        FloatDistribution(0.0, 0.999),
        "share of an eligibility trace kept a step",
        UNTUNED,
        BERNOULLI,
    ] = 0.0
    rate_penalty: Annotated[  # buys fewer spikes with accuracy: a budget
        float,
        FloatDistribution(0.0, 10.0),
        "weight of the mean goodness in the loss: the higher, the fewer spikes",
        UNTUNED,
    ] = 0.0
    alpha: Annotated[float, FloatDistribution(1e-3, 10.0, log=True), "slope of the probability", SIGMOID] = 0.05
    code_amplitude: Annotated[float, FloatDistribution(0.1, 100.0, log=True), "input of a bit that is on"] = 3.0

    def check_together(self) -> None:
        """Spikes of some steps must be left to learn from."""
        if self.encoding == "bernoulli" and self.settling >= self.steps:
            raise UsageError(f"hebbian.settling ({self.settling}) must be less than hebbian.steps ({self.steps}).")
