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
    from ffcl.selection import Part
    from ffcl.tables import Tables


@hookimpl
def ffcl_commands(app: typer.Typer) -> None:
    """Add ``ffcl leaderboard`` with its subcommands, and ``ffcl explain``."""
    import typer

    from ffcl_leaderboard import subcommands
    from ffcl_leaderboard.command import leaderboard

    group = typer.Typer(invoke_without_command=True, pretty_exceptions_enable=False)
    group.callback()(leaderboard)
    for command in (subcommands.merge, subcommands.diff, subcommands.verify, subcommands.export):
        group.command()(command)
    app.add_typer(group, name="leaderboard")
    app.command()(subcommands.explain)


@hookimpl
def ffcl_leaderboard(
    records: Sequence[Record],
    refusals: Sequence[Refusal],
    output: Path | None,
    sort: str,
    baseline: str | None,
    part: Part | None,
) -> Tables:
    """Make the tables; write CSV files, plots and the report if there is an output folder."""
    from ffcl.registry import installed
    from ffcl_leaderboard.build import build
    from ffcl_leaderboard.staleness import installed_changes, installed_defaults

    registry = installed()
    changes, defaults = installed_changes(registry), installed_defaults(registry)
    return build(records, output, sort, refusals, part, baseline=baseline, changes=changes, defaults=defaults)
