"""The search as a state machine: it says which runs it needs, and takes in how they went. No process, no file here.

Trials are proposed in batches of a fixed size, and told in their order, so that the same seed makes the same trials
whatever the number of workers and however often the search is taken up again: what a trial proposes depends on the
trials of the batches before it and on its number, and on nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import optuna
from optuna.pruners import BasePruner, NopPruner, WilcoxonPruner
from optuna.trial import FrozenTrial, TrialState

from ffcl.configuration import Run
from ffcl.tuning.objective import Objective, mean_learning_accuracy
from ffcl.tuning.samplers import make_sampler, quiet
from ffcl.tuning.space import Space
from ffcl.tuning.trials import feasible, scored

PRUNED_FROM = 5
"""Seeds a trial from which on trials are pruned."""

WORSE_ON = 3
"""Seeds on all of which a trial is worse than the best one when it is first given up: p is then 1/8."""

REVISION = 5
"""Of the way trials are proposed: a study of another one is another study."""

REVISION_WITH_FLOOR = 6
"""The same of studies with a floor."""

FINALISTS = 5


@dataclass(frozen=True)
class Outcome:
    """How one run of a trial went.

    Attributes:
        matrix: its accuracy matrix; None if it failed.
        seconds: of training and evaluation.
        failure: why it failed, or "".
        index_sets: SHA-256 of the samples it used.
    """

    matrix: list[list[float]] | None
    seconds: float = 0.0
    failure: str = ""
    index_sets: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class SearchPlan:
    """Everything that decides the trials, but for their number.

    Attributes:
        space: what is searched.
        objective: what for.
        sampler: one of ``ffcl.tuning.samplers.SAMPLERS``.
        seed: of the sampler.
        batch: trials proposed at a time.
        seeds: seeds of the runs of every trial.
        fresh_seeds: seeds of the runs that the winner is chosen by.
        run_of: the run of a trial with some settings and a seed.
    """

    space: Space
    objective: Objective
    sampler: str
    seed: int
    batch: int
    seeds: Sequence[int]
    fresh_seeds: Sequence[int]
    run_of: Callable[[Mapping[str, Any], int], Run]


@dataclass(frozen=True)
class Choice:
    """The settings of a trial that was chosen.

    Attributes:
        trial: its number.
        settings: ``name.parameter`` to value.
        values: the objective; of a winner on the fresh seeds.
    """

    trial: int
    settings: dict[str, Any]
    values: list[float]


class Search:
    """Proposes trials until there are ``trials``, then runs the best of them again and chooses one."""

    def __init__(self, plan: SearchPlan, trials: int, known: Mapping[str, Outcome] | None = None) -> None:
        self.plan, self.trials = plan, trials
        self.winner: Choice | None = None
        self.finished = False
        self._outcomes = dict(known or {})
        self._asked: set[str] = set()
        self._batch: list[optuna.Trial] = []
        self._given_up: dict[int, int] = {}  # trial to the seeds it got to
        self._finalists: list[FrozenTrial] | None = None
        self._prunes = prunes = plan.objective.single and len(plan.seeds) >= PRUNED_FROM
        with quiet():
            pruner: BasePruner = WilcoxonPruner(p_threshold=0.2) if prunes else NopPruner()
            self.optuna = optuna.create_study(
                directions=plan.objective.directions, sampler=make_sampler(plan.sampler, plan.seed, 0), pruner=pruner
            )
        self._unprunable = WORSE_ON - 1 if prunes else len(plan.seeds)
        self.optuna.enqueue_trial(plan.space.starting_point())

    @property
    def told(self) -> list[FrozenTrial]:
        """The trials that are over, in order."""
        return [t for t in self.optuna.get_trials(deepcopy=False) if t.state.is_finished()]

    def count(self, state: TrialState) -> int:
        """How many trials ended so."""
        return sum(t.state == state for t in self.told)

    @property
    def used(self) -> list[Outcome]:
        """How the runs went that the trials so far and the choice of the winner are made of."""
        pairs = [(trial, self.plan.seeds) for trial in self.told]
        pairs += [(trial, self.plan.fresh_seeds) for trial in self._finalists or ()]
        runs = {self.plan.run_of(trial.params, seed).key for trial, seeds in pairs for seed in seeds}
        return [self._outcomes[key] for key in sorted(runs & self._outcomes.keys())]

    @property
    def front(self) -> list[Choice]:
        """Of two metrics, the trials that no other dominates, the best in the first one first."""
        if self.plan.objective.single:
            return []
        return [Choice(t.number, dict(t.params), list(t.values)) for t in self._by_first_metric()]

    def best_of_seeds(self) -> list[float] | None:
        """The first metric of the best trial on each of the seeds that trials are run on; None if none came through."""
        best = self._best()
        return self.of_seeds(best[0].params) if best else None

    def of_seeds(self, settings: Mapping[str, Any], fresh: bool = False) -> list[float] | None:
        """The first metric of these settings on the seeds of trials, or on the fresh ones; None if one is missing."""
        seeds = self.plan.fresh_seeds if fresh else self.plan.seeds
        known = self._known(settings, seeds)
        matrices = [outcome.matrix for outcome in known if outcome.matrix is not None]
        return [self.plan.objective.of_seed(m) for m in matrices] if len(matrices) == len(seeds) else None

    def take(self, run: Run, outcome: Outcome) -> None:
        """Take in how a run went."""
        self._outcomes[run.key] = outcome

    def wanted(self) -> list[Run]:
        """The runs that are needed now and have not been asked for; none while it waits for others."""
        while not self.finished:
            needed = {run.key: run for run in self._needed()}  # trials of one batch may be of one configuration
            if needed:
                new = [run for key, run in needed.items() if key not in self._asked]
                self._asked.update(needed)
                return new
            self._go_on()
        return []

    def _needed(self) -> Iterator[Run]:
        if self._finalists is not None:
            for finalist in self._finalists:
                yield from self._missing(finalist.params, self.plan.fresh_seeds)
        else:
            for trial in self._batch:
                yield from self._needed_by(trial)

    def _missing(self, settings: Mapping[str, Any], seeds: Sequence[int]) -> Iterator[Run]:
        for seed in seeds:
            run = self.plan.run_of(settings, seed)
            if run.key not in self._outcomes:
                yield run

    def _needed_by(self, trial: optuna.Trial) -> Iterator[Run]:
        """The first seeds at once, as nothing can be pruned by them; then one after the other."""
        first = list(self._missing(trial.params, self.plan.seeds[: self._unprunable]))
        if first:
            yield from first
        elif not self._is_over(trial):
            yield next(self._missing(trial.params, self.plan.seeds))

    def _known(self, settings: Mapping[str, Any], seeds: Sequence[int]) -> list[Outcome]:
        """The outcomes of these settings, seed by seed, as far as all before are there."""
        known = []
        for seed in seeds:
            outcome = self._outcomes.get(self.plan.run_of(settings, seed).key)
            if outcome is None:
                break
            known.append(outcome)
        return known

    def _is_over(self, trial: optuna.Trial) -> bool:
        """Whether a trial has failed, or is given up as worse than the best so far, or is run on all seeds.

        It is judged as each seed comes, and once: more seeds may be known of a later trial with the same settings.
        """
        if trial.number in self._given_up:
            return True
        known = self._known(trial.params, self.plan.seeds)
        reported = self.optuna.get_trials(deepcopy=False)[trial.number].intermediate_values
        for step in range(len(reported), len(known)):
            matrix = known[step].matrix
            if matrix is None:
                return True
            if self.plan.objective.single:  # of two metrics Optuna takes no reports
                trial.report(self.plan.objective.of_seed(matrix), step)
            if self._unprunable <= step < len(self.plan.seeds) - 1 and trial.should_prune():
                self._given_up[trial.number] = step + 1
                return True
        return len(known) == len(self.plan.seeds)

    def _go_on(self) -> None:
        for trial in self._batch:
            self._tell(trial)
        self._batch = []
        if self._finalists is not None:
            self._choose()
            self.finished = True
        elif len(self.told) < self.trials:
            self._propose(min(self.plan.batch, self.trials - len(self.told)))
        else:
            self._finalists = self._to_run_again()

    def _propose(self, n: int) -> None:
        for _ in range(n):
            with quiet():
                if self.plan.sampler != "qmc":  # which counts its trials by itself
                    number = len(self.told) + len(self._batch)  # trial 0 is waiting in the study from the start
                    self.optuna.sampler = make_sampler(self.plan.sampler, self.plan.seed, number)
                    if self._prunes and number:
                        asked = scored(self.told, self._batch, self.optuna.sampler).ask(self.plan.space.distributions)
                        self.optuna.enqueue_trial(asked.params)
                self._batch.append(self.optuna.ask(self.plan.space.distributions))

    def _tell(self, trial: optuna.Trial) -> None:
        known = self._known(trial.params, self.plan.seeds[: self._given_up.get(trial.number)])
        failures = [outcome.failure for outcome in known if outcome.failure]
        matrices = [outcome.matrix for outcome in known if outcome.matrix is not None]
        trial.set_user_attr("seconds", round(sum(outcome.seconds for outcome in known), 3))
        if failures:
            trial.set_user_attr("failure", failures[0])
            self.optuna.tell(trial, state=TrialState.FAIL)
            return
        values = self.plan.objective.values(matrices)
        trial.set_user_attr("learning accuracy", round(mean_learning_accuracy(matrices), 6))
        if self.plan.objective.floor:
            trial.set_constraint("learning accuracy", self.plan.objective.violation(matrices))
        if trial.number in self._given_up:
            trial.set_user_attr("mean", values[0])
            self.optuna.tell(trial, state=TrialState.PRUNED)
        elif all(map(math.isfinite, values)):
            self.optuna.tell(trial, values)
        else:
            self.optuna.tell(trial, state=TrialState.FAIL)

    def _best(self) -> list[FrozenTrial]:
        return self._by_first_metric()[:FINALISTS]

    def _by_first_metric(self) -> list[FrozenTrial]:
        """The trials from best to worst by the first metric; of two metrics, those that no other trial dominates."""
        complete = [t for t in self.told if t.state == TrialState.COMPLETE and feasible(t)]
        if not self.plan.objective.single:
            front = {t.number for t in self.optuna.best_trials}
            complete = [t for t in complete if t.number in front]
        best: dict[str, FrozenTrial] = {}
        for trial in sorted(complete, key=lambda t: (-t.values[0], t.number)):
            best.setdefault(self.plan.run_of(trial.params, self.plan.seeds[0]).key, trial)
        return list(best.values())

    def _to_run_again(self) -> list[FrozenTrial]:
        """The best, and the defaults, so that no choice is worse than these on the fresh seeds."""
        best = self._best()
        first = [t for t in self.told if t.number == 0 and t.state == TrialState.COMPLETE and feasible(t)]
        defaults = [t for t in first if t.params == self.plan.space.defaults]
        return best + [t for t in defaults if best and t.number not in {b.number for b in best}]

    def _choose(self) -> None:
        assert self._finalists is not None
        results = []
        for trial in self._finalists:
            matrices = [o.matrix for o in self._known(trial.params, self.plan.fresh_seeds) if o.matrix is not None]
            if len(matrices) == len(self.plan.fresh_seeds):
                results.append(Choice(trial.number, dict(trial.params), self.plan.objective.values(matrices)))
        if results:
            self.winner = max(results, key=lambda w: (w.values[0], -w.trial))
