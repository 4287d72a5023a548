"""What the installed code says of records: what has changed since they were made, and what the defaults are."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Any

from ffcl.configuration import Component, Run
from ffcl.plan import component, parts_of
from ffcl.records import Record
from ffcl.registry import Offer, Registry

Changes = Callable[[Run], list[str]]
"""What has changed in the installed code since a run, in words."""


def nothing_changed(run: Run) -> list[str]:
    """For records whose code is not asked about."""
    return []


def installed_changes(registry: Registry) -> Changes:
    """Compare runs with the code that is installed."""
    now = version("ffcl")

    def changes(run: Run) -> list[str]:
        parts = zip(("learner", "strategy", "scenario"), parts_of(run, registry), strict=True)
        found = [change for what, (part, offer) in parts if (change := _change(what, part, offer))]
        return [*found, *([f"ffcl {run.ffcl}, now {now}"] if run.ffcl != now else [])]

    return changes


def installed_defaults(registry: Registry) -> dict[str, Any]:
    """``name.parameter`` to its default, of all scenarios, and of learners and strategies that need no value given."""
    owners: dict[str, dict[str, Any]] = {
        name: offer.item.hyperparameters.from_mapping({}, name).to_mapping()
        for offers in (registry.learners, registry.strategies)
        for name, offer in offers.items()
        if not any(field.required for field in offer.item.hyperparameters.fields())
    }
    for name, offer in registry.scenarios.items():
        tables = offer.item.to_mapping().values()
        owners[name] = {key: value for table in tables if isinstance(table, dict) for key, value in table.items()}
    return {f"{owner}.{key}": value for owner, values in owners.items() for key, value in values.items()}


def _change(what: str, part: Component, offer: Offer[Any] | None) -> str:
    if offer is None:
        return f"{what} not installed"
    today = component(part.name, part.settings, offer)
    if today.version != part.version or today.distribution != part.distribution:
        was, now = f"{part.distribution} {part.version}", f"{today.distribution} {today.version}"
        return f"{what} of {was}, now {now}"
    return f"{what} code edited" if today.code != part.code else ""


def data_changes(records: Sequence[Record]) -> set[str]:
    """Keys of the runs whose data is not that of the latest run of the same stream.

    A data set that the stream names is one and the same for every seed; a kind of stream that makes its data up may do
    so from the seed, and its runs are compared seed by seed.
    """
    latest: dict[str, Record] = {}
    finished = [record for record in records if record.status == "done" and record.data_sha256]
    for record in sorted(finished, key=lambda r: (r.started, r.run.key)):
        latest[_stream(record)] = record
    return {r.run.key for r in finished if r.data_sha256 != latest[_stream(r)].data_sha256}


def _stream(record: Record) -> str:
    scenario = record.run.scenario
    stream = scenario.settings.get("stream") or {}
    seed = None if "dataset" in stream else record.run.seed
    return json.dumps([scenario.name, stream, seed], sort_keys=True)
