"""What comes out of a study: settings that won, and how they were found; kept as TOML, to be shared and loaded."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ffcl.configuration import Tuning
from ffcl.errors import RecordError, unknown_name
from ffcl.record_checks import check_types
from ffcl.records import write_atomically

STUDIES = "studies"
FILE = "tuned.toml"


@dataclass(frozen=True)
class Tuned:
    """Tuned settings of a learner with a strategy on a scenario.

    Attributes:
        learner: its name.
        strategy: its name.
        scenario: the name of the scenario, or the path of its file, as it was given.
        settings: ``name.parameter`` to value, of learner and strategy: what won, and what was fixed.
        evaluation: the scenario's settings for the evaluation that these settings are for: its part of the data, and
            what had been changed.
        trial: number of the trial that won.
        values: metric to its mean on tuning data: on the fresh seeds, and of a point of the front on those of trials.
        tuning: how the settings were found.
        tuned_on: the scenario's settings for the trials; empty if it is not known.
        defined: the scenario's own settings as they then were, before what had been changed; empty if not known.
        code: fingerprint of the code of ``learner``, ``strategy`` and ``stream`` in the trials; empty if not known.
    """

    learner: str
    strategy: str
    scenario: str
    settings: dict[str, Any]
    evaluation: dict[str, Any]
    trial: int
    values: dict[str, float]
    tuning: Tuning
    tuned_on: dict[str, Any] = field(default_factory=dict)
    defined: dict[str, Any] = field(default_factory=dict)
    code: dict[str, str] = field(default_factory=dict)

    def to_toml(self) -> str:
        """The file's content."""
        head = {name: getattr(self, name) for name in ("learner", "strategy", "scenario")}
        tables = {
            "settings": self.settings,
            "evaluation": self.evaluation,
            "tuned_on": self.tuned_on,
            "defined": self.defined,
            "code": self.code,
            "outcome": {"trial": self.trial, **self.values},
            "tuning": {k: v for k, v in asdict(self.tuning).items() if not isinstance(v, dict)},
            "tuning.defaults": self.tuning.defaults,
        }
        lines = ["# Found by `ffcl tune`; run it with `ffcl run --configuration FILE`.", *_pairs(head)]
        for name, table in tables.items():
            lines += ["", f"[{name}]", *_pairs(table)]
        return "\n".join(lines) + "\n"

    @classmethod
    def from_toml(cls, text: str) -> Tuned:
        """Read what `to_toml` wrote.

        Raises:
            RecordError: it is no TOML, a part is missing, or a setting is of neither its learner nor its strategy.
        """
        try:
            content = tomllib.loads(text)
            outcome = dict(content["outcome"])
            trial = outcome.pop("trial")
            parts = {n: content[n] for n in ("learner", "strategy", "scenario", "settings", "evaluation")}
            later = {n: content.get(n, {}) for n in ("tuned_on", "defined", "code")}  # older files lack them
            tuned = cls(**parts, trial=trial, values=outcome, tuning=Tuning(**content["tuning"]), **later)
            check_types(tuned)
            check_types(tuned.tuning)
        except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
            raise RecordError(f"it holds no tuned configuration ({type(error).__name__}: {error})") from error
        tuned._check_owners()
        return tuned

    def _check_owners(self) -> None:
        owners = (self.learner, self.strategy)
        for target in (*self.settings, *self.tuning.defaults):
            if (owner := target.partition(".")[0]) not in owners:
                message = unknown_name(f"learner or strategy of the setting {target!r}:", owner, owners)
                raise RecordError(str(message).removesuffix("."))


def _pairs(table: Mapping[str, Any]) -> list[str]:
    """``key = value`` lines; the values of JSON are, for numbers, texts, booleans and lists of these, those of TOML."""
    lines = [" = ".join(json.dumps(part, ensure_ascii=False) for part in pair) for pair in table.items()]
    return [line.replace("\x7f", r"\u007f") for line in lines]  # the one character that JSON leaves and TOML does not


def write_tuned(path: Path, tuned: Tuned) -> None:
    """Freeze what a study has found."""
    write_atomically(path, tuned.to_toml())


def read_tuned(path: Path) -> Tuned:
    """Read one file of tuned settings.

    Raises:
        RecordError: it cannot be read or is damaged; the message names it.
    """
    try:
        return Tuned.from_toml(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise RecordError(f"{path} cannot be read: {error}.") from error
    except RecordError as error:
        raise RecordError(f"{path} is left alone: {error}.") from error


def read_all_tuned(results: Path) -> tuple[list[Tuned], list[str]]:
    """Everything that has been tuned in a results folder, the latest last, and what could not be read."""
    found, problems = [], []
    for path in sorted((results / STUDIES).glob(f"*/{FILE}"), key=lambda p: (p.stat().st_mtime_ns, p)):
        try:
            found.append(read_tuned(path))
        except RecordError as error:
            problems.append(str(error))
    return found, problems
