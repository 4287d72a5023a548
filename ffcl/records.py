"""Records: what a run leaves behind, written whole or not at all."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from ffcl.configuration import Run
from ffcl.errors import RecordError, UsageError
from ffcl.record_checks import check_matrix, check_types

SCHEMA = 2
"""2 adds choices, evaluated_samples and the costs; a record of schema 1 is read, and has none of them."""
LEARNER = "learner.pt"
"""The file of a trained learner, beside its record."""


@dataclass(frozen=True)
class Failure:
    """Why a run failed."""

    kind: str
    message: str
    traceback: str


@dataclass(frozen=True)
class Snapshot:
    """Accuracy while an experience is being learned.

    Attributes:
        experience: which one is being learned, counted from 1.
        step: training steps made in it.
        accuracy: on a fixed part of the test set of each experience so far, this one included (experience,).
    """

    experience: int
    step: int
    accuracy: list[float]


@dataclass(frozen=True)
class Record:
    """One run and its result.

    Attributes:
        run: the full configuration.
        status: ``"done"`` or ``"failed"``.
        accuracy: the matrix a[i][j], accuracy (0 to 1) on experience j's test set after training on experience
            i; row 0 is the untrained learner, rows 1 to T the trained ones; None if the run failed.
        experiences: the original class ids of each experience.
        choices: c[i][j], how many labels may be chosen for a sample of experience j after experience i; of the shape
            of ``accuracy``, empty if unknown.
        within: snapshots taken within experiences, in order, if the scenario asks for them.
        n_parameters: trained numbers at the end of the stream.
        state_bytes: size of all that the learner keeps at the end: parameters and buffers.
        note: what a reader must know of the learner, in its plugin's words.
        train_samples: samples seen in training, epochs counted, without those that a strategy adds.
        train_seconds: wall time of training.
        evaluation_seconds: wall time of evaluation.
        evaluated_samples: samples scored in all evaluations.
        strategy_bytes: size of all that the strategy keeps beside the learner at the end, see
            `ffcl.strategy_memory.strategy_bytes`.
        train_flops: floating-point operations of all training steps, see `ffcl.operations.TrainingOperations`.
        inference_flops: floating-point operations of scoring one sample at the end.
        peak_memory_bytes: largest resident memory of the process during the run, libraries and data included.
        parameters_sha256: of the trained state; equal for bit-equal results.
        data_sha256: of the data the stream was built from.
        index_sets: SHA-256 of the `ffcl.index_sets.IndexSet` of the samples it was trained on, ``"train"``, and
            tested on, ``"test"``; empty if the stream does not say.
        started: when the run began, UTC, ISO 8601.
        versions: of Python and the libraries.
        hardware: the machine.
        failure: why it failed, if it did.

    What is None is not known: of a failed run, of an older record, or on a system that does not tell.
    """

    run: Run
    status: Literal["done", "failed"]
    started: str
    accuracy: list[list[float]] | None = None
    experiences: list[list[int]] = field(default_factory=list)
    choices: list[list[int]] = field(default_factory=list)
    within: list[Snapshot] = field(default_factory=list)
    n_parameters: int = 0
    state_bytes: int = 0
    note: str = ""
    train_samples: int = 0
    train_seconds: float = 0.0
    evaluation_seconds: float = 0.0
    evaluated_samples: int | None = None
    strategy_bytes: int | None = None
    train_flops: int | None = None
    inference_flops: int | None = None
    peak_memory_bytes: int | None = None
    parameters_sha256: str = ""
    data_sha256: str = ""
    index_sets: dict[str, str] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    hardware: dict[str, str] = field(default_factory=dict)
    failure: Failure | None = None

    def to_json(self) -> str:
        """The record as JSON text."""
        content = {"schema": SCHEMA, "key": self.run.key, **asdict(self)}
        return json.dumps(content, indent=1, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Record:
        """Read a record.

        Raises:
            RecordError: no JSON, of a newer schema, or with missing or damaged parts.
        """
        try:
            content = json.loads(text)
        except json.JSONDecodeError as error:
            raise RecordError(f"it is no valid JSON ({error})") from error
        if not isinstance(content, dict) or not isinstance(content.get("schema"), int):
            raise RecordError("it is no ffcl record (no schema number)")
        if content["schema"] < 1:
            raise RecordError(f"it is no ffcl record (schema {content['schema']})")
        if content["schema"] > SCHEMA:
            raise RecordError(f"its schema is {content['schema']}, this ffcl reads up to {SCHEMA}; update ffcl")
        try:
            values = {k: v for k, v in content.items() if k not in ("schema", "key")}
            values["run"] = Run.from_mapping(values["run"])
            values["within"] = [Snapshot(**snapshot) for snapshot in values.get("within", ())]
            if values["failure"] is not None:
                values["failure"] = Failure(**values["failure"])
            record = cls(**values)
            check_types(record)
            check_matrix(record)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise RecordError(f"a part is missing or damaged ({type(error).__name__}: {error})") from error
        if record.run.key != content.get("key"):
            raise RecordError("its content does not fit its key: it has been edited")
        return record


def runs_folder(results: Path) -> Path:
    """Where the runs of a results folder are."""
    return results / "runs"


def open_results(results: Path) -> None:
    """Make the results folder, and make sure that records can be written into it.

    Raises:
        UsageError: they cannot; nothing has been run.
    """
    try:
        runs_folder(results).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=runs_folder(results)):
            pass
    except OSError as error:
        raise UsageError(f"Cannot write to the results folder {results}: {error.strerror}.") from error


def record_path(results: Path, run: Run) -> Path:
    """Where the record of ``run`` is, or will be."""
    return runs_folder(results) / run.key / "record.json"


def write_record(results: Path, record: Record) -> Path:
    """Write a record; a crash at any moment leaves the old one, or the new one, never a part.

    A failure never replaces a result: if the run has been done before, its record stays.
    """
    path = record_path(results, record.run)
    if record.status == "failed":
        earlier = find_record(results, record.run)
        if earlier is not None and earlier.status == "done":
            return path
    write_atomically(path, record.to_json())
    return path


def clear_leftovers(results: Path, run: Run) -> None:
    """Remove the temporary files of a process that was killed while it wrote the record of ``run``."""
    path = record_path(results, run)
    for name in (path.name, LEARNER):
        for leftover in path.parent.glob(f".{name}.*.tmp"):
            leftover.unlink(missing_ok=True)


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write a file through a temporary one in the same folder, fsync and rename."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = content.encode() if isinstance(content, str) else content
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def read_record(path: Path) -> Record:
    """Read one record.

    Raises:
        RecordError: it cannot be read, is damaged, or of a newer schema; the message names the file.
    """
    try:
        return Record.from_json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise RecordError(f"{path} cannot be read: {error}.") from error
    except RecordError as error:
        raise RecordError(f"{path} is left alone: {error}.") from error


def find_record(results: Path, run: Run) -> Record | None:
    """The record of ``run`` if it is there and readable."""
    try:
        return read_record(record_path(results, run))
    except RecordError:
        return None


def set_aside_unreadable(results: Path, run: Run) -> Path | None:
    """Rename a record of ``run`` that cannot be read, so that a new one never overwrites it."""
    path = record_path(results, run)
    if not path.exists():
        return None
    try:
        read_record(path)
    except RecordError:
        number = 1 + len(list(path.parent.glob("unreadable-*.json")))
        return path.rename(path.with_name(f"unreadable-{number}.json"))
    return None


def folded_problems(problems: Sequence[str]) -> list[str]:
    """Say once what is wrong with several records: the first one's message, and how many others there are."""
    by_reason: dict[str, list[str]] = {}
    for problem in problems:
        by_reason.setdefault(problem.partition("record.json")[2] or problem, []).append(problem)
    return [
        same[0] if len(same) == 1 else f"{same[0]} The same holds for {len(same) - 1} more."
        for same in by_reason.values()
    ]


def read_records(results: Path) -> tuple[list[Record], list[str]]:
    """Read every record of a results folder, sorted by key, and say which could not be read."""
    records, problems = [], []
    for path in sorted(runs_folder(results).glob("*/record.json")):
        try:
            records.append(read_record(path))
        except RecordError as error:
            problems.append(str(error))
    return records, problems
