"""Whether what was tuned on is what was evaluated on, by the evidence of the samples that were used."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from pathlib import Path

from ffcl.errors import RecordError
from ffcl.index_sets import overlap, read_index_set
from ffcl.records import Record, read_records


def leak(record: Record, results: Path) -> str | None:
    """Why the record of a tuned run cannot be trusted, or None.

    The index sets of the study and of the run are read, their hashes computed anew, and compared. A run that was
    tuned on the stream it is evaluated on is let through: it is called optimistic wherever it is shown.
    """
    tuning = record.run.tuning
    if tuning is None or tuning.optimistic or record.status != "done":
        return None
    if not tuning.index_sets or not record.index_sets:
        return "there is no evidence of the samples used; tune and run again"
    try:
        used = [read_index_set(results, sha256) for sha256 in tuning.index_sets.values()]
        evaluated = [read_index_set(results, sha256) for sha256 in record.index_sets.values()]
    except RecordError as error:
        return str(error)
    if shared := sum(overlap(a, b) for a, b in product(used, evaluated)):
        return f"{shared} samples were used in tuning and in evaluation"
    return None


def without_leaks(records: Sequence[Record], results: Path) -> tuple[list[Record], list[str]]:
    """The records that may be shown, and for the others why not."""
    kept, refused = [], []
    for record in records:
        if reason := leak(record, results):
            tuning = record.run.tuning
            protocol = tuning.protocol if tuning is not None else ""
            refused.append(f"Refused: {record.run.key}, tuned under the protocol {protocol}: {reason}.")
        else:
            kept.append(record)
    return kept, refused


def trusted_records(results: Path) -> tuple[list[Record], list[str]]:
    """Every record of a results folder that may be shown, and what was refused or could not be read."""
    records, problems = read_records(results)
    kept, refused = without_leaks(records, results)
    return kept, [*problems, *refused]
