"""Hyper-parameters that rules share; imports no torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from optuna.distributions import FloatDistribution, IntDistribution

from ffcl.parameters import UNTUNED, OnlyIf, Parameters

SIGMOID = OnlyIf("probability", "sigmoid")


@dataclass(frozen=True, kw_only=True)
class LabelNetworkParameters(Parameters):
    """Size of the network, what is shown to it, what its layers' losses are, and the step size.

    A learner's own class overrides the defaults that do not suit it.
    """

    hidden: Annotated[int, IntDistribution(2, 4096, log=True), "neurons a layer", UNTUNED] = 200
    layers: Annotated[int, IntDistribution(1, 8), "layers", UNTUNED] = 1
    lr: Annotated[float, FloatDistribution(1e-5, 1e-1, log=True), "step size of Adam"] = 5e-4
    schedule: Annotated[
        Literal["constant", "cosine"], "course of the step size over an experience; cosine ends at 0"
    ] = "constant"
    probability: Annotated[
        Literal["sigmoid", "symmetric"], "how goodness becomes the probability that a label is right"
    ] = "sigmoid"
    contrast: Annotated[
        Literal["each", "pair"], "loss of each phase for itself, or of the pair of a right and a wrong label"
    ] = "pair"
    negatives: Annotated[
        Literal["random", "hard"], "wrong labels: any, or the likelier the more the first layer believes them"
    ] = "hard"
    theta: Annotated[
        float,
        FloatDistribution(0.1, 1000.0, log=True),
        "threshold of the probability; in a pair it cancels out",
        SIGMOID,
        OnlyIf("contrast", "each"),
    ] = 3.5
    alpha: Annotated[float, FloatDistribution(1e-3, 10.0, log=True), "slope of the probability", SIGMOID] = 0.1
    epsilon: Annotated[
        float,
        FloatDistribution(1e-6, 10.0, log=True),
        "floor of the two goodnesses",
        OnlyIf("probability", "symmetric"),
    ] = 0.1
    initial_scale: Annotated[
        float, FloatDistribution(0.01, 10.0, log=True), "deviation of the initial weights, times the root of the inputs"
    ] = 1.0
    normalise_input: Annotated[bool, "scale each input to mean square 1"] = True
    code_bits: Annotated[int, IntDistribution(1, 1000), "bits of a class's label code", UNTUNED] = 100
    code_amplitude: Annotated[float, FloatDistribution(0.1, 100.0, log=True), "input of a bit that is on"] = 1.0
    precision: Annotated[
        Literal["auto", "float32", "bfloat16"], "numbers in matrix products; auto: bfloat16 where it has units", UNTUNED
    ] = "auto"
