"""A worker process, and the thread that tends it."""

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
import traceback
from datetime import UTC, datetime

from ffcl.environment import hardware, library_versions
from ffcl.jobs import FINAL, WORKER_DIED, Event, Jobs, event_of
from ffcl.records import Failure, Record
from ffcl.worker import Job, hand_over

MALLOC = {"MALLOC_MMAP_THRESHOLD_": str(32 << 20), "MALLOC_TRIM_THRESHOLD_": str(256 << 20)}
"""Has glibc keep memory that was freed. It otherwise gives tensors of megabytes back to the system at every step and
takes them anew, page by page: a third of the time of a network of 2 x 1000 units. Other C libraries ignore it."""


class Tender(threading.Thread):
    """Tends one worker process: hands it jobs, passes its events on, replaces it when it dies."""

    def __init__(self, jobs: Jobs, events: queue.Queue[Event]) -> None:
        super().__init__(daemon=True)
        self._jobs, self._events = jobs, events
        self._process: subprocess.Popen[str] | None = None
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  (lives as long as the worker)
        self._said_before = 0  # bytes of the log that are of earlier runs
        self._stopped = False

    def run(self) -> None:
        """Do jobs until there are no more."""
        try:
            while (job := self._jobs.take()) is not None:
                if reason := self._jobs.no_data(job):
                    self._events.put(Event(job.run, "no-data", message=reason))
                else:
                    self._events.put(Event(job.run, "started"))
                    self._do_or_fail(job)
        finally:
            self._end_process()
            self._log.close()

    def stop(self) -> None:
        """End this worker from another thread, in the middle of a run if need be."""
        self._stopped = True
        if self._process is not None:
            self._process.kill()

    def _do_or_fail(self, job: Job) -> None:
        """Do a job; if its process cannot even be started, the others must not wait for it for ever."""
        try:
            self._do(job)
        except Exception as error:
            self._end_process()
            started = datetime.now(UTC).isoformat(timespec="seconds")
            self._fail(job, started, Failure(type(error).__name__, str(error), traceback.format_exc()))

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
                event = event_of(job, said)
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
        if self._process is not None and self._process.poll() is not None:
            self._end_process()  # it died between two runs, which is no fault of the next one
        self._said_before = os.fstat(self._log.fileno()).st_size
        if self._process is None:
            self._log.seek(0)
            self._said_before = self._log.truncate()
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "ffcl.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log,
                text=True,
                encoding="utf-8",
                start_new_session=True,  # Ctrl-C is the parent's business
                env={**MALLOC, **os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "PYTHONPATH": _own_path()},
            )
            if self._stopped:  # meanwhile, by another thread that saw no process yet
                self._process.kill()
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
        self._log.seek(self._said_before)
        last_words = self._log.read().decode("utf-8", "replace").strip()[-4000:]
        self._end_process()
        if is_over:
            failure = Failure("TimeLimit", f"the run took longer than {job.limit:g} s", last_words)
        else:
            message = f"the worker process ended in the middle of the run ({how})"
            if last_words:
                message += f": {last_words.splitlines()[-1]}"
            failure = Failure(WORKER_DIED, message, last_words)
        self._fail(job, started, failure, seconds=job.limit if is_over else 0.0)

    def _fail(self, job: Job, started: str, failure: Failure, seconds: float = 0.0) -> None:
        record = Record(
            job.run,
            "failed",
            started,
            train_seconds=seconds,
            versions=library_versions(),
            hardware=hardware(),
            failure=failure,
        )
        self._events.put(event_of(job, hand_over(job, record)))


def _own_path() -> str:
    """Where this process finds its modules: a worker is to find the same ones, whatever lies in the current folder."""
    return os.pathsep.join(path or os.getcwd() for path in sys.path)


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
