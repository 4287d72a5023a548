"""Hyper-parameters of the strategies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from optuna.distributions import IntDistribution

from ffcl import Parameters


@dataclass(frozen=True, kw_only=True)
class Replay(Parameters):
    """Experience replay (Avalanche's ``ReplayPlugin``, a buffer balanced over experiences)."""

    buffer: Annotated[int, IntDistribution(1, 100_000, log=True), "samples stored in all"] = 500
