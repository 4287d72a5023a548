"""Published claims as commands: what was printed, and what comes out here, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ffcl import hookimpl

if TYPE_CHECKING:
    import typer


@hookimpl
def ffcl_commands(app: typer.Typer) -> None:
    """Add ``ffcl reproduce``."""
    from ffcl_reproduce.command import reproduce

    app.command("reproduce")(reproduce)
