"""From what a user asks for to studies, and from studies to runs in worker processes."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ffcl.configuration import Run
from ffcl.errors import DataError, FfclError, PluginError, UsageError, unknown_name
from ffcl.jobs import WORKER_DIED
from ffcl.plan import make_plan, scenario_of
from ffcl.pool import Pool
from ffcl.records import Record
from ffcl.refusals import Refusal
from ffcl.registry import Registry
from ffcl.tuning.objective import Objective
from ffcl.tuning.plots import draw_study
from ffcl.tuning.protocols import make_protocol
from ffcl.tuning.samplers import SAMPLERS
from ffcl.tuning.space import make_space
from ffcl.tuning.study import Description, Study
from ffcl.tuning.tuned import Tuned
from ffcl.worker import Job

AT_ONCE = 2
"""Studies that share the workers: one has runs for them while another waits for the last of a batch."""


PASSING = frozenset({PluginError.__name__, OSError.__name__})
"""Kinds of failure that say nothing of a trial: code was edited while the command was running, the disk is full."""


@dataclass(frozen=True)
class Request:
    """How to tune.

    Attributes:
        trials: trials in all.
        seeds: seeds a trial.
        protocol: one of ``ffcl.tuning.protocols.PROTOCOLS``.
        first: experiences to tune on, for ``first-k``.
        tune_on: a scenario on the data set to tune on, for ``two-phase``.
        objective: one of ``ffcl.tuning.objective.OBJECTIVES``.
        floor: learning accuracy asked for.
        sampler: one of ``ffcl.tuning.samplers.SAMPLERS``.
        seed: of the sampler.
        batch: trials proposed at a time.
        time_limit: seconds a run may take; 0 is no limit.
        settings: what is fixed, and what is changed in the scenario, ``name.parameter`` to value.
        ranges: what is searched otherwise than declared, ``name.parameter`` to range.
        storage: URL of the Optuna storage that trials are kept in; None is a journal beside the study.
    """

    trials: int = 60
    seeds: int = 5
    protocol: str = "disjoint"
    first: int | None = None
    tune_on: str | Path | None = None
    objective: str = "AIA"
    floor: float = 0.0
    sampler: str = "tpe"
    seed: int = 0
    batch: int = 4
    time_limit: float = 0.0
    settings: Mapping[str, object] = field(default_factory=dict)
    ranges: Mapping[str, str] = field(default_factory=dict)
    storage: str | None = None

    def check(self) -> None:
        """Look at the numbers and names that need nothing else to be judged.

        Raises:
            UsageError: one is not allowed.
        """
        for name, value in (("--trials", self.trials), ("--seeds", self.seeds), ("--batch", self.batch)):
            if value < 1:
                raise UsageError(f"{name} must be 1 or more, got {value}.")
        if self.sampler not in SAMPLERS:
            raise unknown_name("sampler", self.sampler, SAMPLERS)
        if not 0 <= self.floor <= 1:
            raise UsageError(f"--floor is a learning accuracy from 0 to 1, got {self.floor:g}.")
        if not 0 <= self.time_limit < math.inf:
            raise UsageError(f"--time-limit must be 0 (none) or more seconds, got {self.time_limit:g}.")


def describe_studies(
    registry: Registry, learners: Sequence[str], strategies: Sequence[str], scenarios: Sequence[str], request: Request
) -> tuple[list[Description], list[Refusal]]:
    """The studies that are asked for: one for each learner, strategy and scenario; and the pairs that are refused.

    Raises:
        UsageError: an unknown name, or something that does not fit; nothing has been run.
    """
    request.check()
    objective = Objective(request.objective, request.floor)
    other = registry.scenario(str(request.tune_on)).item if request.tune_on else None
    plan = make_plan(registry, learners, strategies, scenarios, [0], request.settings)
    _check_owners(request.ranges, plan.runs)
    named = {registry.scenario(name).item.name: name for name in scenarios}
    studies, refused = [], list(plan.refused)
    for run in plan.runs:
        owners = {
            run.learner.name: registry.learners[run.learner.name].item.hyperparameters,
            run.strategy.name: registry.strategies[run.strategy.name].item.hyperparameters,
        }
        settings = {run.learner.name: run.learner.settings, run.strategy.name: run.strategy.settings}
        ranges = {name: text for name, text in request.ranges.items() if name.partition(".")[0] in owners}
        parameters = {name: kind.from_mapping(settings[name], name) for name, kind in owners.items()}
        space = make_space(parameters, request.settings, ranges)
        if not space.distributions:
            refused.append(Refusal(run.learner.name, run.strategy.name, "there is nothing to tune"))
            continue
        protocol = make_protocol(request.protocol, scenario_of(run, registry), request.first, other)
        studies.append(
            Description(
                learner=run.learner,
                strategy=run.strategy,
                tuning=replace(run.scenario, settings=protocol.tuning.to_mapping()),
                evaluation=replace(run.scenario, settings=protocol.evaluation.to_mapping()),
                scenario=named[run.scenario.name],
                defined=registry.scenario(named[run.scenario.name]).item.to_mapping(),
                protocol=protocol,
                space=space,
                objective=objective,
                sampler=request.sampler,
                seed=request.seed,
                batch=request.batch,
                seeds=request.seeds,
                time_limit=request.time_limit,
                ffcl=version("ffcl"),
            )
        )
    if not studies:
        raise UsageError("Nothing to tune: " + "; ".join(map(str, refused)) + ".")
    return studies, refused


def _check_owners(ranges: Mapping[str, str], runs: Sequence[Run]) -> None:
    owners = {name for run in runs for name in (run.learner.name, run.strategy.name)}
    for target in ranges:
        if target.partition(".")[0] not in owners:
            raise unknown_name("learner or strategy to tune", target.partition(".")[0], owners)


@dataclass
class Result:
    """How a study went."""

    description: Description
    study: Study
    tuned: Tuned | None

    def row(self) -> dict[str, Any]:
        """The study as a row of a table: what it reached on fresh tuning seeds, what it took, what it found."""
        description, tuning = self.description, self.study.tuning()
        metrics = description.objective.metrics
        reached = dict(self.tuned.values) if self.tuned is not None else dict.fromkeys(metrics, math.nan)
        return {
            "learner": description.learner.name,
            "strategy": description.strategy.name,
            "scenario": description.evaluation.name,
            "protocol": description.protocol.name,
            f"{metrics[0]}_defaults": self.study.defaults_value(),
            **reached,
            "trials": tuning.trials,
            "pruned": tuning.pruned,
            "failed": tuning.failed,
            "core_hours": tuning.core_hours,
            "settings": dict(self.tuned.settings) if self.tuned is not None else {},
            "folder": str(self.study.folder),
        }


Watch = Callable[[Sequence[Study], int, int], None]
"""Called when something has happened, with (studies at work, studies done, studies in all)."""


def unwatched(studies: Sequence[Study], done: int, total: int) -> None:
    """Show nothing."""


def carry_out(
    descriptions: Sequence[Description],
    results: Path,
    data_root: Path,
    workers: int,
    request: Request,
    watch: Watch = unwatched,
) -> Generator[Result, None, None]:
    """Carry out studies, yielding each when it is done; closing the iterator stops the workers and loses nothing.

    A run whose worker process died is tried once more: it may have been the machine.

    Raises:
        DataError: data is missing.
        FfclError: a run failed for a reason that is not its trial's; nothing of it is kept.
        UsageError: another process is at one of the studies, or a time limit is asked for without worker processes.
    """
    if request.time_limit and not workers:
        raise UsageError("--time-limit needs worker processes: --workers 1 or more.")
    waiting, active, done = deque(descriptions), list[Study](), 0
    with Pool(workers) as pool, _all_closed(active):
        owners: dict[str, Study] = {}
        retried: set[str] = set()

        def submit(study: Study, run: Run) -> None:
            owners[run.key] = study
            pool.submit(Job(run, results, data_root, returned=True, limit=study.description.time_limit))

        def serve(study: Study) -> None:
            for run in study.wanted():
                submit(study, run)

        def died_once(record: Record) -> bool:
            died = record.failure is not None and record.failure.kind == WORKER_DIED
            once = died and record.run.key not in retried
            retried.update([record.run.key] if once else [])
            return once

        def open_more() -> None:
            while waiting and len([s for s in active if not s.search.finished]) < AT_ONCE:
                active.append(Study(results, waiting.popleft(), request.trials, request.storage))
                serve(active[-1])

        open_more()
        while active:
            for study in [s for s in active if s.search.finished]:
                active.remove(study)
                done += 1
                tuned = study.freeze()
                draw_study(study)
                study.close()
                yield Result(study.description, study, tuned)
            open_more()
            watch(active, done, len(descriptions))
            with closing(pool.events()) as events:
                for event in events:
                    if event.event == "no-data":
                        raise DataError(event.message)
                    if event.record is None:
                        continue
                    study = owners.pop(event.run.key)
                    if died_once(event.record):
                        submit(study, event.run)
                        continue
                    if (failure := event.record.failure) is not None and failure.kind in PASSING:
                        raise FfclError(
                            f"A run of {study.description.cell} failed: {failure.kind}: "
                            f"{failure.message.removesuffix('.')}. That is no fault of its trial, and is not kept: the "
                            "same command tries it again."
                        )
                    study.take(event.run, event.record)
                    serve(study)
                    watch(active, done, len(descriptions))
                    if study.search.finished:
                        break


@contextmanager
def _all_closed(studies: list[Study]) -> Iterator[None]:
    try:
        yield
    finally:
        for study in studies:
            study.close()
