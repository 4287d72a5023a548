"""Hyper-parameters of Forward-Forward."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from optuna.distributions import IntDistribution

from ffcl.parameters import UNTUNED
from ffcl.rules.parameters import LabelNetworkParameters


@dataclass(frozen=True, kw_only=True)
class FFHyperparameters(LabelNetworkParameters):
    """Those of every network that is shown a label, and what its neurons are."""

    layers: Annotated[int, IntDistribution(1, 8), "layers", UNTUNED] = 2
    activation: Annotated[  # the sigmoid belongs to a published layer, as do its winners
        Literal["relu", "sigmoid"], "what a neuron makes of its input; outputs of sigmoids go up unscaled", UNTUNED
    ] = "relu"
    winners: Annotated[
        int, IntDistribution(0, 4096), "largest outputs of a group that pass, the others being 0; 0: all pass", UNTUNED
    ] = 0
