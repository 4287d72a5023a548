"""From a strategy's hyper-parameters to the Avalanche plugins that do it."""

from __future__ import annotations

from typing import Any

from ffcl import Parameters
from ffcl.avalanche_mends import ReplayPlugin
from ffcl_strategies.parameters import Replay


def none(parameters: Parameters) -> list[Any]:
    """No plugin."""
    return []


def replay(parameters: Replay) -> list[Any]:
    """Each batch of new samples is joined by as many from the buffer."""
    return [ReplayPlugin(mem_size=parameters.buffer)]
