"""Hyper-parameters of the back-propagation baseline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from optuna.distributions import FloatDistribution, IntDistribution

from ffcl import UNTUNED, OnlyIf, Parameters


@dataclass(frozen=True, kw_only=True)
class BPHyperparameters(Parameters):
    """Size of the network and step size."""

    hidden: Annotated[int, IntDistribution(1, 4096, log=True), "units a hidden layer", UNTUNED] = 200
    layers: Annotated[int, IntDistribution(1, 8), "hidden layers", UNTUNED] = 2
    head: Annotated[
        int, IntDistribution(0, 1000), "rows of the head from the start; 0: one with each class that comes", UNTUNED
    ] = 0
    lr: Annotated[float, FloatDistribution(1e-5, 1e-1, log=True), "step size of the optimizer"] = 1e-3
    optimizer: Annotated[Literal["adam", "sgd"], "Adam, or stochastic gradient descent"] = "adam"
    momentum: Annotated[float, FloatDistribution(0.0, 0.99), "momentum", OnlyIf("optimizer", "sgd")] = 0.0
    schedule: Annotated[
        Literal["constant", "cosine"], "course of the step size over an experience; cosine ends at 0"
    ] = "constant"
    precision: Annotated[
        Literal["auto", "float32", "bfloat16"], "numbers in matrix products; auto: bfloat16 where it has units", UNTUNED
    ] = "float32"
