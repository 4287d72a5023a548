"""What runs are of, whatever the code: by this rows of one stream, or of the same settings, are found."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ffcl.configuration import Run

TABLES = ("stream", "training", "evaluation")
"""The tables of a scenario, whose parameters ``--set`` knows by name alone."""

Settings = tuple[dict[str, Any], dict[str, Any], dict[str, Any]]
"""Of learner, strategy and scenario, by parameter."""


def by_owner(defaults: Mapping[str, Any] | None) -> dict[str, dict[str, Any]]:
    """Of defaults ``name.parameter``, those of each name by parameter."""
    owned: dict[str, dict[str, Any]] = {}
    for key, value in (defaults or {}).items():
        name, _, parameter = key.partition(".")
        owned.setdefault(name, {})[parameter] = value
    return owned


def settings_of(run: Run, defaults: Mapping[str, Mapping[str, Any]]) -> Settings:
    """The settings of a run, those of a scenario's tables side by side.

    Args:
        run: of whatever code.
        defaults: see `by_owner`: the values of what the run's code did not know yet.
    """
    learner, strategy, scenario = (
        {**defaults.get(part.name, {}), **_side_by_side(part.settings)} for part in run.parts
    )
    return learner, strategy, scenario


def identity(run: Run, settings: Settings) -> str:
    """What a row is about; a study that has been gone on with may have found other settings since."""
    return written(run.cell, settings) if run.tuning is None else written(run.tuning.study, settings[2])


def written(*values: object) -> str:
    """Values as a text that is the same for equal ones."""
    return json.dumps(values, sort_keys=True)


def _side_by_side(settings: Mapping[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in settings.items():
        flat |= value if name in TABLES and isinstance(value, dict) else {name: value}
    return flat
