"""A worker process: runs jobs one after the other; one line of JSON in, lines of JSON out.

A process of its own keeps a learner's crash away from the other runs. The parent's death closes the pipes,
and the worker ends at its next line.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from ffcl.errors import DataError
from ffcl.plan import Run
from ffcl.records import find_record, write_record
from ffcl.registry import installed

Emit = Callable[[dict[str, Any]], None]


def perform(run: Run, results: Path, data_root: Path, wait: bool, emit: Emit) -> None:
    """Run one run unless it is done or another process is at it; emit its progress and its outcome.

    Args:
        run: what to run.
        results: the folder that records go to.
        data_root: the folder that data sets are in.
        wait: whether to wait for another process that is at the same run.
        emit: called with each event.
    """
    locks = results / ".locks"
    locks.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(locks / f"{run.key}.lock", timeout=-1 if wait else 0):
            record = find_record(results, run)
            if record is not None and record.status == "done":
                emit({"event": "cached"})
                return
            _perform_alone(run, results, data_root, emit)
    except Timeout:
        emit({"event": "busy"})


def _perform_alone(run: Run, results: Path, data_root: Path, emit: Emit) -> None:
    from ffcl.execute import execute  # imports torch and avalanche

    def report(done: int, total: int, row: list[float]) -> None:
        seen = row[:done]
        emit({"event": "progress", "done": done, "total": total, "accuracy": sum(seen) / max(1, len(seen))})

    try:
        record = execute(run, installed(), data_root, report)
    except DataError as error:
        emit({"event": "no-data", "message": str(error)})
        return
    write_record(results, record)
    message = f"{record.failure.kind}: {record.failure.message}" if record.failure else ""
    emit({"event": record.status, "message": message})


def main() -> None:
    """Serve jobs from standard input until it is closed."""
    warnings.simplefilter("ignore")  # the libraries' warnings would come once a worker
    events = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)  # whatever a learner prints goes to the log

    def emit(event: dict[str, Any]) -> None:
        events.write(json.dumps(event) + "\n")

    try:
        for line in sys.stdin:
            job = json.loads(line)
            run = Run.from_mapping(job["run"])
            perform(run, Path(job["results"]), Path(job["data_root"]), job["wait"], emit)
    except BrokenPipeError:
        os._exit(1)  # the parent is gone


if __name__ == "__main__":
    main()
