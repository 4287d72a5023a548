"""A published set-up as a TOML file: what is run, by the labels that the published table uses.

    title = "Split MNIST as Hsu et al. (2018) trained it"
    source = "arXiv 1810.12488, Table 2"
    summary = "one line for `ffcl reproduce --list`"
    seeds = 5

    [scenarios.class-incremental]            # the label
    scenario = "split-mnist"                 # a scenario's name, or the path of a TOML file, seen from this one
    settings = { epochs = 4, batch_size = 128 }
    learner_settings = { lr = 0.001 }        # of every learner, in this scenario

    [learners.BP]
    learner = "bp"
    settings = { hidden = 400 }

    [strategies.ewc]
    strategy = "ewc"
    settings = { strength = 100 }
    learner_settings = { lr = 0.01 }         # of every learner, where it goes with this strategy

    [strategies.ewc.by_scenario]             # settings that are others in one scenario
    domain-incremental = { strength = 10 }

``settings``, ``learner_settings`` and ``by_scenario`` may be left out. Every learner goes with every strategy and
every scenario. The published values stand in a CSV file of the same stem beside it (`ffcl_reproduce.published`).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from ffcl.errors import UsageError, unknown_name
from ffcl_reproduce.published import Label, Published, read_published

Settings = Mapping[str, Any]


@dataclass(frozen=True)
class Named:
    """A learner of the set-up: its name here, and the settings that differ from its own."""

    name: str
    settings: Settings


@dataclass(frozen=True)
class NamedScenario(Named):
    """A scenario of the set-up, and the settings of the learners that go with it."""

    learner_settings: Settings


@dataclass(frozen=True)
class NamedStrategy:
    """A strategy of the set-up.

    Attributes:
        name: its name here.
        settings: its settings that differ from its defaults.
        learner_settings: settings of the learner that go with it.
        by_scenario: settings that are others in a scenario, by the scenario's label.
    """

    name: str
    settings: Settings
    learner_settings: Settings
    by_scenario: Mapping[str, Settings]

    def settings_in(self, scenario: str) -> dict[str, Any]:
        """Its settings in the scenario of this label."""
        return {**self.settings, **self.by_scenario.get(scenario, {})}


@dataclass(frozen=True)
class PublishedSetup:
    """A published set-up and the values published for it.

    Attributes:
        name: the stem of its file.
        where: its file, for complaints.
        title: what it is, for people.
        source: where the values were published.
        summary: one line.
        seeds: how many seeds it is run with unless said otherwise.
        scenarios: by label.
        learners: by label.
        strategies: by label.
        published: by the labels of scenario, learner and strategy.
    """

    name: str
    where: str
    title: str
    source: str
    summary: str
    seeds: int
    scenarios: Mapping[str, NamedScenario]
    learners: Mapping[str, Named]
    strategies: Mapping[str, NamedStrategy]
    published: Mapping[Label, Published]

    def labels(self, only: Sequence[str] = ()) -> list[Label]:
        """The labels of the cells, the learners of a strategy side by side.

        Args:
            only: labels; of each kind of which one is named, those that are not named are left out.

        Raises:
            UsageError: there is no such label.
        """
        kinds = (self.scenarios, self.learners, self.strategies)
        wanted = {text.casefold() for text in only}
        known = [label for kind in kinds for label in kind]
        for text in only:
            if text.casefold() not in {label.casefold() for label in known}:
                raise unknown_name(f"label of {self.name}", text, known)
        left = [[label for label in kind if label.casefold() in wanted] or list(kind) for kind in kinds]
        scenarios, learners, strategies = left
        return [(s, a, t) for s in scenarios for t in strategies for a in learners]


def shipped() -> dict[str, Traversable]:
    """The set-ups that come with the package, by name."""
    folder = files("ffcl_reproduce").joinpath("setups")
    found = {f.name.removesuffix(".toml"): f for f in folder.iterdir() if f.name.endswith(".toml")}
    return dict(sorted(found.items()))


def read_setup(name: str) -> PublishedSetup:
    """Read a set-up that is shipped, or one of the user's own by the path of its TOML file.

    Raises:
        UsageError: there is none, it or its published values cannot be read, or something in them is wrong.
    """
    if name.endswith(".toml"):
        path = Path(name)
        return _read(path, path.with_suffix(".csv"), path.stem, name, path.parent)
    known = shipped()
    if name not in known:
        raise unknown_name("set-up", name, known)
    beside = files("ffcl_reproduce").joinpath("setups", f"{name}.csv")
    return _read(known[name], beside, name, f"{name}.toml", None)


def _read(
    toml: Path | Traversable, csv: Path | Traversable, name: str, where: str, folder: Path | None
) -> PublishedSetup:
    try:
        content = tomllib.loads(toml.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"Set-up {where} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"Set-up {where} is no valid TOML: {error}.") from error
    _known(content, where, ("title", "source", "summary", "seeds", "scenarios", "learners", "strategies"))
    scenarios = {label: _scenario(table, folder, at) for label, table, at in _tables(content, "scenarios", where)}
    learners = {label: _learner(table, at) for label, table, at in _tables(content, "learners", where)}
    strategies = {label: _strategy(table, scenarios, at) for label, table, at in _tables(content, "strategies", where)}
    try:
        text = csv.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{where} needs its published values beside it, in {csv}: {error}.") from error
    labels = {"scenario": tuple(scenarios), "learner": tuple(learners), "strategy": tuple(strategies)}
    return PublishedSetup(
        name,
        where,
        _text(content, "title", where),
        _text(content, "source", where),
        _text(content, "summary", where),
        _seeds(content, where),
        scenarios,
        learners,
        strategies,
        read_published(text, csv.name, labels),
    )


def _tables(content: Settings, key: str, where: str) -> list[tuple[str, Settings, str]]:
    tables = _table(content, key, where)
    if not tables:
        raise UsageError(f"{where} needs a table [{key}.LABEL] at least.")
    return [(label, _table(tables, label, f"{where} [{key}]"), f"{where} [{key}.{label}]") for label in tables]


def _scenario(table: Settings, folder: Path | None, where: str) -> NamedScenario:
    _known(table, where, ("scenario", "settings", "learner_settings"))
    name = _text(table, "scenario", where)
    if folder is not None and name.endswith(".toml"):
        name = str(folder / name)
    return NamedScenario(name, _table(table, "settings", where), _table(table, "learner_settings", where))


def _learner(table: Settings, where: str) -> Named:
    _known(table, where, ("learner", "settings"))
    return Named(_text(table, "learner", where), _table(table, "settings", where))


def _strategy(table: Settings, scenarios: Mapping[str, NamedScenario], where: str) -> NamedStrategy:
    _known(table, where, ("strategy", "settings", "learner_settings", "by_scenario"))
    by_scenario = _table(table, "by_scenario", where)
    for label in by_scenario:
        if label not in scenarios:
            raise unknown_name(f"scenario in {where} by_scenario:", label, scenarios)
    return NamedStrategy(
        _text(table, "strategy", where),
        _table(table, "settings", where),
        _table(table, "learner_settings", where),
        {label: _table(by_scenario, label, f"{where} by_scenario") for label in by_scenario},
    )


def _known(table: Settings, where: str, known: tuple[str, ...]) -> None:
    for key in table:
        if key not in known:
            raise unknown_name(f"key in {where}:", key, known)


def _table(table: Settings, key: str, where: str) -> Settings:
    value: object = table.get(key, {})
    if not isinstance(value, dict):
        raise UsageError(f"{where}: {key} must be a table, got {value!r}.")
    return value


def _text(table: Settings, key: str, where: str) -> str:
    value: object = table.get(key)
    if not isinstance(value, str) or not value:
        raise UsageError(f"{where} needs a text `{key}`.")
    return value


def _seeds(content: Settings, where: str) -> int:
    value: object = content.get("seeds")
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise UsageError(f"{where} needs `seeds`, a number of 1 or more.")
    return value
