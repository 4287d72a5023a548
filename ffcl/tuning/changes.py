"""What has changed since settings were tuned: they are run all the same, and the user is told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ffcl.registry import Registry
from ffcl.scenario import flat
from ffcl.tuning.tuned import Tuned


def changes_since(registry: Registry, tuned: Iterable[Tuned]) -> list[str]:
    """A sentence for each change of code, and each edit of a scenario that a tuned evaluation does not follow.

    Of files that do not say what they were tuned with, nothing is said.

    Args:
        registry: what is installed.
        tuned: the settings, whose names are known here.
    """
    lines = (line for one in tuned for line in (*_edited_scenario(registry, one), *_edited_code(registry, one)))
    return list(dict.fromkeys(lines))


def _edited_code(registry: Registry, tuned: Tuned) -> Iterator[str]:
    kind = registry.scenario(tuned.scenario).item.spec.name
    today = {
        "learner": registry.learners[tuned.learner].code,
        "strategy": registry.strategies[tuned.strategy].code,
        "stream": registry.streams[kind].code,
    }
    if edited := [part for part, code in tuned.code.items() if part in today and code != today[part]]:
        yield (
            f"{tuned.learner} · {tuned.strategy} · {tuned.scenario} was tuned with other code of its "
            f"{' and its '.join(edited)}; `ffcl tune` finds settings for today's."
        )


def _edited_scenario(registry: Registry, tuned: Tuned) -> Iterator[str]:
    """What the scenario says otherwise now, where the tuned evaluation has what it said then."""
    scenario = registry.scenario(tuned.scenario).item
    now, then = flat(scenario.to_mapping()), tuned.defined
    kept = [name for name in then if name in now and tuned.evaluation.get(name) == then[name] != now[name]]
    if kept:
        differences = ", ".join(f"{name} {then[name]} (now {now[name]})" for name in kept)
        yield (
            f"{scenario.name} has changed since it was tuned on, and is run as it was: {differences}. `ffcl tune` "
            "tunes on what it is now."
        )
