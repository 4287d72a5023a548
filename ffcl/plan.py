"""The grid of runs: learners x strategies x scenarios x seeds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from itertools import chain, product
from typing import Any, TypeVar

from ffcl.configuration import Component, Run
from ffcl.errors import UsageError, unknown_name
from ffcl.refusals import Refusal
from ffcl.registry import Offer, Registry
from ffcl.scenario import Scenario, scenario_from_mapping

ALL = "all"
"""Stands for every learner, or every strategy, that is installed."""

T = TypeVar("T")


@dataclass(frozen=True)
class Plan:
    """The runs of a grid, the pairs that were refused with the reason, and what else its user should know."""

    runs: tuple[Run, ...]
    refused: tuple[Refusal, ...] = ()
    notices: tuple[str, ...] = ()

    @property
    def pairs(self) -> set[tuple[str, str]]:
        """The pairs of a learner and a strategy that are run."""
        return {(run.learner.name, run.strategy.name) for run in self.runs}


def make_plan(
    registry: Registry,
    learners: Sequence[str],
    strategies: Sequence[str],
    scenarios: Sequence[str],
    seeds: Iterable[int],
    settings: Mapping[str, object] | None = None,
) -> Plan:
    """Cross learners, strategies, scenarios and seeds into a grid of runs.

    Seeds vary slowest, so that an interrupted grid has compared everybody on the first seeds.

    Args:
        registry: where the names are looked up.
        learners: names of learners; ``"all"`` for all that are installed.
        strategies: names of strategies; ``"all"`` for all that are installed.
        scenarios: names of scenarios or paths of TOML files.
        seeds: the seeds.
        settings: changed settings, ``{"name.parameter": value}``; texts are read as the parameter's type.

    Raises:
        UsageError: an unknown name, a setting that does not fit, or nothing left to run.
        PluginError: a name is taken by two plugins.
    """
    registry.check()
    changes = _group(settings or {})
    chosen_learners = [registry.get("learner", n, registry.learners) for n in _every(learners, registry.learners)]
    chosen_strategies = [
        registry.get("strategy", n, registry.strategies) for n in _every(strategies, registry.strategies)
    ]
    chosen_scenarios = [registry.scenario(n) for n in _unique(scenarios)]
    chosen_seeds = _unique(seeds)

    components: dict[str, Component] = {}
    offers: list[Offer[Any]] = [*chosen_learners, *chosen_strategies]
    for offer in offers:
        name = offer.item.name
        hyperparameters = offer.item.hyperparameters.read(changes.pop(name, {}), name)
        components[name] = component(name, hyperparameters.to_mapping(), offer)
    for chosen in chosen_scenarios:
        if chosen.item.name in components:
            raise UsageError(f"Two scenario files are called {chosen.item.name!r}; rename one.")
        scenario = chosen.item.with_changes(changes.pop(chosen.item.name, {}))
        for seed in chosen_seeds:  # a stream that cannot be built complains here
            scenario.outline(seed)
        stream = registry.streams[scenario.spec.name]
        components[scenario.name] = component(scenario.name, scenario.to_mapping(), stream)
    for name in changes:
        raise unknown_name("name to set (it must take part in the run):", name, components)

    pairs, refused = [], []
    for learner, strategy in product(chosen_learners, chosen_strategies):
        if reason := strategy.item.refusal(learner.item):
            refused.append(Refusal(learner.item.name, strategy.item.name, reason))
        else:
            pairs.append((learner.item.name, strategy.item.name))
    if not pairs:
        raise UsageError("Nothing to run: " + "; ".join(map(str, refused)) + ".")
    runs = tuple(
        Run(components[learner], components[strategy], components[scenario.item.name], seed, version("ffcl"))
        for seed, scenario, (learner, strategy) in product(chosen_seeds, chosen_scenarios, pairs)
    )
    return Plan(runs, tuple(refused))


def scenario_of(run: Run, registry: Registry) -> Scenario:
    """The scenario a run describes, independent of any file."""
    settings, name = run.scenario.settings, run.scenario.name
    tables = {**settings, "stream": {"kind": settings["kind"], **settings["stream"]}}
    return scenario_from_mapping(name, "", tables, registry.stream_specs, where=name)


def parts_of(run: Run, registry: Registry) -> list[tuple[Component, Offer[Any] | None]]:
    """Learner, strategy and scenario of a run, with the offer whose code each is; None if it is not installed."""
    kind = str(run.scenario.settings.get("kind"))
    offers: list[Offer[Any] | None] = [
        registry.learners.get(run.learner.name),
        registry.strategies.get(run.strategy.name),
        registry.streams.get(kind),
    ]
    return list(zip(run.parts, offers, strict=True))


def component(name: str, settings: dict[str, Any], offer: Offer[Any]) -> Component:
    """Something that takes part in a run, with the code behind it."""
    return Component(name, settings, offer.plugin.distribution, offer.plugin.version, offer.code)


def _every(names: Sequence[str], known: Iterable[str]) -> list[str]:
    """The names, those that are known in place of ``all``."""
    return _unique(chain.from_iterable(known if name == ALL else [name] for name in names))


def _unique(values: Iterable[T]) -> list[T]:
    return list(dict.fromkeys(values))


def parse_settings(texts: Sequence[str]) -> dict[str, object]:
    """Read settings written ``name.parameter=value``.

    Raises:
        UsageError: one is not written so.
    """
    settings: dict[str, object] = {}
    for text in texts:
        target, equals, value = text.partition("=")
        if not equals:
            raise UsageError(f"A setting is written name.parameter=value, for example ff.hidden=500; got {text!r}.")
        settings[target.strip()] = value.strip()
    return settings


def _group(settings: Mapping[str, object]) -> dict[str, dict[str, object]]:
    grouped: dict[str, dict[str, object]] = {}
    for target, value in settings.items():
        name, _, parameter = target.partition(".")
        if not (name and parameter):
            raise UsageError(f"A setting is called name.parameter, for example ff.hidden; got {target!r}.")
        grouped.setdefault(name, {})[parameter] = value
    return grouped
