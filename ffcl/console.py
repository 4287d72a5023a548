"""A leaderboard, and what is left out of it, on the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console, RenderableType

from ffcl.records import folded_problems

FEW_FILES = 12
"""So many files of a folder are named; of more only the number."""


def show_tables(view: RenderableType, files: Sequence[Path], problems: Sequence[str]) -> None:
    """Print a leaderboard, the files written, and what could not be read."""
    console = Console()
    console.print(view)
    show_problems(problems)
    by_folder: dict[Path, list[Path]] = {}
    for path in files:
        by_folder.setdefault(path.parent, []).append(path)
    for folder, inside in by_folder.items():
        names = [str(path) for path in inside] if len(inside) <= FEW_FILES else [f"{folder}: {len(inside)} files"]
        for name in names:
            console.print(name, style="dim", markup=False, highlight=False, soft_wrap=True)


def show_problems(problems: Sequence[str]) -> None:
    """Print to standard error what could not be read, or is left out."""
    errors = Console(stderr=True)
    for problem in folded_problems(problems):
        errors.print(problem, style="yellow", markup=False, highlight=False, soft_wrap=True)
