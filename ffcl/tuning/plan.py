"""The runs that evaluate what has been tuned: the tuned settings and the defaults, paired by seed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ffcl.configuration import Component, Run, own_settings
from ffcl.errors import UsageError, unknown_name
from ffcl.parameters import Parameters
from ffcl.plan import Plan, component, make_plan
from ffcl.refusals import Refusal
from ffcl.registry import Offer, Registry
from ffcl.tuning.changes import changes_since
from ffcl.tuning.protocols import DEFAULT, PROTOCOLS
from ffcl.tuning.tuned import Tuned


def plan_tuned(
    registry: Registry,
    found: Sequence[Tuned],
    learners: Sequence[str],
    strategies: Sequence[str],
    scenarios: Sequence[str],
    seeds: Iterable[int],
    protocol: str,
    problems: Sequence[str] = (),
) -> Plan:
    """The plan that evaluates learners x strategies x scenarios as they were tuned under a protocol.

    Args:
        registry: where the names are looked up.
        found: what has been tuned, the latest last.
        learners: names of learners; ``"all"`` for all that are installed.
        strategies: names of strategies; likewise.
        scenarios: names of scenarios or paths of TOML files.
        seeds: the seeds.
        protocol: the protocol.
        problems: what could not be read, to be said if something is missing.

    Raises:
        UsageError: an unknown name, or something has not been tuned.
    """
    if protocol not in PROTOCOLS:
        raise unknown_name("protocol", protocol, PROTOCOLS)
    grid = make_plan(registry, learners, strategies, scenarios, [0])
    by_cell, unusable = _by_cell(registry, [tuned for tuned in found if tuned.tuning.protocol == protocol])
    if missing := [run.cell for run in grid.runs if run.cell not in by_cell]:
        learner, strategy, name = missing[0]
        scenario = next(given for given in scenarios if registry.scenario(given).item.name == name)
        problems = [*problems, *(unusable[cell] for cell in missing if cell in unusable)]
        raise UsageError(
            f"Not tuned under the protocol {protocol}: {', '.join(' · '.join(cell) for cell in missing)}. "
            f"Tune with, for example, `ffcl tune {learner} --strategy {strategy} --scenario {scenario}"
            f"{'' if protocol == DEFAULT else f' --protocol {protocol}'}`; `ffcl tuned` lists what has been tuned."
            + "".join(f" {problem}" for problem in problems)
        )
    return evaluation_of(registry, [by_cell[run.cell] for run in grid.runs], seeds, grid.refused)


def evaluation_of(
    registry: Registry, tuned: Sequence[Tuned], seeds: Iterable[int], refused: tuple[Refusal, ...] = ()
) -> Plan:
    """The plan that evaluates these, with a notice of what has changed since they were tuned.

    Raises:
        UsageError: a name or a setting that is not known here.
    """
    return Plan(runs_of(registry, tuned, seeds), refused, tuple(changes_since(registry, tuned)))


def _by_cell(
    registry: Registry, found: Iterable[Tuned]
) -> tuple[dict[tuple[str, str, str], Tuned], dict[tuple[str, str, str], str]]:
    """By learner, strategy and scenario the latest, and why another one is left out whose scenario is gone."""
    by_cell, unusable = {}, {}
    for tuned in found:
        try:
            name = registry.scenario(tuned.scenario).item.name
        except UsageError as error:  # its file was moved, or its plugin is not installed here
            name = Path(tuned.scenario).stem  # scenarios are called like their files
            unusable[tuned.learner, tuned.strategy, name] = f"The study {tuned.tuning.study} is left out: {error}"
        else:
            by_cell[tuned.learner, tuned.strategy, name] = tuned
    return by_cell, unusable


def runs_of(registry: Registry, tuned: Sequence[Tuned], seeds: Iterable[int]) -> tuple[Run, ...]:
    """For each seed and each of these, the run of the default settings and that of the tuned ones, each run once.

    Several of one study have the same defaults.

    Raises:
        UsageError: a name or a setting that is not known here.
    """
    registry.check()
    pairs = [pair for one in tuned for pair in _pair(registry, one)]
    runs = (Run(*parts, seed, version("ffcl"), tuning) for seed in seeds for parts, tuning in pairs)
    return tuple({run.key: run for run in runs}.values())


def _pair(registry: Registry, tuned: Tuned) -> list[tuple[tuple[Component, Component, Component], Any]]:
    chosen = registry.scenario(tuned.scenario)
    scenario = chosen.item.with_changes(tuned.evaluation)
    stream = component(scenario.name, scenario.to_mapping(), registry.streams[scenario.spec.name])
    learner = registry.get("learner", tuned.learner, registry.learners)
    strategy = registry.get("strategy", tuned.strategy, registry.strategies)
    pair = []
    for settings, tuning in (({**tuned.settings, **tuned.tuning.defaults}, None), (tuned.settings, tuned.tuning)):
        parts = (_with(learner, settings), _with(strategy, settings), stream)
        pair.append((parts, tuning))
    return pair


def _with(offer: Offer[Any], settings: Mapping[str, Any]) -> Component:
    name = offer.item.name
    parameters: Parameters = offer.item.hyperparameters.from_mapping(own_settings(name, settings), name)
    return component(name, parameters.to_mapping(), offer)
