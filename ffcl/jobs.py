"""The jobs that workers share, and what happens to them."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from ffcl.configuration import Run
from ffcl.records import Record
from ffcl.worker import Job

Kind = Literal["started", "progress", "done", "failed", "cached", "no-data", "busy", "warning"]
WORKER_DIED = "WorkerDied"
"""The kind of failure of a run whose process ended by itself, or was killed."""
FINAL: frozenset[str] = frozenset({"done", "failed", "cached", "no-data", "busy"})


@dataclass(frozen=True)
class Event:
    """Something that happened to a run.

    ``done`` and ``total`` count experiences, ``accuracy`` is the mean over those learned so far; ``alone`` says that
    what keeps this run from its data says nothing of other runs; ``record`` is that of a run whose job asked for it.
    """

    run: Run
    event: Kind
    done: int = 0
    total: int = 0
    accuracy: float = 0.0
    message: str = ""
    alone: bool = False
    record: Record | None = None


def event_of(job: Job, line: Mapping[str, Any]) -> Event:
    """What a worker says of its job."""
    values = dict(line)
    if "record" in values:
        values["record"] = Record.from_json(values["record"])
    return Event(job.run, **values)


class Jobs:
    """The jobs still to do; shared by the threads that tend the workers."""

    def __init__(self) -> None:
        self._pending: deque[Job] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._no_data: dict[str, str] = {}  # by what the stream is made from: one scenario may be run with other data
        self.unfinished = 0

    def add(self, job: Job) -> None:
        """Put a job at the end."""
        with self._changed:
            self._pending.append(job)
            self.unfinished += 1
            self._changed.notify()

    def close(self) -> None:
        """No more will be taken."""
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
        with self._changed:
            if event.event == "no-data" and not event.alone:
                self._no_data[_stream_of(event.run)] = event.message
            if event.event in FINAL:
                self.unfinished -= 1

    def no_data(self, job: Job) -> str | None:
        """Why the data of a job cannot be had, if another job of its stream has found that out."""
        return self._no_data.get(_stream_of(job.run))

    def come_back_to(self, job: Job) -> None:
        """Another process is at it: come back at the end, and wait for it then."""
        self.add(replace(job, wait=True))


def _stream_of(run: Run) -> str:
    return json.dumps([run.scenario.settings.get(name) for name in ("kind", "stream")], sort_keys=True)
