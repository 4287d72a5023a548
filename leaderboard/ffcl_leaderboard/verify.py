"""Run some of the records again, and hold the results against them."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from ffcl.environment import hardware, library_versions
from ffcl.pool import Pool
from ffcl.records import Record
from ffcl.worker import Job
from ffcl_leaderboard.cells import once
from ffcl_leaderboard.merge import difference, distance, same_result

TOLERANCE = 0.02
"""Of each accuracy, where the machine or a library is another one: 2 points."""

Outcome = Literal["same", "within tolerance", "different", "failed", "no data"]


@dataclass(frozen=True)
class Verified:
    """One record that was run again.

    Attributes:
        record: the record.
        outcome: what came of it.
        message: how it differs, or why it could not be run.
    """

    record: Record
    outcome: Outcome
    message: str = ""

    @property
    def good(self) -> bool:
        """Whether the record stands."""
        return self.outcome in ("same", "within tolerance")


def choose(records: Sequence[Record], sample: int, seed: int) -> list[Record]:
    """Finished records: one of each of some cells drawn at random, then further ones; the arguments alone decide."""
    finished = sorted((r for r in once(records) if r.status == "done"), key=lambda r: r.run.key)
    random.Random(seed).shuffle(finished)
    drawn: Counter[str] = Counter()
    rounds = []
    for record in finished:
        cell = replace(record.run, seed=0).key
        rounds.append((drawn[cell], record))
        drawn[cell] += 1
    rounds.sort(key=lambda pair: pair[0])  # every cell once, then every cell twice
    return [record for _, record in rounds[:sample]]


def verify(
    records: Sequence[Record], data_root: Path, workers: int, tolerance: float = TOLERANCE
) -> Iterator[Verified]:
    """Run these records again, keep nothing, and say of each whether it came out the same.

    On the same class of hardware (`same_conditions`) the result must be bit for bit the same: accuracies and trained
    state. Elsewhere each accuracy may differ by ``tolerance``.
    """
    by_key = {record.run.key: record for record in records}
    with TemporaryDirectory() as apart, Pool(workers) as pool:  # what a run writes beside its record goes there
        for record in records:
            pool.submit(Job(record.run, Path(apart), data_root, returned=True))
        with closing(pool.events()) as events:
            for event in events:
                if event.event in ("done", "failed", "no-data"):
                    yield _judge(by_key[event.run.key], event.record, event.message, tolerance)


def same_conditions(a: Record, b: Record) -> bool:
    """Whether two records were made on the same class of hardware with the same versions of the libraries."""

    def conditions(record: Record) -> list[str | None]:
        of_code = [version for name, version in sorted(record.versions.items()) if name != "git"]
        return [*of_code, record.hardware.get("system"), record.hardware.get("processor")]

    return conditions(a) == conditions(b)


def conditions_now() -> str:
    """This machine and its libraries, in words."""
    return f"{hardware()['processor']}, torch {library_versions().get('torch', 'unknown')}"


def _judge(record: Record, again: Record | None, message: str, tolerance: float) -> Verified:
    if again is None:
        return Verified(record, "no data", message)
    if again.status == "failed":
        return Verified(record, "failed", message)
    if same_result(record, again):
        return Verified(record, "same")
    how = difference(record, again)
    if same_conditions(record, again) or record.data_sha256 != again.data_sha256:
        return Verified(record, "different", how)
    near = distance(record, again) <= tolerance
    return Verified(record, "within tolerance" if near else "different", f"{how}; other conditions")
