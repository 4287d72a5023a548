"""The leaderboard: from records to metrics, tables and plots. It reads records and never runs anything."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ffcl import hookimpl

if TYPE_CHECKING:
    import typer

    from ffcl.records import Record
    from ffcl.refusals import Refusal
    from ffcl.tables import Tables


@hookimpl
def ffcl_commands(app: typer.Typer) -> None:
    """Add ``ffcl leaderboard``."""
    from ffcl_leaderboard.command import leaderboard

    app.command("leaderboard")(leaderboard)


@hookimpl
def ffcl_leaderboard(records: Sequence[Record], refusals: Sequence[Refusal], output: Path | None, sort: str) -> Tables:
    """Make the tables; write CSV files and plots if there is an output folder."""
    from ffcl_leaderboard.build import build

    return build(records, output, sort, refusals)
