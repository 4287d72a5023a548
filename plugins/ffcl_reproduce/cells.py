"""The cells of a published set-up: their runs, and what came out of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ffcl.configuration import Run
from ffcl.errors import UsageError
from ffcl.plan import Plan, make_plan
from ffcl.records import find_record
from ffcl.refusals import Refusal
from ffcl.registry import Registry
from ffcl_reproduce.published import Label, Published, Verdict
from ffcl_reproduce.setup_file import PublishedSetup


@dataclass(frozen=True)
class Cell:
    """One learner with one strategy in one scenario.

    Attributes:
        label: the labels of scenario, learner and strategy.
        published: the published value, if there is one.
        runs: a run a seed; none, if it is refused.
        refusal: why it cannot be run.
    """

    label: Label
    published: Published | None
    runs: tuple[Run, ...]
    refusal: Refusal | None = None


@dataclass(frozen=True)
class Outcome:
    """What came out of a cell.

    Attributes:
        cell: the cell.
        accuracies: final accuracy in per cent of each run that is done: the mean over the experiences.
        train_seconds: of each run that is done.
        failures: what went wrong in runs that failed, and in how many.
    """

    cell: Cell
    accuracies: Sequence[float]
    train_seconds: Sequence[float]
    failures: Mapping[str, int]

    @property
    def mean(self) -> float | None:
        """The mean accuracy over the seeds; None, if no run is done."""
        return float(np.mean(self.accuracies)) if self.accuracies else None

    @property
    def verdict(self) -> Verdict | None:
        """How ours lies to the published value; None, if one of the two is missing."""
        mean = self.mean
        return None if self.cell.published is None or mean is None else self.cell.published.verdict(mean)

    @property
    def problem(self) -> str:
        """Why runs are missing; empty, if none is."""
        if self.cell.refusal is not None:
            return f"refused: {self.cell.refusal.reason}"
        return "; ".join(f"{n} of {len(self.cell.runs)} failed: {why}" for why, n in self.failures.items())


def make_cells(setup: PublishedSetup, labels: Sequence[Label], seeds: int, registry: Registry) -> list[Cell]:
    """The cells with their runs; a strategy that a learner cannot take is kept as a refusal.

    Raises:
        UsageError: the set-up names something that is not installed, or a setting that does not fit.
    """
    cells = []
    for label in labels:
        try:
            cells.append(_cell(setup, label, seeds, registry))
        except UsageError as error:
            raise UsageError(f"{setup.where}, {' x '.join(label)}: {error}") from error
    return cells


def _cell(setup: PublishedSetup, label: Label, seeds: int, registry: Registry) -> Cell:
    scenario, learner, strategy = setup.scenarios[label[0]], setup.learners[label[1]], setup.strategies[label[2]]
    of_learner = registry.get("learner", learner.name, registry.learners).item
    of_strategy = registry.get("strategy", strategy.name, registry.strategies).item
    published = setup.published.get(label)
    if reason := of_strategy.refusal(of_learner):
        return Cell(label, published, (), Refusal(learner.name, strategy.name, reason))
    changes: list[tuple[str, Mapping[str, object]]] = [
        (learner.name, {**learner.settings, **scenario.learner_settings, **strategy.learner_settings}),
        (strategy.name, strategy.settings_in(label[0])),
        (registry.scenario(scenario.name).item.name, scenario.settings),
    ]
    settings = {f"{name}.{key}": value for name, values in changes for key, value in values.items()}
    plan = make_plan(registry, [learner.name], [strategy.name], [scenario.name], range(seeds), settings)
    return Cell(label, published, plan.runs)


def join(cells: Sequence[Cell]) -> Plan:
    """All runs as one plan. Seeds vary slowest, so that an interrupted plan has compared all on the first ones."""
    runs = {run.key: run for cell in cells for run in cell.runs}
    refused = dict.fromkeys(cell.refusal for cell in cells if cell.refusal is not None)
    return Plan(tuple(sorted(runs.values(), key=lambda run: run.seed)), tuple(refused))


def outcome(cell: Cell, results: Path) -> Outcome:
    """What the records in a results folder say of a cell."""
    accuracies, train_seconds = [], []
    failures: dict[str, int] = {}
    for run in cell.runs:
        record = find_record(results, run)
        if record is not None and record.accuracy is not None:
            accuracies.append(100.0 * float(np.mean(record.accuracy[-1])))
            train_seconds.append(record.train_seconds)
        elif record is not None and record.failure is not None:
            why = f"{record.failure.kind}: {record.failure.message}"
            failures[why] = failures.get(why, 0) + 1
    return Outcome(cell, accuracies, train_seconds, failures)
