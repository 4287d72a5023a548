"""Several worker processes share the runs of a plan; a run that takes its process down takes nothing else."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from ffcl.environment import hardware, library_versions
from ffcl.plan import Run
from ffcl.records import Failure, Record, find_record, set_aside_unreadable, write_record
from ffcl.worker import perform

Kind = Literal["started", "progress", "done", "failed", "cached", "no-data", "busy", "warning"]
FINAL: frozenset[str] = frozenset({"done", "failed", "cached", "no-data", "busy"})


@dataclass(frozen=True)
class Event:
    """Something that happened to a run.

    ``done`` and ``total`` count experiences, ``accuracy`` is the mean over those learned so far.
    """

    run: Run
    event: Kind
    done: int = 0
    total: int = 0
    accuracy: float = 0.0
    message: str = ""


def run_all(runs: Sequence[Run], results: Path, data_root: Path, workers: int, rerun: bool = False) -> Iterator[Event]:
    """Run everything that is not done yet, yielding events; closing the iterator stops the workers.

    Args:
        runs: what to run, in this order.
        results: the folder that records go to.
        data_root: the folder that data sets are in.
        workers: number of worker processes; 0 runs in this process, for a debugger.
        rerun: whether to run again what is done.
    """
    pending: deque[tuple[Run, bool]] = deque()
    for run in runs:
        if moved := set_aside_unreadable(results, run):
            yield Event(run, "warning", message=f"An unreadable record was set aside as {moved}.")
        record = None if rerun else find_record(results, run)
        if record is not None and record.status == "done":
            yield Event(run, "cached")
        else:
            pending.append((run, False))
    if rerun:
        for run in runs:
            (results / "runs" / run.key / "record.json").unlink(missing_ok=True)
    serve = _serve_here if workers == 0 else _serve_by_processes
    yield from serve(pending, results, data_root, min(workers, len(pending)))


def _serve_here(pending: deque[tuple[Run, bool]], results: Path, data_root: Path, workers: int) -> Iterator[Event]:
    jobs = _Jobs(pending)
    while (job := jobs.take()) is not None:
        run, wait = job
        yield Event(run, "started")
        events: list[dict[str, Any]] = []
        perform(run, results, data_root, wait, events.append)
        for event in events:
            yield jobs.note(Event(run, **event), wait)


def _serve_by_processes(
    pending: deque[tuple[Run, bool]], results: Path, data_root: Path, workers: int
) -> Iterator[Event]:
    jobs = _Jobs(pending)
    events: queue.Queue[tuple[Event, bool] | None] = queue.Queue()
    crew = [_Worker(jobs, results, data_root, events) for _ in range(workers)]
    try:
        for worker in crew:
            worker.start()
        at_work = len(crew)
        while at_work:
            item = events.get()
            if item is None:
                at_work -= 1
            else:
                yield jobs.note(*item)
    finally:
        for worker in crew:
            worker.stop()
        for worker in crew:
            worker.join(timeout=5)


class _Jobs:
    """The runs still to do; shared by the threads that tend the workers."""

    def __init__(self, pending: deque[tuple[Run, bool]]) -> None:
        self._pending = pending
        self._lock = threading.Lock()
        self._no_data: dict[str, str] = {}

    def take(self) -> tuple[Run, bool] | None:
        with self._lock:
            return self._pending.popleft() if self._pending else None

    def put_back(self, run: Run) -> None:
        """Another process is at this run: come back to it at the end, and wait for it then."""
        with self._lock:
            self._pending.append((run, True))

    def note(self, event: Event, wait: bool) -> Event:
        if event.event == "no-data":
            self._no_data[event.run.scenario.name] = event.message
        return event

    def no_data(self, run: Run) -> str | None:
        """Why the data of ``run`` cannot be had, if another run has found that out."""
        return self._no_data.get(run.scenario.name)


class _Worker(threading.Thread):
    """Tends one worker process: hands it jobs, passes its events on, replaces it when it dies."""

    def __init__(
        self, jobs: _Jobs, results: Path, data_root: Path, events: queue.Queue[tuple[Event, bool] | None]
    ) -> None:
        super().__init__(daemon=True)
        self._jobs, self._results, self._data_root, self._events = jobs, results, data_root, events
        self._process: subprocess.Popen[str] | None = None
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  (lives as long as the worker)
        self._stopped = False

    def run(self) -> None:
        try:
            while not self._stopped and (job := self._jobs.take()) is not None:
                run, wait = job
                if reason := self._jobs.no_data(run):
                    self._events.put((Event(run, "no-data", message=reason), wait))
                    continue
                self._events.put((Event(run, "started"), wait))
                self._do(run, wait)
        finally:
            self._end_process()
            self._log.close()
            self._events.put(None)

    def stop(self) -> None:
        """End this worker from another thread, in the middle of a run if need be."""
        self._stopped = True
        if self._process is not None:
            self._process.kill()

    def _end_process(self) -> None:
        if self._process is None:
            return
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):  # what the dead process did not read is lost
                if pipe is not None:
                    pipe.close()
        self._process = None

    def _do(self, run: Run, wait: bool) -> None:
        process = self._living_process()
        assert process.stdin is not None
        assert process.stdout is not None
        job = {
            "run": asdict(run),
            "results": str(self._results),
            "data_root": str(self._data_root),
            "wait": wait,
        }
        started = datetime.now(UTC).isoformat(timespec="seconds")
        try:
            process.stdin.write(json.dumps(job) + "\n")
            process.stdin.flush()
            for line in process.stdout:
                event = Event(run, **json.loads(line))
                if event.event == "busy":
                    self._jobs.put_back(run)
                self._events.put((event, wait))
                if event.event in FINAL:
                    return
        except BrokenPipeError:
            pass
        if not self._stopped:
            self._bury(process, run, started, wait)

    def _living_process(self) -> subprocess.Popen[str]:
        if self._process is None:
            self._log.truncate(0)
            self._process = subprocess.Popen(
                [sys.executable, "-m", "ffcl.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log,
                text=True,
                encoding="utf-8",
                start_new_session=True,  # Ctrl-C is the parent's business
                env={**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"},
            )
        return self._process

    def _bury(self, process: subprocess.Popen[str], run: Run, started: str, wait: bool) -> None:
        """The process died in the middle of a run: leave a record that says so."""
        code = process.wait()
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        self._log.seek(0)
        last_words = self._log.read().decode("utf-8", "replace")[-4000:]
        self._end_process()
        message = f"the worker process ended in the middle of the run ({how})"
        failure = Failure("WorkerDied", message, last_words)
        record = Record(run, "failed", started, versions=library_versions(), hardware=hardware(), failure=failure)
        write_record(self._results, record)
        self._events.put((Event(run, "failed", message=f"WorkerDied: {message}"), wait))
