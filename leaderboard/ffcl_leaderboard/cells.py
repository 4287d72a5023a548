"""Group records into the leaderboard's rows."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ffcl.configuration import Tuning
from ffcl.metrics import METRICS, never_learned, retention
from ffcl.records import Record
from ffcl_leaderboard.within import WITHIN, within_metrics

ENOUGH_SEEDS = 10
"""With fewer, intervals are wide and a paired test finds only large differences: no rank, no winner, no verdict."""
FEW_SEEDS = "few seeds"

OF_SKILL = {"retention": retention, "never_learned": never_learned}
MEASURES = (*METRICS, *OF_SKILL, *WITHIN)
"""Every measure of a run by its column name."""


@dataclass(frozen=True)
class Cell:
    """The runs of one learner x strategy x scenario x configuration, over seeds.

    Attributes:
        done: records of finished runs, by seed.
        failed: records of failed runs, by seed.
        variant: the settings that tell this configuration from others of the same names, or "".
    """

    done: tuple[Record, ...]
    failed: tuple[Record, ...]
    variant: str = ""

    @property
    def first(self) -> Record:
        """Any record of the cell; all share their configuration."""
        return (self.done or self.failed)[0]

    @property
    def learner(self) -> str:
        """Name of the learner."""
        return self.first.run.learner.name

    @property
    def strategy(self) -> str:
        """Name of the strategy."""
        return self.first.run.strategy.name

    @property
    def scenario(self) -> str:
        """Name of the scenario."""
        return self.first.run.scenario.name

    @property
    def label(self) -> str:
        """Learner, strategy and variant in one line."""
        variant = f" ({self.variant})" if self.variant else ""
        return f"{self.learner} + {self.strategy}{variant}" if self.strategy != "none" else f"{self.learner}{variant}"

    @property
    def settings(self) -> str:
        """What the cell is about, whatever the code."""
        return _identity(self.first)

    @cached_property
    def matrices(self) -> NDArray[np.float64]:
        """The accuracy matrices of the finished runs (seeds, T + 1, T)."""
        return np.array([record.accuracy for record in self.done], dtype=np.float64)

    @cached_property
    def measures(self) -> dict[str, NDArray[np.float64]]:
        """Every metric of the finished runs by its column name, (seeds,) each."""
        if not self.done:
            return {name: np.empty(0) for name in MEASURES}
        of_matrix = {name: metric(self.matrices) for name, metric in METRICS.items()}
        within = [within_metrics(record) for record in self.done]
        return of_matrix | self._of_skill | {name: np.array([metrics[name] for metrics in within]) for name in WITHIN}

    @property
    def _of_skill(self) -> dict[str, NDArray[np.float64]]:
        """Metrics that need the number of labels to choose from, which old records do not tell."""
        if not all(record.choices for record in self.done):
            return {name: np.full(len(self.done), np.nan) for name in OF_SKILL}
        choices = np.array([record.choices for record in self.done])
        return {name: metric(self.matrices, choices) for name, metric in OF_SKILL.items()}


def current(records: Sequence[Record]) -> tuple[list[Record], list[Record]]:
    """Separate the records of the latest code from those that an edited rule or a new version has superseded."""
    by_identity: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        by_identity[_identity(record)].append(record)
    kept: list[Record] = []
    superseded: list[Record] = []
    for same in by_identity.values():
        latest = max(same, key=lambda r: r.started).run.configuration
        for record in same:
            (kept if record.run.configuration == latest else superseded).append(record)
    return kept, superseded


def group(records: Sequence[Record]) -> list[Cell]:
    """Group records by configuration, in order of their names, without a strategy first."""
    by_configuration: dict[tuple[str, ...], list[Record]] = defaultdict(list)
    for record in sorted(records, key=lambda r: r.run.seed):
        by_configuration[(*record.run.cell, record.run.configuration)].append(record)
    by_names: dict[tuple[str, ...], list[tuple[str, ...]]] = defaultdict(list)
    for key in by_configuration:
        by_names[key[:3]].append(key)
    cells = []
    for keys in by_names.values():
        variants = _variants([by_configuration[key][0] for key in keys])
        for key, variant in zip(keys, variants, strict=True):
            members = by_configuration[key]
            done = tuple(r for r in members if r.status == "done")
            failed = tuple(r for r in members if r.status == "failed")
            cells.append(Cell(done, failed, variant))
    return sorted(cells, key=lambda c: (c.scenario, c.learner, c.strategy != "none", c.strategy, c.variant))


def _identity(record: Record) -> str:
    """What a row is about; a study that has been gone on with may have found other settings since."""
    run = record.run
    if run.tuning is not None:
        return json.dumps([run.tuning.study, run.scenario.settings], sort_keys=True)
    return json.dumps([(part.name, part.settings) for part in run.parts], sort_keys=True)


def _variants(records: Sequence[Record]) -> list[str]:
    """For configurations of the same names: the settings in which they differ.

    Of those that were tuned it is said how, in place of what was found, and where their stream is another one.
    """
    badges = [_badge(record.run.tuning) for record in records]
    of_stream = _differing([_of_stream(record) for record in records])
    of_rule = iter(_differing([_of_rule(record) for record in records if record.run.tuning is None]))
    variants = []
    for record, badge, stream in zip(records, badges, of_stream, strict=True):
        tuning = record.run.tuning
        if tuning is None:
            parts = [*next(of_rule), *stream]
        else:
            parts = [badge, *([tuning.study[-10:]] if badges.count(badge) > 1 else []), *stream]
        variants.append(", ".join(parts))
    return variants


def _differing(flat: Sequence[dict[str, Any]]) -> list[list[str]]:
    """For each of these settings, those that are not the same in all, written ``name=value``."""
    names = sorted({name for settings in flat for name in settings})
    differing = [n for n in names if len({json.dumps(s.get(n)) for s in flat}) > 1]
    return [[f"{n}={s[n]}" for n in differing if n in s] for s in flat]


def _badge(tuning: Tuning | None) -> str:
    if tuning is None:
        return ""
    return f"tuned, {tuning.protocol}" + (", optimistic" if tuning.optimistic else "")


def _of_rule(record: Record) -> dict[str, Any]:
    run = record.run
    return {**run.learner.settings, **{f"{run.strategy.name}.{k}": v for k, v in run.strategy.settings.items()}}


def _of_stream(record: Record) -> dict[str, Any]:
    scenario = record.run.scenario
    tables = [scenario.settings.get(table, {}) for table in ("stream", "training", "evaluation")]
    return {f"{scenario.name}.{k}": v for table in tables for k, v in table.items()}
