"""Group records into the leaderboard's rows."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ffcl.configuration import Run, Tuning
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
        rule_variant: the settings of learner and strategy that tell it from others of these names, the same on every
            scenario, or "".
        stream_variant: the settings of the stream that tell it from others of this scenario, or "".
    """

    done: tuple[Record, ...]
    failed: tuple[Record, ...]
    rule_variant: str = ""
    stream_variant: str = ""

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
    def variant(self) -> str:
        """The settings that tell this configuration from others of the same names, or ""."""
        return ", ".join(filter(None, (self.rule_variant, self.stream_variant)))

    @property
    def label(self) -> str:
        """Learner, strategy and variant in one line."""
        variant = f" ({self.variant})" if self.variant else ""
        return f"{self.learner} + {self.strategy}{variant}" if self.strategy != "none" else f"{self.learner}{variant}"

    def order(self) -> tuple[str | bool, ...]:
        """By names, no strategy first, then by variant."""
        without = self.strategy != "none"
        return self.scenario, self.learner, without, self.strategy, self.variant, self.first.run.configuration

    @property
    def settings(self) -> str:
        """What the cell is about, whatever the code."""
        return identity(self.first.run)

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


def once(records: Sequence[Record]) -> list[Record]:
    """Each run once, though its folder was copied: a result rather than a failure, then the latest."""
    by_key: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        by_key[record.run.key].append(record)
    return [max(same, key=_standing) if len(same) > 1 else same[0] for same in by_key.values()]


def _standing(record: Record) -> tuple[bool, str, str]:
    """What decides among records of one run; the text settles ties, as their order must not."""
    return record.status == "done", record.started, record.to_json()


def current(records: Sequence[Record]) -> tuple[list[Record], list[Record]]:
    """Separate the records of the latest code from those that an edited rule or a new version has superseded.

    A run that is there several times counts once.
    """
    by_identity: dict[str, list[Record]] = defaultdict(list)
    for record in once(records):
        by_identity[identity(record.run)].append(record)
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
    firsts = [members[0] for members in by_configuration.values()]
    rule_variants = _by_configuration(firsts, lambda record: record.run.cell[:2], _rule_variants)
    stream_variants = _by_configuration(firsts, lambda record: record.run.cell[2:], _stream_variants)
    cells = []
    for key, members in by_configuration.items():
        done = tuple(r for r in members if r.status == "done")
        failed = tuple(r for r in members if r.status == "failed")
        cells.append(Cell(done, failed, rule_variants[key], stream_variants[key]))
    return sorted(cells, key=Cell.order)


def _by_configuration(
    records: Sequence[Record],
    names: Callable[[Record], tuple[str, ...]],
    variants: Callable[[Sequence[Record]], list[str]],
) -> dict[tuple[str, ...], str]:
    """The variants of these records, told apart among those of the same names."""
    of_names: dict[tuple[str, ...], list[Record]] = defaultdict(list)
    for record in records:
        of_names[names(record)].append(record)
    return {
        (*record.run.cell, record.run.configuration): variant
        for same in of_names.values()
        for record, variant in zip(same, variants(same), strict=True)
    }


def identity(run: Run) -> str:
    """What a row is about; a study that has been gone on with may have found other settings since."""
    if run.tuning is not None:
        return json.dumps([run.tuning.study, run.scenario.settings], sort_keys=True)
    return json.dumps([(part.name, part.settings) for part in run.parts], sort_keys=True)


def _rule_variants(records: Sequence[Record]) -> list[str]:
    """For configurations of one learner with one strategy: the settings in which they differ.

    Of those that were tuned it is said how, in place of what was found.
    """
    plain = iter(_differing([of_rule(record) for record in records if record.run.tuning is None]))
    badges = Counter((_stream(record), _badge(record.run.tuning)) for record in records)
    variants = []
    for record in records:
        tuning = record.run.tuning
        badge = _badge(tuning)
        if tuning is None:
            parts = next(plain)
        else:
            parts = [badge, *([tuning.study_hash] if badges[_stream(record), badge] > 1 else [])]
        variants.append(", ".join(parts))
    return variants


def _stream(record: Record) -> str:
    return json.dumps([record.run.scenario.name, record.run.scenario.settings], sort_keys=True)


def _stream_variants(records: Sequence[Record]) -> list[str]:
    """For configurations on one scenario: the settings of the stream in which they differ."""
    return [", ".join(parts) for parts in _differing([_of_stream(record) for record in records])]


def _differing(flat: Sequence[dict[str, Any]]) -> list[list[str]]:
    """For each of these settings, those that are not the same in all, written ``name=value``."""
    names = sorted({name for settings in flat for name in settings})
    differing = [n for n in names if len({json.dumps(s.get(n)) for s in flat}) > 1]
    return [[f"{n}={s[n]}" for n in differing if n in s] for s in flat]


def _badge(tuning: Tuning | None) -> str:
    if tuning is None:
        return ""
    return f"tuned, {tuning.protocol}" + (", optimistic" if tuning.optimistic else "")


def of_rule(record: Record) -> dict[str, Any]:
    """The settings of learner and strategy by the names that variants give them."""
    run = record.run
    return {**run.learner.settings, **{f"{run.strategy.name}.{k}": v for k, v in run.strategy.settings.items()}}


def _of_stream(record: Record) -> dict[str, Any]:
    scenario = record.run.scenario
    tables = [scenario.settings.get(table, {}) for table in ("stream", "training", "evaluation")]
    return {f"{scenario.name}.{k}": v for table in tables for k, v in table.items()}
