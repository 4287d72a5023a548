"""Hyper-parameters of Forward-Forward."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from optuna.distributions import FloatDistribution, IntDistribution

from ffcl import Parameters


@dataclass(frozen=True, kw_only=True)
class FFHyperparameters(Parameters):
    """Size of the network, form of the goodness probability, label code and step size."""

    hidden: Annotated[int, IntDistribution(2, 4096, log=True), "units a layer"] = 200
    layers: Annotated[int, IntDistribution(1, 8), "layers"] = 2
    lr: Annotated[float, FloatDistribution(1e-5, 1e-1, log=True), "step size of Adam"] = 1e-3
    probability: Annotated[
        Literal["sigmoid", "symmetric"], "how goodness becomes the probability that a label is right"
    ] = "symmetric"
    theta: Annotated[float, FloatDistribution(0.0, 100.0), "threshold of the sigmoid probability"] = 3.5
    alpha: Annotated[float, FloatDistribution(1e-3, 10.0, log=True), "slope of the sigmoid probability"] = 1.0
    epsilon: Annotated[
        float, FloatDistribution(1e-6, 10.0, log=True), "floor of the symmetric probability's two goodnesses"
    ] = 0.1
    code_bits: Annotated[int, IntDistribution(1, 1000), "bits of a class's label code"] = 100
    code_amplitude: Annotated[float, FloatDistribution(0.1, 100.0, log=True), "value of a bit that is on"] = 1.0
