"""``ffcl leaderboard``."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ffcl import api
from ffcl.console import show_tables
from ffcl.errors import UsageError
from ffcl.options import Results, Sort
from ffcl.refusals import read_refusals
from ffcl.registry import installed
from ffcl.selection import part_of
from ffcl.tuning.leaks import trusted_records
from ffcl_leaderboard.build import REPORT, build
from ffcl_leaderboard.staleness import installed_changes, installed_defaults


def _is_given(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def leaderboard(
    context: typer.Context,
    results: Results = api.RESULTS,
    learner: Annotated[list[str] | None, typer.Option("--learner", "-l", help="Keep this learner. Repeat.")] = None,
    strategy: Annotated[list[str] | None, typer.Option("--strategy", "-t", help="Keep this strategy. Repeat.")] = None,
    scenario: Annotated[list[str] | None, typer.Option("--scenario", "-s", help="Keep this scenario. Repeat.")] = None,
    sort: Sort = api.SORT,
    baseline: Annotated[
        str | None,
        typer.Option(
            help="Compare with this learner under the same strategy, or with LEARNER+STRATEGY; of several settings "
            "with those in brackets: 'bp (hidden=200)'. Default: bp."
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(help="Write the chosen rows' CSV files and plots here, not all rows' to --results."),
    ] = None,
    opened: Annotated[bool, typer.Option("--open", help="Open the report in the browser.")] = False,
    plots: Annotated[
        bool | None, typer.Option("--plots/--no-plots", help="Draw PNG and SVG files. Default: up to 300 rows.")
    ] = None,
) -> None:
    """Rebuild CSV files and plots from the records alone, and show the leaderboard.

    The files hold every record; filters choose what is shown, and what goes into --output. They change no number.
    """
    if (subcommand := context.invoked_subcommand) is not None:
        given = [name for name in context.params if _is_given(context, name)]
        if given:
            raise UsageError(f"Options go behind the subcommand: ffcl leaderboard {subcommand} --{given[0]} ...")
        return
    records, problems = trusted_records(results)
    refusals = read_refusals(results)
    made = build(
        records,
        output or results,
        sort,
        refusals,
        part_of(records, refusals, learner, strategy, scenario, results, in_files=output is not None),
        baseline=baseline,
        changes=installed_changes(installed()),
        defaults=installed_defaults(installed()),
        plots=plots,
    )
    show_tables(made.view, made.files, problems)
    if opened:
        page = (output or results).resolve() / REPORT
        if not webbrowser.open(page.as_uri()):
            Console(stderr=True).print(f"No browser can be opened here; open {page} yourself.", markup=False)
