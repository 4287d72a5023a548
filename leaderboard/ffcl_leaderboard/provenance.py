"""Where a row comes from: code, settings, data, versions and machines."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from ffcl.configuration import Component
from ffcl.records import Record
from ffcl_leaderboard.cells import Cell

SEVERAL = "several"
"""Said of runs that do not agree; runs.csv tells them apart."""


def provenance_columns(cell: Cell) -> dict[str, Any]:
    """Hashes, versions, settings and machines of a cell."""
    run, records = cell.first.run, cell.done or cell.failed
    versions = [{k: v for k, v in record.versions.items() if k != "git"} for record in records]
    return {
        "note": cell.first.note,
        "scenario_hash": scenario_hash(run.scenario),
        "data_sha256": _shared(record.data_sha256 for record in records),
        "ffcl_version": run.ffcl,
        "git": _shared(record.versions.get("git", "") for record in records),
        "versions": _shared(map(_json, versions)),
        "hardware": _shared(_json(record.hardware) for record in records),
        **{f"{name}_version": f"{p.distribution} {p.version} {p.code}" for name, p in _parts(cell.first)},
        **{f"{name}_settings": _json(p.settings) for name, p in _parts(cell.first)},
    }


def scenario_hash(scenario: Component) -> str:
    """Identifies the settings and the code of a scenario."""
    return hashlib.sha256(_json(scenario.to_mapping()).encode()).hexdigest()[:10]


def _parts(record: Record) -> Iterable[tuple[str, Component]]:
    return zip(("learner", "strategy", "scenario"), record.run.parts, strict=True)


def _shared(values: Iterable[str]) -> str:
    distinct = set(values)
    return distinct.pop() if len(distinct) == 1 else SEVERAL


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True)
