"""The built-in strategies: one entry each, with Avalanche's own plugins behind it wherever it has them."""

from __future__ import annotations

from collections.abc import Iterable

from ffcl import Parameters, StrategySpec, hookimpl
from ffcl.specs import Need

GRADIENT: frozenset[Need] = frozenset({"gradient"})
SCORES: frozenset[Need] = frozenset({"gradient", "scores"})


@hookimpl
def ffcl_strategies() -> Iterable[StrategySpec]:
    """Offer every strategy of this package."""
    from ffcl_strategies import parameters as p

    build = "ffcl_strategies.build:{}".format
    yield StrategySpec("none", "nothing against forgetting", Parameters, build("none"), default=True)

    yield StrategySpec("replay", "stored samples of past experiences in every batch", p.Replay, build("replay"))
    yield StrategySpec(
        "er-ace", "replay; new samples compete with new classes only", p.ErAce, build("er_ace"), needs=GRADIENT
    )
    yield StrategySpec("der", "replay, and stored samples keep their former scores", p.Der, build("der"), needs=SCORES)
    yield StrategySpec("gdumb", "learn anew from a class-balanced buffer alone", p.GDumb, build("gdumb"))
    yield StrategySpec(
        "nearest-mean",
        "replay of herded samples; classified by the nearest mean of their features",
        p.NearestMean,
        build("nearest_mean"),
        needs=frozenset({"features"}),
    )

    yield StrategySpec("ewc", "a penalty on moving weights of large Fisher information", p.EWC, build("ewc"), GRADIENT)
    yield StrategySpec("si", "a penalty on moving weights that lowered the loss", p.SI, build("si"), GRADIENT)
    yield StrategySpec("mas", "a penalty on moving weights that the scores depend on", p.MAS, build("mas"), SCORES)
    yield StrategySpec(
        "lwf",
        "the scores of known classes stay as they were",
        p.LwF,
        build("lwf"),
        needs=SCORES,
        scored=True,
    )

    yield StrategySpec("gem", "no step that raises the loss on any past experience", p.GEM, build("gem"), GRADIENT)
    yield StrategySpec("agem", "no step that raises the mean loss on the past", p.AGEM, build("agem"), GRADIENT)

    yield StrategySpec(
        "cumulative", "a bound: goes on learning from all experiences so far", Parameters, build("cumulative")
    )
    yield StrategySpec("joint", "a bound: learns anew from all experiences so far", Parameters, build("joint"))
