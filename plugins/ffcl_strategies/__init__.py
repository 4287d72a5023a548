"""The built-in strategies: one entry each, with Avalanche's own plugins behind it."""

from __future__ import annotations

from collections.abc import Iterable

from ffcl import Parameters, StrategySpec, hookimpl


@hookimpl
def ffcl_strategies() -> Iterable[StrategySpec]:
    """Offer ``none`` and ``replay``."""
    from ffcl_strategies.parameters import Replay

    yield StrategySpec("none", "nothing against forgetting", Parameters, "ffcl_strategies.plugins:none", default=True)
    yield StrategySpec(
        "replay",
        "stored samples of past experiences in every batch",
        Replay,
        "ffcl_strategies.plugins:replay",
    )
