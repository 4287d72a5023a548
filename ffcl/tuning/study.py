"""A study on disk: what it is, every run it has done, its trials for Optuna's tools, and what came out.

``study.json`` says what decides the trials; ``evaluations.jsonl`` has a line for each run, so that nothing that has
been computed is computed again; ``journal.log`` holds the trials that are over, for optuna-dashboard and the like.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import optuna
from filelock import FileLock, Timeout
from optuna.storages import BaseStorage, JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState

from ffcl.configuration import Component, Run, Tuning
from ffcl.errors import RecordError, UsageError
from ffcl.records import Record, write_atomically
from ffcl.scenario import flat
from ffcl.tuning.objective import Objective
from ffcl.tuning.protocols import Protocol
from ffcl.tuning.samplers import quiet
from ffcl.tuning.search import REVISION, REVISION_WITH_FLOOR, Choice, Outcome, Search, SearchPlan
from ffcl.tuning.space import Space
from ffcl.tuning.tuned import FILE, STUDIES, Tuned, write_tuned

FRONT = "front"
"""The folder of the configurations that are a trade-off between two metrics."""


@dataclass(frozen=True)
class Description:
    """Everything that decides the trials of a study, but for their number.

    Attributes:
        learner: with what is fixed, and the defaults.
        strategy: likewise.
        tuning: the scenario that trials are run on.
        evaluation: the scenario that the outcome is for.
        scenario: how the user named it.
        defined: the scenario's own settings, without what the user or the protocol changed.
        protocol: how the two are kept apart.
        space: what is searched.
        objective: what for.
        sampler: what proposes the trials.
        seed: of the sampler.
        batch: trials proposed at a time.
        seeds: seeds a trial.
        time_limit: seconds after which a run is given up; 0 is no limit.
        ffcl: the version.
    """

    learner: Component
    strategy: Component
    tuning: Component
    evaluation: Component
    scenario: str
    defined: Mapping[str, Any]
    protocol: Protocol
    space: Space
    objective: Objective
    sampler: str
    seed: int
    batch: int
    seeds: int
    time_limit: float
    ffcl: str

    def to_mapping(self) -> dict[str, Any]:
        """As plain values."""
        components = {n: asdict(getattr(self, n)) for n in ("learner", "strategy", "tuning", "evaluation")}
        plain = {n: getattr(self, n) for n in ("sampler", "seed", "batch", "seeds", "time_limit", "ffcl")}
        return {
            **components,
            "protocol": self.protocol.name,
            "space": self.space.to_mapping(),
            "objective": asdict(self.objective),
            **plain,
            "optuna": optuna.__version__,
            "search": REVISION_WITH_FLOOR if self.objective.floor else REVISION,
        }

    @cached_property
    def name(self) -> str:
        """The name of the study and of its folder."""
        canonical = json.dumps(self.to_mapping(), sort_keys=True, separators=(",", ":"))
        digest = hashlib.sha256(canonical.encode()).hexdigest()[:10]
        names = (self.learner.name, self.strategy.name, self.evaluation.name, self.protocol.name, digest)
        return "--".join(names)

    @property
    def cell(self) -> str:
        """Learner, strategy and scenario in words."""
        return f"{self.learner.name} · {self.strategy.name} · {self.evaluation.name}"

    def run_of(self, settings: Mapping[str, Any], seed: int) -> Run:
        """The run of a trial with these settings."""
        effective = self.space.effective(settings)
        learner, strategy = (part.with_settings(effective) for part in (self.learner, self.strategy))
        return Run(learner, strategy, self.tuning, seed, self.ffcl)

    @property
    def plan(self) -> SearchPlan:
        """What the search needs."""
        return SearchPlan(
            self.space,
            self.objective,
            self.sampler,
            self.seed,
            self.batch,
            self.protocol.seeds(self.seeds),
            self.protocol.fresh_seeds(self.seeds),
            self.run_of,
        )


class Study:
    """A study that is open for going on; one process at a time."""

    def __init__(self, results: Path, description: Description, trials: int, storage: str | None = None) -> None:
        self.description, self.results = description, results
        self.folder = results / STUDIES / description.name
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = FileLock(self.folder / ".lock", timeout=0)
        try:
            self._lock.acquire()
        except Timeout:
            raise UsageError(f"Another process is at the study {self.folder}.") from None
        try:
            write_atomically(self.folder / "study.json", json.dumps(description.to_mapping(), indent=1) + "\n")
            known = dict(_read_evaluations(self._evaluations))
            self._kept = self._optuna_study(storage)
            kept = len(self._kept.get_trials(deepcopy=False))
            self.search = Search(description.plan, max(trials, kept), known)  # fewer would choose a worse winner
            self._file = self._evaluations.open("a", encoding="utf-8")
        except BaseException:
            self._lock.release()
            raise

    @property
    def _evaluations(self) -> Path:
        return self.folder / "evaluations.jsonl"

    def close(self) -> None:
        """Let others go on with it."""
        self._file.close()
        self._lock.release()

    def wanted(self) -> list[Run]:
        """The runs that are needed next; what is over by then is kept."""
        runs = self.search.wanted()
        self._keep_trials()
        return runs

    def take(self, run: Run, record: Record) -> None:
        """Take in the record of a run, and keep it."""
        failure = f"{record.failure.kind}: {record.failure.message}" if record.failure else ""
        seconds = record.train_seconds + record.evaluation_seconds
        outcome = Outcome(record.accuracy, round(seconds, 4), failure, record.index_sets)
        self._file.write(json.dumps({"key": run.key, "seed": run.seed, **asdict(outcome)}) + "\n")
        self._file.flush()
        self.search.take(run, outcome)

    def _keep_trials(self) -> None:
        """Add the trials that are over to Optuna's storage; those that are there must be the same."""
        kept = self._kept.get_trials(deepcopy=False)
        for number, trial in enumerate(self.search.told):
            if number >= len(kept):
                self._kept.add_trial(trial)
            elif not _same(trial, kept[number]):
                raise RecordError(
                    f"Trial {number} of {self.folder} is not what it was when it was kept: the study has been edited. "
                    "Move the folder away to tune anew."
                )

    def _optuna_study(self, storage: str | None) -> optuna.Study:
        try:
            with quiet():
                return optuna.create_study(
                    storage=storage or _journal(self.folder / "journal.log"),
                    study_name=self.description.name,
                    directions=self.description.objective.directions,
                    load_if_exists=True,
                )
        except Exception as error:  # whatever the driver of a database raises
            what = f"--storage {storage}" if storage else f"The journal in {self.folder}"
            raise UsageError(f"{what} cannot be used: {type(error).__name__}: {error}.") from error

    def freeze(self) -> Tuned | None:
        """Write what has won, and of two metrics each point of the front; None if no trial came through."""
        winner = self.search.winner
        if winner is None:
            return None
        shutil.rmtree(self.folder / FRONT, ignore_errors=True)
        for point in self.search.front:
            name = f"{self.description.name}#{point.trial}"
            write_tuned(self.folder / FRONT / f"trial-{point.trial}.toml", self._tuned(point, name))
        tuned = self._tuned(winner, self.description.name)
        write_tuned(self.folder / FILE, tuned)
        return tuned

    def _tuned(self, choice: Choice, name: str) -> Tuned:
        description = self.description
        owners = (description.learner, description.strategy)
        fixed = {f"{owner.name}.{k}": v for owner in owners for k, v in owner.settings.items()}
        return Tuned(
            learner=description.learner.name,
            strategy=description.strategy.name,
            scenario=description.scenario,
            settings={**fixed, **description.space.effective(choice.settings)},
            evaluation=flat(description.evaluation.settings),
            trial=choice.trial,
            values=dict(zip(description.objective.metrics, choice.values, strict=True)),
            tuning=replace(self.tuning(), study=name),
            tuned_on=flat(description.tuning.settings),
            defined=flat(description.defined),
            code={
                "learner": description.learner.code,
                "strategy": description.strategy.code,
                "stream": description.evaluation.code,
            },
        )

    def defaults_value(self) -> float | None:
        """The first metric of the defaults on the fresh seeds; None if they failed or are not in the space."""
        values = self.search.of_seeds(self.description.space.defaults, fresh=True)
        return None if values is None else sum(values) / len(values)

    def tuning(self) -> Tuning:
        """How the settings have been found so far."""
        description, search, used = self.description, self.search, self.search.used
        return Tuning(
            study=description.name,
            protocol=description.protocol.name,
            objective=description.objective.name,
            complete=search.count(TrialState.COMPLETE),
            pruned=search.count(TrialState.PRUNED),
            failed=search.count(TrialState.FAIL),
            seeds=description.seeds,
            sampler=description.sampler,
            seed=description.seed,
            space=description.space.sha256,
            core_hours=round(sum(outcome.seconds for outcome in used) / 3600, 4),
            defaults=description.space.defaults,
            index_sets=sorted({sha256 for outcome in used for sha256 in outcome.index_sets.values()}),
        )


def _read_evaluations(path: Path) -> Iterator[tuple[str, Outcome]]:
    """Every run that is kept."""
    _drop_half_a_line(path)
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    for number, line in enumerate(lines, start=1):
        try:
            values = json.loads(line)
            key = values.pop("key")
            del values["seed"]
            yield key, Outcome(**values)
        except (json.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
            raise RecordError(
                f"{path}, line {number}, is damaged ({error}). Remove that line to run it again."
            ) from error


def _journal(path: Path) -> BaseStorage:
    """Optuna's journal, without the lock of a process that was killed."""
    for leftover in path.parent.glob(f"{path.name}.lock*"):
        leftover.unlink(missing_ok=True)
    _drop_half_a_line(path)
    return JournalStorage(JournalFileBackend(str(path)))


def _drop_half_a_line(path: Path) -> None:
    """Take away the last line of a file if a killed process left it unfinished."""
    content = path.read_bytes() if path.exists() else b""
    whole = content[: content.rfind(b"\n") + 1]
    if len(whole) < len(content):
        path.write_bytes(whole)


def _same(a: FrozenTrial, b: FrozenTrial) -> bool:
    return (a.params, a.state, a.values) == (b.params, b.state, b.values)
