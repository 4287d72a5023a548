"""A worker process: runs jobs one after the other; one line of JSON in, lines of JSON out.

A process of its own keeps a learner's crash away from the other runs. The parent's death closes the pipes: the
worker finishes and writes its run, and ends.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import json
import os
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from ffcl.configuration import Run
from ffcl.errors import DataError, StreamError
from ffcl.records import LEARNER, Failure, Record, clear_leftovers, find_record, record_path, write_record
from ffcl.registry import installed

Emit = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class Job:
    """A run, and how to do it.

    Attributes:
        run: what to run.
        results: the folder that records go to.
        data_root: the folder that data sets are in.
        rerun: whether to run it although it is done.
        wait: whether to wait for another process that is at the same run.
        keep: whether to keep the trained learner beside the record.
        returned: whether the record is handed back, in place of being written; the run is done whatever there is.
        limit: seconds after which the run is ended as failed; 0 is no limit. Only worker processes can hold it.
    """

    run: Run
    results: Path
    data_root: Path
    rerun: bool = False
    wait: bool = False
    keep: bool = False
    returned: bool = False
    limit: float = 0.0

    @property
    def folder(self) -> Path:
        """Where the run's record goes."""
        return record_path(self.results, self.run).parent

    def is_done(self) -> bool:
        """Whether there is nothing left to do."""
        if self.rerun or self.returned:
            return False
        record = find_record(self.results, self.run)
        return record is not None and record.status == "done" and (not self.keep or (self.folder / LEARNER).exists())

    def to_json(self) -> str:
        """The job as one line."""
        return json.dumps(asdict(self) | {"results": str(self.results), "data_root": str(self.data_root)})

    @classmethod
    def from_json(cls, line: str) -> Job:
        """Read what `to_json` wrote."""
        values = json.loads(line)
        values["run"] = Run.from_mapping(values["run"])
        values |= {name: Path(values[name]) for name in ("results", "data_root")}
        return cls(**values)


def perform(job: Job, emit: Emit) -> None:
    """Do a job unless it is done or another process is at it; emit its progress and its outcome."""
    if job.returned:
        _perform_alone(job, emit)
        return
    locks = job.results / ".locks"
    locks.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(locks / f"{job.run.key}.lock", timeout=-1 if job.wait else 0):
            clear_leftovers(job.results, job.run)
            if job.is_done():
                emit({"event": "cached"})
            else:
                _perform_alone(job, emit)
    except Timeout:
        emit({"event": "busy"})


def _perform_alone(job: Job, emit: Emit) -> None:
    from ffcl.execute import execute  # imports torch and avalanche

    def report(done: int, total: int, row: list[float]) -> None:
        seen = row[:done]
        try:
            emit({"event": "progress", "done": done, "total": total, "accuracy": sum(seen) / max(1, len(seen))})
        except BrokenPipeError:  # the parent is gone, which is no failure of the learner
            if job.returned:  # to nobody
                raise

    emit({"event": "ready"})
    try:
        keep = job.folder / LEARNER if job.keep else None
        record = execute(job.run, installed(), job.data_root, report, keep, index_sets=job.results)
    except DataError as error:
        emit({"event": "no-data", "message": str(error), "alone": isinstance(error, StreamError)})
        return
    emit(hand_over(job, record))


def hand_over(job: Job, record: Record) -> dict[str, Any]:
    """Write the record of a job, or put it into the event that is returned, as the job wants it."""
    message = f"{record.failure.kind}: {record.failure.message}" if record.failure else ""
    try:
        if job.returned:
            return {"event": record.status, "message": message, "record": record.to_json()}
        write_record(job.results, record)
    except (OSError, TypeError, ValueError) as error:  # the disk is full, say, or something is nothing for JSON
        message = f"The record could not be written: {error}. {message}".strip()
        if job.returned:  # who waits for a record is told of the failure by one
            record = Record(job.run, "failed", record.started, failure=Failure(type(error).__name__, message, ""))
            return {"event": "failed", "message": message, "record": record.to_json()}
        return {"event": "failed", "message": message}
    return {"event": record.status, "message": message}


def give_memory_back() -> None:
    """Free what a run has left, and return it to the system: the heap in pieces, a process grew with every run."""
    gc.collect()  # a training and its plugins hold each other
    with contextlib.suppress(OSError, AttributeError):  # of other C libraries than glibc
        ctypes.CDLL(None).malloc_trim(0)


def main() -> None:
    """Serve jobs from standard input until it is closed."""
    warnings.simplefilter("ignore")  # the libraries' warnings would come once a worker
    jobs = os.fdopen(os.dup(0), encoding="utf-8")
    with open(os.devnull) as nothing:
        os.dup2(nothing.fileno(), 0)  # a learner that asks for input, as a forgotten breakpoint() does, gets none
    events = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)  # whatever a learner prints goes to the log

    def emit(event: dict[str, Any]) -> None:
        events.write(json.dumps(event) + "\n")

    try:
        for number, line in enumerate(jobs):
            perform(Job.from_json(line), emit)
            give_memory_back()
            if number == 0:
                gc.freeze()  # half a million objects of the libraries, which are there to stay, are not searched again
    except BrokenPipeError:
        os._exit(1)  # the parent is gone


if __name__ == "__main__":
    main()
