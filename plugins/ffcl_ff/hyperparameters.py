"""Hyper-parameters of Forward-Forward."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from optuna.distributions import IntDistribution

from ffcl.parameters import UNTUNED
from ffcl.rules.parameters import LabelNetworkParameters


@dataclass(frozen=True, kw_only=True)
class FFHyperparameters(LabelNetworkParameters):
    """Those of every network that is shown a label."""

    layers: Annotated[int, IntDistribution(1, 8), "layers", UNTUNED] = 2
