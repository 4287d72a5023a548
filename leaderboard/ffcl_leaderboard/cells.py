"""Group records into the leaderboard's rows."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ffcl.configuration import Tuning, own_settings
from ffcl.metrics import METRICS, never_learned, retention
from ffcl.records import Record
from ffcl_leaderboard.settings import Settings, by_owner, identity, settings_of, written
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
        settings: of learner, strategy and scenario, see `settings_of`.
        rule_variant: the settings of learner and strategy that tell it from others of these names, the same on every
            scenario, or "".
        stream_variant: the settings of the stream that tell it from others of this scenario, or "".
    """

    done: tuple[Record, ...]
    failed: tuple[Record, ...]
    settings: Settings
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
    def identity(self) -> str:
        """What the cell is about, whatever the code."""
        return identity(self.first.run, self.settings)

    @property
    def stream(self) -> str:
        """The scenario with its settings; seeds of one stream are pairs."""
        return written(self.scenario, self.settings[2])

    @property
    def untuned(self) -> Settings:
        """The settings, those that were tuned as they were before."""
        run = self.first.run
        before = {} if run.tuning is None else run.tuning.defaults
        of_parts = zip(run.cell, self.settings, strict=True)
        learner, strategy, scenario = ({**settings, **own_settings(name, before)} for name, settings in of_parts)
        return learner, strategy, scenario

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


def current(records: Sequence[Record], defaults: Mapping[str, Any] | None = None) -> tuple[list[Record], list[Record]]:
    """Separate the records of the latest code from those that an edited rule or a new version has superseded.

    A run that is there several times counts once.

    Args:
        records: of whatever code.
        defaults: ``name.parameter`` to its default, for what older code did not know.
    """
    owned = by_owner(defaults)
    runs = {record.run.configuration: record.run for record in records}
    about = {name: identity(run, settings_of(run, owned)) for name, run in runs.items()}
    by_identity: dict[str, list[Record]] = defaultdict(list)
    for record in once(records):
        by_identity[about[record.run.configuration]].append(record)
    kept: list[Record] = []
    superseded: list[Record] = []
    for same in by_identity.values():
        latest = max(same, key=lambda r: r.started).run.configuration
        for record in same:
            (kept if record.run.configuration == latest else superseded).append(record)
    return kept, superseded


def group(records: Sequence[Record], defaults: Mapping[str, Any] | None = None) -> list[Cell]:
    """Group records by configuration, in order of their names, without a strategy first.

    Args:
        records: of which each configuration makes a cell.
        defaults: ``name.parameter`` to its default, for what older code did not know.
    """
    by_configuration: dict[tuple[str, ...], list[Record]] = defaultdict(list)
    for record in sorted(records, key=lambda r: r.run.seed):
        by_configuration[(*record.run.cell, record.run.configuration)].append(record)
    owned, cells = by_owner(defaults), []
    for members in by_configuration.values():
        done = tuple(r for r in members if r.status == "done")
        failed = tuple(r for r in members if r.status == "failed")
        cells.append(Cell(done, failed, settings_of(members[0].run, owned)))
    rules = _by_configuration(cells, lambda cell: (cell.learner, cell.strategy), _rule_variants)
    streams = _by_configuration(cells, lambda cell: (cell.scenario,), _stream_variants)
    names = [cell.first.run.configuration for cell in cells]
    told_apart = [
        replace(cell, rule_variant=rules[name], stream_variant=streams[name])
        for cell, name in zip(cells, names, strict=True)
    ]
    return sorted(told_apart, key=Cell.order)


def _by_configuration(
    cells: Sequence[Cell],
    names: Callable[[Cell], tuple[str, ...]],
    variants: Callable[[Sequence[Cell]], list[str]],
) -> dict[str, str]:
    """The variants of these cells, told apart among those of the same names."""
    of_names: dict[tuple[str, ...], list[Cell]] = defaultdict(list)
    for cell in cells:
        of_names[names(cell)].append(cell)
    return {
        cell.first.run.configuration: variant
        for same in of_names.values()
        for cell, variant in zip(same, variants(same), strict=True)
    }


def _rule_variants(cells: Sequence[Cell]) -> list[str]:
    """For cells of one learner with one strategy: the settings in which they differ.

    Of those that were tuned it is said how, in place of what was found.
    """
    plain = iter(_differing([of_rule(cell) for cell in cells if cell.first.run.tuning is None]))
    badges = Counter((cell.stream, _badge(cell.first.run.tuning)) for cell in cells)
    variants = []
    for cell in cells:
        tuning = cell.first.run.tuning
        badge = _badge(tuning)
        if tuning is None:
            parts = next(plain)
        else:
            parts = [badge, *([tuning.study_hash] if badges[cell.stream, badge] > 1 else [])]
        variants.append(", ".join(parts))
    return variants


def _stream_variants(cells: Sequence[Cell]) -> list[str]:
    """For cells on one scenario: the settings of the stream in which they differ."""
    flat = [{f"{cell.scenario}.{name}": value for name, value in cell.settings[2].items()} for cell in cells]
    return [", ".join(parts) for parts in _differing(flat)]


def _differing(flat: Sequence[dict[str, Any]]) -> list[list[str]]:
    """For each of these settings, those that are not the same in all, written ``name=value``."""
    names = sorted({name for settings in flat for name in settings})
    differing = [n for n in names if len({json.dumps(s.get(n)) for s in flat}) > 1]
    return [[f"{n}={s[n]}" for n in differing if n in s] for s in flat]


def _badge(tuning: Tuning | None) -> str:
    if tuning is None:
        return ""
    return f"tuned, {tuning.protocol}" + (", optimistic" if tuning.optimistic else "")


def of_rule(cell: Cell) -> dict[str, Any]:
    """The settings of learner and strategy by the names that variants give them."""
    learner, strategy, _ = cell.settings
    return {**learner, **{f"{cell.strategy}.{name}": value for name, value in strategy.items()}}
