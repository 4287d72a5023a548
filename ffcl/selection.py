"""What is meant by the names that a user gives: a plan of runs, or a choice of records."""

from __future__ import annotations

import operator
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ffcl.errors import UsageError, unknown_name
from ffcl.plan import Plan, make_plan
from ffcl.records import Record
from ffcl.refusals import Refusal
from ffcl.registry import Registry


def plan_of(
    registry: Registry,
    learners: str | Sequence[str] | None,
    strategies: str | Sequence[str] | None,
    scenarios: str | Path | Sequence[str | Path] | None,
    seeds: int | Iterable[int],
    settings: Mapping[str, object] | None,
    tuned: str | None = None,
    configurations: Sequence[Path] = (),
    results: Path = Path("results"),
) -> Plan:
    """The plan that ``run`` carries out.

    Args:
        registry: where the names are looked up.
        learners: as for `run`.
        strategies: as for `run`.
        scenarios: as for `run`.
        seeds: as for `run`.
        settings: as for `run`.
        tuned: as for `run`.
        configurations: files of tuned settings, which say themselves what is run.
        results: the folder that studies are in.

    Raises:
        UsageError: an unknown name, a setting that does not fit, or what does not go together.
    """
    seeds = _plain_seeds(seeds)
    if configurations:
        if learners or strategies or scenarios or settings or tuned:
            raise UsageError("--configuration says itself what is run: name nothing beside it but --seeds.")
        return _plan_of_files(registry, configurations, seeds)
    names = chosen_names(registry, learners, strategies, scenarios)
    if tuned is None:
        return make_plan(registry, *names, seeds, settings)
    if settings:
        raise UsageError("--tuned runs settings as they were tuned: give --set to `ffcl tune` instead.")
    from ffcl.tuning.plan import plan_tuned
    from ffcl.tuning.tuned import read_all_tuned

    found, problems = read_all_tuned(results)
    return plan_tuned(registry, found, *names, seeds, tuned, problems)


def _plain_seeds(seeds: int | Iterable[int]) -> list[int]:
    """A number n as the seeds 0 to n - 1, or the seeds themselves, as ints of Python: JSON knows none of NumPy's.

    Raises:
        UsageError: it is neither.
    """
    try:
        several = seeds if isinstance(seeds, Iterable) else range(operator.index(seeds))
        return [operator.index(seed) for seed in several]
    except TypeError:
        raise UsageError(f"seeds must be a number such as 10, or integers such as [0, 3]; got {seeds!r}.") from None


def _plan_of_files(registry: Registry, files: Sequence[Path], seeds: Iterable[int]) -> Plan:
    from ffcl.errors import RecordError
    from ffcl.tuning.plan import evaluation_of
    from ffcl.tuning.tuned import read_tuned

    try:
        return evaluation_of(registry, [read_tuned(file) for file in files], seeds)
    except RecordError as error:
        raise UsageError(str(error)) from error


def chosen_names(
    registry: Registry,
    learners: str | Sequence[str] | None,
    strategies: str | Sequence[str] | None,
    scenarios: str | Path | Sequence[str | Path] | None,
) -> tuple[list[str], list[str], list[str]]:
    """The names given, and the defaults where none is."""
    return (
        as_list(learners) or registry.defaults(registry.learners),
        as_list(strategies) or registry.defaults(registry.strategies),
        as_list(scenarios) or registry.defaults(registry.scenarios),
    )


def select(
    records: Sequence[Record],
    learners: Sequence[str],
    strategies: Sequence[str],
    scenarios: Sequence[str],
    results: Path,
) -> list[Record]:
    """Keep the records of these learners, strategies and scenarios; an empty list keeps all.

    Raises:
        UsageError: there are no records, or none of a name asked for.
    """
    if not records:
        raise UsageError(f"There are no records in {results}; `ffcl run` makes some.")
    chosen = list(records)
    for kind, names in (("learner", learners), ("strategy", strategies), ("scenario", scenarios)):
        present = {getattr(r.run, kind).name for r in records}
        for name in names:
            if name not in present:
                raise unknown_name(f"{kind} among the records:", name, present)
        if names:
            chosen = [r for r in chosen if getattr(r.run, kind).name in names]
    if not chosen:
        raise UsageError("No record fits all of these filters.")
    return chosen


@dataclass(frozen=True)
class Part:
    """What is shown of a leaderboard: its rows, with the numbers that they have among all.

    Attributes:
        records: whose rows are shown.
        refusals: what is told of beside them.
        in_files: whether the files that are written hold no more than these either.
    """

    records: Sequence[Record]
    refusals: Sequence[Refusal] = ()
    in_files: bool = False


def part_of(
    records: Sequence[Record],
    refusals: Sequence[Refusal],
    learners: str | Sequence[str] | None,
    strategies: str | Sequence[str] | None,
    scenarios: str | Sequence[str] | None,
    results: Path,
    in_files: bool = False,
) -> Part:
    """The part of a leaderboard that is of these learners, strategies and scenarios; None keeps all.

    Raises:
        UsageError: as `select`.
    """
    names = as_list(learners), as_list(strategies), as_list(scenarios)
    fitting = [
        refusal
        for refusal in refusals
        if refusal.learner in (names[0] or [refusal.learner]) and refusal.strategy in (names[1] or [refusal.strategy])
    ]
    return Part(select(records, *names, results), fitting, in_files)


def as_list(names: str | Path | Sequence[str | Path] | None) -> list[str]:
    """One name, several, or several joined by commas, as a list; a path is one name, whatever is in it."""
    given = [names] if isinstance(names, str | Path) else list(names or ())
    parts = (name.split(",") if isinstance(name, str) else [os.fspath(name)] for name in given)
    return [part.strip() for several in parts for part in several if part.strip()]
