"""Hyper-parameters of the spiking Hebbian learner."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from optuna.distributions import FloatDistribution, IntDistribution

from ffcl import Parameters
from ffcl.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class HebbianHyperparameters(Parameters):
    """Size of the network, its neurons, how they are driven, what the modulator is, and the step size."""

    hidden: Annotated[int, IntDistribution(2, 4096, log=True), "neurons a layer"] = 200
    layers: Annotated[int, IntDistribution(1, 8), "layers"] = 1
    lr: Annotated[float, FloatDistribution(1e-5, 1e-1, log=True), "step size of Adam"] = 5e-4
    schedule: Annotated[
        Literal["constant", "cosine"], "course of the step size over an experience; cosine ends at 0"
    ] = "constant"
    steps: Annotated[int, IntDistribution(1, 1024), "time steps a sample is shown"] = 16
    leak: Annotated[float, FloatDistribution(0.0, 0.999), "share of the membrane potential kept a step"] = 0.95
    threshold: Annotated[float, FloatDistribution(0.01, 10.0, log=True), "potential at which a neuron fires"] = 0.2
    gain: Annotated[float, FloatDistribution(0.1, 100.0, log=True), "trace of a neuron that fires every step"] = 4.0
    encoding: Annotated[
        Literal["current", "bernoulli"], "input as a constant current, or as random spikes drawn every step"
    ] = "current"
    intensity: Annotated[
        float, FloatDistribution(0.01, 1.0), "spikes a step of an input of 1, with the encoding bernoulli"
    ] = 0.25
    settling: Annotated[int, IntDistribution(0, 1023), "steps before the first update, with the encoding bernoulli"] = 8
    eligibility: Annotated[
        float, FloatDistribution(0.0, 0.999), "share of an eligibility trace kept a step, with the encoding bernoulli"
    ] = 0.0
    probability: Annotated[
        Literal["sigmoid", "symmetric"], "how goodness becomes the probability that a label is right"
    ] = "sigmoid"
    contrast: Annotated[
        Literal["each", "pair"], "loss of each phase for itself, or of the pair of a right and a wrong label"
    ] = "pair"
    negatives: Annotated[
        Literal["random", "hard"], "wrong labels: any, or the likelier the more the first layer believes them"
    ] = "hard"
    theta: Annotated[float, FloatDistribution(0.0, 1000.0), "threshold of the sigmoid probability"] = 3.5
    alpha: Annotated[float, FloatDistribution(1e-3, 10.0, log=True), "slope of the sigmoid probability"] = 0.05
    epsilon: Annotated[
        float, FloatDistribution(1e-6, 10.0, log=True), "floor of the symmetric probability's two goodnesses"
    ] = 0.1
    rate_penalty: Annotated[
        float, FloatDistribution(0.0, 10.0), "weight of the mean goodness in the loss: the higher, the fewer spikes"
    ] = 0.0
    initial_scale: Annotated[
        float, FloatDistribution(0.01, 10.0, log=True), "deviation of the initial weights, times the root of the inputs"
    ] = 1.0
    normalise_input: Annotated[bool, "scale each input to mean square 1"] = True
    code_bits: Annotated[int, IntDistribution(1, 1000), "bits of a class's label code"] = 100
    code_amplitude: Annotated[float, FloatDistribution(0.1, 100.0, log=True), "input of a bit that is on"] = 3.0
    precision: Annotated[
        Literal["auto", "float32", "bfloat16"], "numbers in matrix products; auto: bfloat16 where it has units"
    ] = "auto"

    def __post_init__(self) -> None:
        if self.encoding == "bernoulli" and self.settling >= self.steps:
            raise UsageError(f"hebbian.settling ({self.settling}) must be less than hebbian.steps ({self.steps}).")
