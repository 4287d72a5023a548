"""Hyper-parameters of the class-wise Oja learner."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from optuna.distributions import FloatDistribution, IntDistribution

from ffcl import UNTUNED, OnlyIf, Parameters

RECURSIVE, SCALAR = OnlyIf("gain", "recursive"), OnlyIf("gain", "scalar")
CONV = OnlyIf("features", "conv")


@dataclass(frozen=True, kw_only=True)
class OjaHyperparameters(Parameters):
    """What the neurons see, how many there are, how their steps shrink, and the convolutional front-end."""

    neurons: Annotated[
        int, IntDistribution(1, 1024, log=True), "neurons a class; fewer than there are features", UNTUNED
    ] = 20
    gain: Annotated[
        Literal["recursive", "scalar"], "steps by recursive least squares (PAST), or Oja's own: one number a sample"
    ] = "recursive"
    prior: Annotated[
        float, FloatDistribution(1e-3, 1e3, log=True), "energy each neuron starts as having seen", RECURSIVE
    ] = 1.0
    recency: Annotated[float, FloatDistribution(0.0, 1.0), "sample n weighs as n to this power", RECURSIVE] = 1.0
    step: Annotated[
        float, FloatDistribution(1e-3, 1.0, log=True), "first step size, for inputs of energy 1", SCALAR
    ] = 0.25
    decay_samples: Annotated[
        float, FloatDistribution(1.0, 1e6, log=True), "samples of a class at which the step has halved", SCALAR
    ] = 1000.0
    encoding: Annotated[Literal["analog", "spikes"], "the input as it is, or as spike counts", UNTUNED] = "analog"
    steps: Annotated[
        int, IntDistribution(1, 256), "time steps a sample is shown", UNTUNED, OnlyIf("encoding", "spikes")
    ] = 16
    features: Annotated[
        Literal["pixels", "conv"], "the input itself, or Hebbian filters learned at the start", UNTUNED
    ] = "pixels"
    filters: Annotated[int, IntDistribution(1, 256), "number of filters", UNTUNED, CONV] = 16
    filter_size: Annotated[int, IntDistribution(2, 15), "side of a filter in pixels", UNTUNED, CONV] = 7
    filter_samples: Annotated[
        int,
        IntDistribution(1, 100_000, log=True),
        "first samples of the stream, which the filters learn from",
        UNTUNED,
        CONV,
    ] = 256
    pool: Annotated[
        int, IntDistribution(1, 28), "side of the pooling windows, which overlap by half", UNTUNED, CONV
    ] = 6
