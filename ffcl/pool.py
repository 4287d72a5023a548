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
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from ffcl.configuration import Run
from ffcl.environment import hardware, library_versions
from ffcl.records import Failure, Record, set_aside_unreadable, write_record
from ffcl.worker import Job, perform

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


def run_all(
    runs: Sequence[Run], results: Path, data_root: Path, workers: int, rerun: bool = False, keep: bool = False
) -> Generator[Event, None, None]:
    """Run everything that is not done yet, yielding events; closing the iterator stops the workers.

    Args:
        runs: what to run, in this order.
        results: the folder that records go to.
        data_root: the folder that data sets are in.
        workers: number of worker processes; 0 runs in this process, for a debugger.
        rerun: whether to run again what is done; the old record stands until the new one is complete.
        keep: whether to keep the trained learners; a run without one is not done then.
    """
    pending: list[Job] = []
    for run in runs:
        if moved := set_aside_unreadable(results, run):
            yield Event(run, "warning", message=f"An unreadable record was set aside as {moved}.")
        job = Job(run, results, data_root, rerun=rerun, keep=keep)
        if job.is_done():
            yield Event(run, "cached")
        else:
            pending.append(job)
    jobs = _Jobs(pending)
    yield from _serve_here(jobs) if workers == 0 else _serve_by_processes(jobs, min(workers, len(pending)))


class _Jobs:
    """The jobs still to do; shared by the threads that tend the workers."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        self._pending = deque(jobs)
        self._lock = threading.Lock()
        self._no_data: dict[str, str] = {}

    def take(self) -> Job | None:
        with self._lock:
            return self._pending.popleft() if self._pending else None

    def note(self, job: Job, event: Event) -> None:
        """Take in what concerns other jobs."""
        with self._lock:
            if event.event == "busy":  # another process is at it: come back at the end, and wait for it then
                self._pending.append(replace(job, wait=True))
            if event.event == "no-data":
                self._no_data[job.run.scenario.name] = event.message

    def no_data(self, job: Job) -> str | None:
        """Why the data of a job cannot be had, if another job of its scenario has found that out."""
        return self._no_data.get(job.run.scenario.name)


def _serve_here(jobs: _Jobs) -> Generator[Event, None, None]:
    while (job := jobs.take()) is not None:
        if reason := jobs.no_data(job):
            yield Event(job.run, "no-data", message=reason)
            continue
        yield Event(job.run, "started")
        lines: list[dict[str, Any]] = []
        perform(job, lines.append)
        for line in lines:
            event = Event(job.run, **line)
            jobs.note(job, event)
            yield event


def _serve_by_processes(jobs: _Jobs, workers: int) -> Generator[Event, None, None]:
    events: queue.Queue[Event | None] = queue.Queue()
    crew = [_Worker(jobs, events) for _ in range(workers)]
    try:
        for worker in crew:
            worker.start()
        at_work = len(crew)
        while at_work:
            event = events.get()
            if event is None:
                at_work -= 1
            else:
                yield event
    finally:
        for worker in crew:
            worker.stop()
        for worker in crew:
            worker.join(timeout=5)


class _Worker(threading.Thread):
    """Tends one worker process: hands it jobs, passes its events on, replaces it when it dies."""

    def __init__(self, jobs: _Jobs, events: queue.Queue[Event | None]) -> None:
        super().__init__(daemon=True)
        self._jobs, self._events = jobs, events
        self._process: subprocess.Popen[str] | None = None
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  (lives as long as the worker)
        self._stopped = False

    def run(self) -> None:
        try:
            while not self._stopped and (job := self._jobs.take()) is not None:
                if reason := self._jobs.no_data(job):
                    self._events.put(Event(job.run, "no-data", message=reason))
                else:
                    self._events.put(Event(job.run, "started"))
                    self._do(job)
        finally:
            self._end_process()
            self._log.close()
            self._events.put(None)

    def stop(self) -> None:
        """End this worker from another thread, in the middle of a run if need be."""
        self._stopped = True
        if self._process is not None:
            self._process.kill()

    def _do(self, job: Job) -> None:
        process = self._living_process()
        assert process.stdin is not None
        assert process.stdout is not None
        started = datetime.now(UTC).isoformat(timespec="seconds")
        try:
            process.stdin.write(job.to_json() + "\n")
            process.stdin.flush()
            for line in process.stdout:
                event = Event(job.run, **json.loads(line))
                self._jobs.note(job, event)
                self._events.put(event)
                if event.event in FINAL:
                    return
        except BrokenPipeError:
            pass
        if not self._stopped:
            self._bury(process, job, started)

    def _living_process(self) -> subprocess.Popen[str]:
        if self._process is None:
            self._log.seek(0)
            self._log.truncate()
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

    def _bury(self, process: subprocess.Popen[str], job: Job, started: str) -> None:
        """The process died in the middle of a run: leave a record that says so."""
        code = process.wait()
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        self._log.seek(0)
        last_words = self._log.read().decode("utf-8", "replace").strip()[-4000:]
        self._end_process()
        message = f"the worker process ended in the middle of the run ({how})"
        if last_words:
            message += f": {last_words.splitlines()[-1]}"
        failure = Failure("WorkerDied", message, last_words)
        record = Record(job.run, "failed", started, versions=library_versions(), hardware=hardware(), failure=failure)
        try:
            write_record(job.results, record)
        except OSError as error:
            message += f"; its record could not be written: {error}"
        self._events.put(Event(job.run, "failed", message=f"WorkerDied: {message}"))
