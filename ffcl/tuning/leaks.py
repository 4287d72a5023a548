"""Whether what was tuned on is what was evaluated on, by the evidence of the samples that were used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from itertools import product
from pathlib import Path

from ffcl.errors import RecordError
from ffcl.index_sets import overlap, read_index_set
from ffcl.records import Record, read_records
from ffcl.tuning.protocols import ON_OTHER_DATA

Compare = Callable[[frozenset[str], frozenset[str], Path, bool], str | None]
"""From the index sets of a study and of a run, by SHA-256, to what is wrong with them; the last argument says whether
they must be of the same data."""


def _compare(tuned: frozenset[str], evaluated: frozenset[str], results: Path, same_data: bool) -> str | None:
    if not tuned or not evaluated:
        return "there is no evidence of the samples used; tune and run again"
    try:
        sets = [[read_index_set(results, sha256) for sha256 in sorted(names)] for names in (tuned, evaluated)]
    except RecordError as error:
        return str(error).removesuffix(".")
    if shared := sum(overlap(a, b) for a, b in product(*sets)):
        return f"{shared} samples were used in tuning and in evaluation"
    data_tuned, data_evaluated = ({index_set.of for index_set in part} for part in sets)
    if same_data and data_tuned.isdisjoint(data_evaluated):
        return "tuned on other data than evaluated; tune again"
    return None


def leak(record: Record, results: Path, compare: Compare = _compare) -> str | None:
    """Why the record of a tuned run cannot be trusted, or None.

    The index sets of the study and of the run are read, their hashes computed anew, and compared. Sets of other data
    cannot be compared: only ``two-phase`` may tune on them, and kinds of stream that make their data up from the
    seed. A run that was tuned on the stream it is evaluated on is let through: it is called optimistic wherever it is
    shown.
    """
    tuning = record.run.tuning
    if tuning is None or tuning.optimistic or record.status != "done":
        return None
    same_data = tuning.protocol != ON_OTHER_DATA and "dataset" in (record.run.scenario.settings.get("stream") or {})
    return compare(frozenset(tuning.index_sets), frozenset(record.index_sets.values()), results, same_data)


def without_leaks(records: Sequence[Record], results: Path) -> tuple[list[Record], list[str]]:
    """The records that may be shown, and for the others, those of one row together, why not."""
    compare = cache(_compare)  # many runs share their sets
    kept: list[Record] = []
    refused: Counter[str] = Counter()
    for record in records:
        reason, tuning = leak(record, results, compare), record.run.tuning
        if reason is None or tuning is None:
            kept.append(record)
        else:
            refused[f"{' · '.join(record.run.cell)}, tuned under the protocol {tuning.protocol}: {reason}"] += 1
    return kept, [
        f"Refused {n} runs of {what}." if n > 1 else f"Refused the run of {what}." for what, n in refused.items()
    ]


def trusted_records(results: Path) -> tuple[list[Record], list[str]]:
    """Every record of a results folder that may be shown, and what was refused or could not be read."""
    records, problems = read_records(results)
    kept, refused = without_leaks(records, results)
    return kept, [*problems, *refused]
