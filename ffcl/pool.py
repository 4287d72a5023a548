"""Several worker processes share the runs of a plan; a run that takes its process down takes nothing else."""

from __future__ import annotations

import queue
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import Any

from ffcl.configuration import Run
from ffcl.errors import UsageError
from ffcl.fingerprints import imported_code
from ffcl.jobs import Event, Jobs, event_of
from ffcl.plan import parts_of
from ffcl.records import set_aside_unreadable
from ffcl.registry import installed
from ffcl.tender import Tender
from ffcl.worker import Job, perform


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
        self._jobs = Jobs()
        self._events: queue.Queue[Event] = queue.Queue()
        self._crew = [Tender(self._jobs, self._events) for _ in range(workers)]

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
        """What happens, until every job that has been submitted has come to its end.

        Raises:
            UsageError: without workers: a run's code was edited after this process imported it.
        """
        while self._jobs.unfinished:
            for event in self._next():
                self._jobs.note(event)
                yield event

    def _next(self) -> Iterator[Event]:
        if self._crew:
            return iter([self._events.get()])
        return _do_here(self._jobs)


def _do_here(jobs: Jobs) -> Iterator[Event]:
    job = jobs.take()
    assert job is not None
    if reason := jobs.no_data(job):
        yield Event(job.run, "no-data", message=reason)
        return
    for part, offer in parts_of(job.run, installed()):
        if offer and imported_code.get(offer.packages, part.code) != part.code:
            raise UsageError(
                f"The code of {part.name} was edited after this Python imported it: restart Python, or give 1 worker "
                "or more, whose processes import it anew."
            )
    yield Event(job.run, "started")
    lines: list[dict[str, Any]] = []
    perform(job, lines.append)
    for line in lines:
        if line["event"] == "ready" or line.get("done") == 0:  # the run is over: as news, this would set its clock back
            continue
        event = event_of(job, line)
        if event.event == "busy":
            jobs.come_back_to(job)
        yield event
