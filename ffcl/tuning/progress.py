"""How far studies are: trials, best so far, time left."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from ffcl.progress import describe_seconds
from ffcl.tuning.coordinator import Watch
from ffcl.tuning.study import Study

EVERY = 10
"""Trials from one line to the next where there is no terminal."""


def time_left(done: float, total: float, before: float, seconds: float) -> float | None:
    """Seconds left, from what was done since the start, ``before`` of which had been done already."""
    now = done - before
    return seconds / now * (total - done) if now > 0 else None


def best_so_far(study: Study) -> str:
    """The best value of a study in words."""
    values = study.search.best_of_seeds()
    metric = study.description.objective.metrics[0]
    return f"best {metric} {sum(values) / len(values):.1%}" if values else ""


@dataclass
class _Progress:
    """What has been shown, and since when."""

    trials: int
    began: float = field(default_factory=time.monotonic)
    before: float | None = None
    shown: dict[str, int] = field(default_factory=dict)
    studies: Sequence[Study] = ()
    done: int = 0
    total: int = 0

    def note(self, studies: Sequence[Study], done: int, total: int) -> None:
        self.studies, self.done, self.total = list(studies), done, total
        if self.before is None:
            self.before = self.trials_done

    @property
    def trials_done(self) -> float:
        """Trials done, in all studies."""
        return self.done * self.trials + sum(len(study.search.told) for study in self.studies)

    def left(self) -> str:
        seconds = time_left(self.trials_done, self.total * self.trials, self.before or 0, time.monotonic() - self.began)
        return "time left " + ("..." if seconds is None else describe_seconds(seconds))

    def picture(self) -> RenderableType:
        head = Table.grid(padding=(0, 2))
        total = max(1, self.total * self.trials)
        head.add_row(
            Text("trials", style="bold"),
            ProgressBar(total=total, completed=min(total, self.trials_done), width=30),
            f"study {min(self.done + 1, self.total)}/{self.total}",
            self.left(),
        )
        lines = Table.grid(padding=(0, 2))
        for study in self.studies:
            lines.add_row(
                f"  {study.description.cell}", f"{len(study.search.told)}/{study.search.trials}", best_so_far(study)
            )
        return Group(head, lines)

    def lines(self, console: Console) -> None:
        """Print a line for each study every few trials: for logs."""
        for study in self.studies:
            told, name = len(study.search.told), study.description.name
            if told - self.shown.get(name, 0) >= min(EVERY, self.trials):
                self.shown[name] = told
                said = (f"trial {told}/{study.search.trials}", best_so_far(study), self.left())
                text = f"{study.description.cell}: {', '.join(filter(None, said))}"
                console.print(text, markup=False, highlight=False, soft_wrap=True)


@contextmanager
def watching(trials: int) -> Iterator[Watch]:
    """Show progress as long as the block lasts: a live picture in a terminal, lines elsewhere."""
    console, progress = Console(stderr=True), _Progress(trials)

    def print_lines(studies: Sequence[Study], done: int, total: int) -> None:
        progress.note(studies, done, total)
        progress.lines(console)

    if console.is_terminal:
        with Live(get_renderable=progress.picture, console=console, refresh_per_second=4, transient=True):
            yield progress.note
    else:
        yield print_lines
