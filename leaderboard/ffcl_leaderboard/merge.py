"""Join the records of several results folders; nothing is ever overwritten."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ffcl.errors import RecordError, UsageError
from ffcl.index_sets import read_index_set, write_index_set
from ffcl.records import (
    LEARNER,
    Record,
    find_record,
    read_records,
    record_path,
    runs_folder,
    write_atomically,
    write_record,
)
from ffcl.refusals import note_refusals, read_refusals


@dataclass
class Merged:
    """What came of a merge.

    Attributes:
        added: records that were new, or a result in place of a failure.
        same: records that were there already, with an equal result.
        conflicts: runs of which both sides have a result, and not the same; the one that was there has stayed.
        problems: what could not be read.
    """

    added: int = 0
    same: int = 0
    conflicts: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def merge(results: Path, folders: Sequence[Path]) -> Merged:
    """Copy into ``results`` what other folders have and it has not: records, trained learners, index sets, refusals.

    Raises:
        UsageError: a folder has no runs.
    """
    for folder in folders:
        if not runs_folder(folder).is_dir():
            raise UsageError(f"{folder} is no results folder: it has no folder 'runs'.")
    merged = Merged()
    for folder in folders:
        if folder.resolve() == results.resolve():
            continue
        records, problems = read_records(folder)
        merged.problems += problems
        for record in records:
            _take(record, folder, results, merged)
        merged.problems += _take_index_sets(folder, results)
        note_refusals(results, read_refusals(folder), accepted=())  # records may be of code that refused nothing yet
    return merged


def same_result(a: Record, b: Record) -> bool:
    """Whether two records of one run hold the same result, whatever time it took, and where."""
    return (a.status, a.accuracy, a.parameters_sha256, a.data_sha256) == (
        b.status,
        b.accuracy,
        b.parameters_sha256,
        b.data_sha256,
    )


def difference(a: Record, b: Record) -> str:
    """How two results of one run differ, in words."""
    if a.data_sha256 != b.data_sha256:
        return "made from other data"
    if a.accuracy is None or b.accuracy is None:
        return f"{a.status} here, {b.status} there"
    if not (furthest := distance(a, b)):
        return "accuracies are equal, the trained states are not"
    return f"accuracies differ by up to {100 * furthest:.2f} points"


def distance(a: Record, b: Record) -> float:
    """The largest difference between the accuracies of two results of one run; infinite if one has failed."""
    if a.accuracy is None or b.accuracy is None:
        return math.inf
    return float(np.abs(np.subtract(a.accuracy, b.accuracy)).max())


def _take(record: Record, folder: Path, results: Path, merged: Merged) -> None:
    there = find_record(results, record.run)
    if there is not None and there.status == "done":
        if record.status == "done" and not same_result(there, record):
            merged.conflicts.append(f"{record.run.key}: {difference(there, record)}")
            return
        merged.same += 1
        if record.status == "done" and not _learner(results, record).exists():
            _take_learner(record, folder, results)
        return
    if there is not None and record.status == "failed":
        merged.same += 1
        return
    if there is None and record_path(results, record.run).exists():
        merged.conflicts.append(f"{record.run.key}: the record that is there cannot be read")
        return
    write_record(results, record)
    merged.added += 1
    _take_learner(record, folder, results)


def _take_learner(record: Record, folder: Path, results: Path) -> None:
    if _learner(folder, record).exists():
        write_atomically(_learner(results, record), _learner(folder, record).read_bytes())


def _learner(results: Path, record: Record) -> Path:
    return record_path(results, record.run).with_name(LEARNER)


def _take_index_sets(folder: Path, results: Path) -> list[str]:
    """Copy the index sets that are missing or damaged, and say which cannot be read there."""
    problems = []
    for path in sorted((folder / "index-sets").glob("[!.]*")):  # not what a killed process has left
        try:
            write_index_set(results, read_index_set(folder, path.name))
        except RecordError as error:
            problems.append(str(error))
    return problems
