"""A scenario: one TOML file that says which stream is built and how much training each experience gets."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

from optuna.distributions import IntDistribution

from ffcl.errors import UsageError, unknown_name
from ffcl.parameters import Parameters
from ffcl.specs import StreamSpec, resolve

KEYS = ("summary", "default", "stream", "training", "evaluation")


@dataclass(frozen=True, kw_only=True)
class TrainingBudget(Parameters):
    """How much every learner trains on an experience; it belongs to the scenario, so it is never tuned."""

    epochs: Annotated[int, IntDistribution(1, 10_000), "passes over each experience"] = 1
    iterations: Annotated[
        int,
        IntDistribution(0, 10_000_000),
        "steps an experience or piece, in place of epochs; 0: as many as the epochs take",
    ] = 0
    batch_size: Annotated[int, IntDistribution(1, 100_000), "training samples a step"] = 64
    shift: Annotated[int, IntDistribution(0, 64), "pixels by which training images are moved at most, at random"] = 0


@dataclass(frozen=True, kw_only=True)
class WithinExperiences(Parameters):
    """Evaluation while an experience is learned; it changes nothing in what is learned."""

    every: Annotated[int, IntDistribution(0, 1_000_000), "steps from one evaluation to the next; 0: none"] = 0
    samples: Annotated[int, IntDistribution(1, 1_000_000), "test samples an experience it uses, at most"] = 200


@dataclass(frozen=True)
class Scenario:
    """A stream of experiences and the training budget on it.

    Attributes:
        name: the name of its file.
        summary: one line for ``ffcl list``.
        spec: the kind of stream.
        stream: the stream's parameters.
        training: how much every learner trains on an experience.
        evaluation: evaluation while an experience is learned.
        default: whether it is run when no scenario is named.
    """

    name: str
    summary: str
    spec: StreamSpec
    stream: Parameters
    training: TrainingBudget
    evaluation: WithinExperiences = WithinExperiences()
    default: bool = False

    def with_changes(self, changes: Mapping[str, object]) -> Scenario:
        """Copy with some of its parameters changed: the stream's, the training's or the evaluation's.

        Raises:
            UsageError: an unknown or unfitting parameter.
        """
        parts = self.parts()
        owner = {f.name: part for part, parameters in parts.items() for f in parameters.fields()}
        for name in changes:
            if name not in owner:
                raise unknown_name(f"parameter of {self.name}", name, owner)
        changed: dict[str, Any] = {
            part: parameters.replace({k: v for k, v in changes.items() if owner[k] == part}, self.name)
            for part, parameters in parts.items()
        }
        return replace(self, **changed)

    def parts(self) -> dict[str, Parameters]:
        """Its parameters, by table of its file."""
        return {"stream": self.stream, "training": self.training, "evaluation": self.evaluation}

    def outline(self, seed: int) -> tuple[tuple[int, ...], ...]:
        """The original class ids of each experience under ``seed``; loads no data."""
        classes: tuple[tuple[int, ...], ...] = resolve(self.spec.outline)(self.stream, seed)
        return classes

    def to_mapping(self) -> dict[str, Any]:
        """Everything that decides the stream and the training on it, as plain values."""
        return {
            "kind": self.spec.name,
            **{part: parameters.to_mapping() for part, parameters in self.parts().items()},
        }


def flat(settings: Mapping[str, Any]) -> dict[str, Any]:
    """What `Scenario.to_mapping` gave, without the tables that parameters stand in and without the kind of stream."""
    tables = (settings[table] for table in ("stream", "training", "evaluation"))
    return {name: value for table in tables for name, value in table.items()}


def read_scenario(path: Path, streams: Mapping[str, StreamSpec]) -> Scenario:
    """Read a scenario file; the scenario is called like the file.

    Raises:
        UsageError: the file is missing, is no TOML, or has a wrong key or value.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"Cannot read the scenario file {path}: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"The scenario file {path} is not valid TOML: {error}.") from error
    for key in content:
        if key not in KEYS:
            raise unknown_name(f"key of {path}", key, KEYS)
    summary = content.get("summary")
    if not isinstance(summary, str) or not summary:
        raise UsageError(f"{path} needs a one-line text `summary`.")
    if not isinstance(content.get("default", False), bool):
        raise UsageError(f"{path}: `default` must be true or false.")
    tables: dict[str, Any] = {table: content.get(table, {}) for table in ("stream", "training", "evaluation")}
    for table, values in tables.items():
        if not isinstance(values, dict):
            raise UsageError(f"{path}: [{table}] must be a table.")
    scenario = scenario_from_mapping(path.stem, summary, tables, streams, where=str(path))
    return replace(scenario, default=content.get("default", False))


def scenario_from_mapping(
    name: str,
    summary: str,
    tables: Mapping[str, Mapping[str, object]],
    streams: Mapping[str, StreamSpec],
    where: str,
) -> Scenario:
    """Build a scenario from the plain values of its tables; ``where`` is named in complaints.

    Raises:
        UsageError: a wrong key or value.
    """
    values = dict(tables["stream"])
    kind = values.pop("kind", None)
    if not isinstance(kind, str):
        got = "" if kind is None else f", got {kind!r}"
        raise UsageError(f"{where} needs a `kind` in [stream], one of {', '.join(sorted(streams))}{got}.")
    if kind not in streams:
        raise unknown_name(f"kind of stream in {where}:", kind, streams)
    spec = streams[kind]
    return Scenario(
        name,
        summary,
        spec,
        spec.parameters.from_mapping(values, f"{where} [stream]"),
        TrainingBudget.from_mapping(tables["training"], f"{where} [training]"),
        WithinExperiences.from_mapping(tables["evaluation"], f"{where} [evaluation]"),
    )
