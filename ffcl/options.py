"""Options that several commands have, and the exit codes of all."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

EXIT_FAILED, EXIT_USAGE, EXIT_INTERRUPTED = 1, 2, 130

Results = Annotated[Path, typer.Option("--results", "-o", help="Folder that records and the leaderboard go to.")]
Learners = Annotated[list[str] | None, typer.Argument(help="Learners, or all. Default: those marked * in `ffcl list`.")]
DataRoot = Annotated[
    Path | None, typer.Option(help="Folder of downloaded data sets. Default: $FFCL_DATA_ROOT, else ~/.cache/ffcl.")
]
Sort = Annotated[str, typer.Option(help="Column of the leaderboard to sort by.")]
Scenarios = Annotated[
    list[str] | None,
    typer.Option(
        "--scenario",
        "-s",
        help="Scenario, or a path to a TOML file. Repeat, or join by commas. Default: those marked *.",
    ),
]
Strategies = Annotated[
    list[str] | None,
    typer.Option("--strategy", "-t", help="Strategy, or all. Repeat, or join by commas. Default: those marked *."),
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", help="Change a setting: ff.hidden=500, split-digits.epochs=5. Repeat."),
]
Workers = Annotated[int | None, typer.Option(help="Worker processes. Default: one a core. 0 runs in this process.")]
