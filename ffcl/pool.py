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
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from ffcl.configuration import Run
from ffcl.environment import hardware, library_versions
from ffcl.records import Failure, Record, set_aside_unreadable
from ffcl.worker import Job, hand_over, perform

Kind = Literal["started", "progress", "done", "failed", "cached", "no-data", "busy", "warning"]
FINAL: frozenset[str] = frozenset({"done", "failed", "cached", "no-data", "busy"})


@dataclass(frozen=True)
class Event:
    """Something that happened to a run.

    ``done`` and ``total`` count experiences, ``accuracy`` is the mean over those learned so far; ``record`` is that
    of a run whose job asked for it.
    """

    run: Run
    event: Kind
    done: int = 0
    total: int = 0
    accuracy: float = 0.0
    message: str = ""
    record: Record | None = None


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
    with Pool(workers) as pool:
        for run in runs:
            if moved := set_aside_unreadable(results, run):
                yield Event(run, "warning", message=f"An unreadable record was set aside as {moved}.")
            job = Job(run, results, data_root, rerun=rerun, keep=keep)
            if job.is_done():
                yield Event(run, "cached")
            else:
                pool.submit(job)
        yield from pool.events()


class Pool:
    """Does jobs in the order in which they are submitted, which may go on while it works.

    Leaving the ``with`` block stops the workers, in the middle of a run if need be.
    """

    def __init__(self, workers: int) -> None:
        self._jobs = _Jobs()
        self._events: queue.Queue[Event] = queue.Queue()
        self._crew = [_Worker(self._jobs, self._events) for _ in range(workers)]

    def __enter__(self) -> Pool:
        for worker in self._crew:
            worker.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._jobs.close()
        for worker in self._crew:
            worker.stop()
        for worker in self._crew:
            worker.join(timeout=5)

    def submit(self, job: Job) -> None:
        """Add a job to those that are waiting."""
        self._jobs.add(job)

    def events(self) -> Generator[Event, None, None]:
        """What happens, until every job that has been submitted has come to its end."""
        while self._jobs.unfinished:
            for event in self._next():
                self._jobs.note(event)
                yield event

    def _next(self) -> Iterator[Event]:
        if self._crew:
            return iter([self._events.get()])
        return _do_here(self._jobs)


class _Jobs:
    """The jobs still to do; shared by the threads that tend the workers."""

    def __init__(self) -> None:
        self._pending: deque[Job] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._no_data: dict[str, str] = {}
        self.unfinished = 0

    def add(self, job: Job) -> None:
        with self._changed:
            self._pending.append(job)
            self.unfinished += 1
            self._changed.notify()

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def take(self) -> Job | None:
        """The next job, once there is one; None once no more will come."""
        with self._changed:
            self._changed.wait_for(lambda: self._pending or self._closed)
            return None if self._closed else self._pending.popleft()

    def note(self, event: Event) -> None:
        """Take in what concerns other jobs, and count those that are at their end."""
        if event.event == "no-data":
            self._no_data[event.run.scenario.name] = event.message
        if event.event in FINAL:
            self.unfinished -= 1

    def no_data(self, job: Job) -> str | None:
        """Why the data of a job cannot be had, if another job of its scenario has found that out."""
        return self._no_data.get(job.run.scenario.name)

    def come_back_to(self, job: Job) -> None:
        """Another process is at it: come back at the end, and wait for it then."""
        self.add(replace(job, wait=True))


def _do_here(jobs: _Jobs) -> Iterator[Event]:
    job = jobs.take()
    assert job is not None
    if reason := jobs.no_data(job):
        yield Event(job.run, "no-data", message=reason)
        return
    yield Event(job.run, "started")
    lines: list[dict[str, Any]] = []
    perform(job, lines.append)
    for line in lines:
        if line["event"] == "ready":
            continue
        event = _event(job, line)
        if event.event == "busy":
            jobs.come_back_to(job)
        yield event


def _event(job: Job, line: Mapping[str, Any]) -> Event:
    """What a worker says of its job."""
    values = dict(line)
    if "record" in values:
        values["record"] = Record.from_json(values["record"])
    return Event(job.run, **values)


class _Worker(threading.Thread):
    """Tends one worker process: hands it jobs, passes its events on, replaces it when it dies."""

    def __init__(self, jobs: _Jobs, events: queue.Queue[Event]) -> None:
        super().__init__(daemon=True)
        self._jobs, self._events = jobs, events
        self._process: subprocess.Popen[str] | None = None
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  (lives as long as the worker)
        self._stopped = False

    def run(self) -> None:
        try:
            while (job := self._jobs.take()) is not None:
                if reason := self._jobs.no_data(job):
                    self._events.put(Event(job.run, "no-data", message=reason))
                else:
                    self._events.put(Event(job.run, "started"))
                    self._do(job)
        finally:
            self._end_process()
            self._log.close()

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
        clock = _Deadline(process, job.limit)
        try:
            process.stdin.write(job.to_json() + "\n")
            process.stdin.flush()
            for line in process.stdout:
                said = json.loads(line)
                if said["event"] == "ready":  # a worker's first run also imports the libraries
                    clock.start()
                    continue
                event = _event(job, said)
                if event.event == "busy":
                    self._jobs.come_back_to(job)
                self._events.put(event)
                if event.event in FINAL:
                    return
        except BrokenPipeError:
            pass
        finally:
            clock.cancel()
        if not self._stopped:
            self._bury(process, job, started, clock.is_over)

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

    def _bury(self, process: subprocess.Popen[str], job: Job, started: str, is_over: bool) -> None:
        """The process died in the middle of a run: leave a record that says so."""
        code = process.wait()
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        self._log.seek(0)
        last_words = self._log.read().decode("utf-8", "replace").strip()[-4000:]
        self._end_process()
        if is_over:
            failure = Failure("TimeLimit", f"the run took longer than {job.limit:g} s", last_words)
        else:
            message = f"the worker process ended in the middle of the run ({how})"
            if last_words:
                message += f": {last_words.splitlines()[-1]}"
            failure = Failure("WorkerDied", message, last_words)
        record = Record(job.run, "failed", started, versions=library_versions(), hardware=hardware(), failure=failure)
        self._events.put(_event(job, hand_over(job, record)))


class _Deadline:
    """Kills a process when a run takes too long; 0 seconds is no limit."""

    def __init__(self, process: subprocess.Popen[str], seconds: float) -> None:
        self._timer = threading.Timer(seconds, self._end, [process]) if seconds else None
        self.is_over = False

    def start(self) -> None:
        if self._timer is not None:
            self._timer.start()

    def cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _end(self, process: subprocess.Popen[str]) -> None:
        self.is_over = True
        process.kill()
