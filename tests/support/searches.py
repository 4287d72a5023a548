"""Searches on a landscape known in closed form: nothing is trained."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping
from typing import Any

from optuna.distributions import CategoricalDistribution, FloatDistribution

from ffcl.configuration import Component, Run
from ffcl.tuning.objective import Objective
from ffcl.tuning.search import Outcome, Search, SearchPlan
from ffcl.tuning.space import Space

SPACE = Space(
    {
        "x.lr": FloatDistribution(1e-4, 1.0, log=True),
        "x.keep": FloatDistribution(0.0, 1.0),
        "x.kind": CategoricalDistribution(["a", "b"]),
    },
    {"x.lr": 1e-3, "x.keep": 0.5, "x.kind": "a"},
)


def run_of(settings: Mapping[str, Any], seed: int) -> Run:
    part = Component("x", dict(settings), "d", "1", "c")
    return Run(part, part, part, seed, "0")


def plan(sampler: str = "tpe", objective: str = "AIA", floor: float = 0.0, seeds: int = 5, seed: int = 0) -> SearchPlan:
    first, fresh = range(100, 100 + seeds), range(200, 200 + seeds)
    return SearchPlan(SPACE, Objective(objective, floor), sampler, seed, 4, first, fresh, run_of)


def matrix(final: float, learned: float = 1.0) -> list[list[float]]:
    return [[0.0, 0.0], [learned, 0.0], [final, learned]]


def landscape(run: Run) -> Outcome:
    """Best at lr = 0.01, kind b; seeds differ a little."""
    settings = run.learner.settings
    away = abs(math.log10(settings["x.lr"]) + 2) / 4 + (settings["x.kind"] == "a") / 4
    noise = random.Random(run.seed).uniform(-0.02, 0.02)
    return Outcome(matrix(max(0.0, min(1.0, 0.9 - away + noise))), seconds=1.0)


def carry_out(
    search: Search,
    order: random.Random | None = None,
    stop_after: int | None = None,
    of: Callable[[Run], Outcome] = landscape,
) -> dict[str, Outcome]:
    """Do what the search wants, in any order, as several workers would; return everything that was done."""
    done: dict[str, Outcome] = {}
    waiting = search.wanted()
    while waiting and (stop_after is None or len(done) < stop_after):
        run = waiting.pop(order.randrange(len(waiting)) if order else 0)
        done[run.key] = of(run)
        search.take(run, done[run.key])
        waiting += search.wanted()
    return done


def two_objectives(floor: float) -> Search:
    """The more is kept the less is learned."""

    def outcome(run: Run) -> Outcome:
        keep = run.learner.settings["x.keep"]
        learned = 1 - keep / 2
        return Outcome(matrix(learned * keep, learned), 1.0)

    search = Search(plan(objective="AIA,forgetting", floor=floor), 40)
    carry_out(search, of=outcome)
    return search
