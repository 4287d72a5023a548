"""Carry out a plan and show how far it is: runs done and running, accuracy so far, time left."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from ffcl.configuration import Run
from ffcl.errors import DataError
from ffcl.jobs import FINAL, Event
from ffcl.plan import Plan
from ffcl.pool import run_all
from ffcl.records import open_results
from ffcl.refusals import note_refusals


@dataclass
class Summary:
    """How a plan went."""

    counts: Counter[str] = field(default_factory=Counter)
    failures: list[tuple[Run, str]] = field(default_factory=list)
    no_data: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    def raise_without_data(self) -> None:
        """Raise what kept scenarios from being run.

        Raises:
            DataError: some data was missing.
        """
        if self.no_data:
            raise DataError(" ".join(f"{name}: {reason}" for name, reason in self.no_data.items()))

    def note(self, event: Event) -> None:
        """Count an outcome."""
        if event.event in FINAL and event.event != "busy":
            self.counts[event.event] += 1
        if event.event == "failed":
            self.failures.append((event.run, event.message))
        if event.event == "no-data":
            self.no_data[event.run.scenario.name] = event.message


class Estimate:
    """Time left, from how long the finished runs of each cell took and how far the running ones are."""

    def __init__(self, plan: Plan, workers: int) -> None:
        self._pending: Counter[tuple[str, str, str]] = Counter(run.cell for run in plan.runs)
        self._workers = max(1, workers)
        self._durations: dict[tuple[str, str, str], list[float]] = defaultdict(list)
        self.running: dict[str, tuple[float, Event]] = {}

    def note(self, event: Event, now: float) -> None:
        """Take in an event at time ``now``, in seconds."""
        if event.event == "started":
            self.running[event.run.key] = now, event
        elif event.event == "progress" and event.run.key in self.running:
            # a run's clock starts when it is ready to train: a worker's first run also imports the libraries
            started = self.running[event.run.key][0] if event.done else now
            self.running[event.run.key] = started, event
        elif event.event in FINAL:
            running = self.running.pop(event.run.key, None)
            if event.event == "busy":
                return
            self._pending[event.run.cell] -= 1
            if running is not None and event.event == "done":
                self._durations[event.run.cell].append(now - running[0])

    def seconds_left(self, now: float) -> float | None:
        """Seconds left at time ``now``; None while nothing is known."""
        known = {cell: sum(d) / len(d) for cell, d in self._durations.items()}
        for started, event in self.running.values():
            if event.done and event.run.cell not in known:
                known[event.run.cell] = (now - started) * event.total / event.done
        if not known:
            return None
        typical = sum(known.values()) / len(known)
        work = sum(known.get(cell, typical) * n for cell, n in self._pending.items())
        running = self.running.values()
        spent = sum(min(now - started, known.get(event.run.cell, typical)) for started, event in running)
        return max(0.0, work - spent) / self._workers


def run_plan(
    plan: Plan,
    results: Path,
    data_root: Path,
    workers: int,
    *,
    rerun: bool = False,
    keep: bool = False,
    shown: bool = True,
) -> Summary:
    """Carry out a plan; closing it early (Ctrl-C) stops the workers and loses nothing that is done.

    Raises:
        UsageError: the results folder cannot be written to.
    """
    open_results(results)
    note_refusals(results, plan.refused, plan.pairs)
    summary, began = Summary(), time.monotonic()
    running = run_all(plan.runs, results, data_root, workers, rerun, keep)
    with _display(plan, workers, shown) as display, closing(running) as events:
        for event in events:
            summary.note(event)
            display.note(event, summary)
    summary.seconds = time.monotonic() - began
    return summary


def _display(plan: Plan, workers: int, shown: bool) -> _Display:
    console = Console(stderr=True, quiet=not shown)
    return (_LiveDisplay if console.is_terminal and shown else _Display)(plan, workers, console)


class _Display:
    """One line for each finished run: for logs."""

    def __init__(self, plan: Plan, workers: int, console: Console) -> None:
        self.total = len(plan.runs)
        self.console = console

    def __enter__(self) -> _Display:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def note(self, event: Event, summary: Summary) -> None:
        """Print outcomes."""
        if event.event == "warning":
            self.console.print(event.message, markup=False, highlight=False)
        if event.event in ("done", "failed"):
            finished = summary.counts.total()
            line = f"[{finished}/{self.total}] {event.event}: {describe(event.run)}"
            if event.message:
                line += f" ({event.message})"
            self.console.print(line, markup=False, highlight=False, soft_wrap=True)


class _LiveDisplay(_Display):
    """A live picture of the plan: a bar, and a line for each running run."""

    def __init__(self, plan: Plan, workers: int, console: Console) -> None:
        super().__init__(plan, workers, console)
        self.estimate = Estimate(plan, workers)
        self.summary = Summary()
        self.live = Live(get_renderable=self._picture, console=console, refresh_per_second=5, transient=True)

    def __enter__(self) -> _Display:
        self.live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.live.stop()

    def note(self, event: Event, summary: Summary) -> None:
        """Take in an event; failures are also printed above the picture."""
        self.summary = summary
        self.estimate.note(event, time.monotonic())
        if event.event in ("failed", "warning"):
            super().note(event, summary)

    def _picture(self) -> RenderableType:
        finished, running = self.summary.counts.total(), list(self.estimate.running.values())
        left = self.estimate.seconds_left(time.monotonic())
        head = Table.grid(padding=(0, 2))
        head.add_row(
            Text("runs", style="bold"),
            ProgressBar(total=max(1, self.total), completed=finished, width=30),
            f"{finished}/{self.total} done, {len(running)} running",
            "time left " + ("..." if left is None else describe_seconds(left)),
        )
        lines = Table.grid(padding=(0, 2))
        for _, event in running:
            at = f"experience {event.done}/{event.total}" if event.total else "starting"
            so_far = f"accuracy {event.accuracy:.1%}" if event.done else ""
            lines.add_row("  " + describe(event.run), at, so_far)
        return Group(head, lines)


def describe(run: Run) -> str:
    """A run in words."""
    return f"{' · '.join(run.cell)} · seed {run.seed}" + (" · tuned" if run.tuning is not None else "")


def describe_seconds(seconds: float) -> str:
    """Seconds as ``42 s``, ``3 min 05 s`` or ``2 h 10 min``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"
