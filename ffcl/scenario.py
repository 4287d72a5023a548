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

KEYS = ("summary", "default", "stream", "training")


@dataclass(frozen=True, kw_only=True)
class TrainingBudget(Parameters):
    """How much every learner trains on an experience; it belongs to the scenario, so it is never tuned."""

    epochs: Annotated[int, IntDistribution(1, 10_000), "passes over each experience"] = 1
    batch_size: Annotated[int, IntDistribution(1, 100_000), "training samples a step"] = 64
    shift: Annotated[int, IntDistribution(0, 64), "pixels by which training images are moved at most, at random"] = 0


@dataclass(frozen=True)
class Scenario:
    """A stream of experiences and the training budget on it.

    Attributes:
        name: the name of its file.
        summary: one line for ``ffcl list``.
        spec: the kind of stream.
        stream: the stream's parameters.
        training: how much every learner trains on an experience.
        default: whether it is run when no scenario is named.
    """

    name: str
    summary: str
    spec: StreamSpec
    stream: Parameters
    training: TrainingBudget
    default: bool = False

    def with_changes(self, changes: Mapping[str, object]) -> Scenario:
        """Copy with some of the stream's parameters or of the training budget changed.

        Raises:
            UsageError: an unknown or unfitting parameter.
        """
        budget = {f.name for f in TrainingBudget.fields()}
        known = budget | {f.name for f in type(self.stream).fields()}
        for name in changes:
            if name not in known:
                raise unknown_name(f"parameter of {self.name}", name, known)
        of_budget = {k: v for k, v in changes.items() if k in budget}
        of_stream = {k: v for k, v in changes.items() if k not in budget}
        return replace(
            self,
            stream=self.stream.replace(of_stream, self.name),
            training=self.training.replace(of_budget, self.name),
        )

    def outline(self, seed: int) -> tuple[tuple[int, ...], ...]:
        """The original class ids of each experience under ``seed``; loads no data."""
        classes: tuple[tuple[int, ...], ...] = resolve(self.spec.outline)(self.stream, seed)
        return classes

    def to_mapping(self) -> dict[str, Any]:
        """Everything that decides the stream and the training on it, as plain values."""
        return {
            "kind": self.spec.name,
            "stream": self.stream.to_mapping(),
            "training": self.training.to_mapping(),
        }


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
    for table in ("stream", "training"):
        if not isinstance(content.get(table, {}), dict):
            raise UsageError(f"{path}: [{table}] must be a table.")
    scenario = scenario_from_mapping(
        path.stem, summary, content.get("stream", {}), content.get("training", {}), streams, where=str(path)
    )
    return replace(scenario, default=content.get("default", False))


def scenario_from_mapping(
    name: str,
    summary: str,
    stream: Mapping[str, object],
    training: Mapping[str, object],
    streams: Mapping[str, StreamSpec],
    where: str,
) -> Scenario:
    """Build a scenario from the plain values of its two tables; ``where`` is named in complaints.

    Raises:
        UsageError: a wrong key or value.
    """
    values = dict(stream)
    kind = values.pop("kind", None)
    if kind is None:
        raise UsageError(f"{where} needs a `kind` in [stream], one of {', '.join(sorted(streams))}.")
    if kind not in streams:
        raise unknown_name(f"kind of stream in {where}:", str(kind), streams)
    spec = streams[str(kind)]
    return Scenario(
        name,
        summary,
        spec,
        spec.parameters.from_mapping(values, f"{where} [stream]"),
        TrainingBudget.from_mapping(training, f"{where} [training]"),
    )
