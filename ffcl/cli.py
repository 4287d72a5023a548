"""The command line: ``ffcl run``, ``list`` and ``show``; plugins add more. Imports no torch."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from ffcl import api
from ffcl.console import show_tables
from ffcl.errors import FfclError, PluginError, UsageError
from ffcl.listing import list_, show
from ffcl.options import (
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    EXIT_USAGE,
    DataRoot,
    Learners,
    Results,
    Scenarios,
    Settings,
    Sort,
    Strategies,
    Workers,
)
from ffcl.tuning.command import tune, tuned

if TYPE_CHECKING:
    from ffcl.progress import Summary

app = typer.Typer(
    name="ffcl",
    help="Compare learning rules on non-stationary data.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)


@app.callback(invoke_without_command=True)
def _main(
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    if version:
        from importlib.metadata import version as version_of

        typer.echo(version_of("ffcl"))
        raise typer.Exit


@app.command()
def run(
    learners: Learners = None,
    scenario: Scenarios = None,
    strategy: Strategies = None,
    seeds: Annotated[
        str, typer.Option(help="A number n for the seeds 0 to n-1, or seeds and ranges: 0,3,10-19.")
    ] = str(api.SEEDS),
    settings: Settings = None,
    tuned: Annotated[
        bool, typer.Option("--tuned", help="Run what `ffcl tune` found, and the defaults beside it, seed by seed.")
    ] = False,
    protocol: Annotated[
        str | None, typer.Option(help="With --tuned: the protocol it was tuned under. Default: disjoint.")
    ] = None,
    configuration: Annotated[
        list[Path] | None,
        typer.Option(help="Run a tuned configuration from a TOML file, and the defaults beside it. Repeat."),
    ] = None,
    data_root: DataRoot = None,
    results: Results = api.RESULTS,
    workers: Workers = None,
    rerun: Annotated[bool, typer.Option("--rerun", help="Run again what is done already.")] = False,
    keep_learners: Annotated[
        bool, typer.Option("--keep-learners", help="Keep each trained learner beside its record, for ffcl.load().")
    ] = False,
    sort: Sort = api.SORT,
) -> None:
    """Run learners x strategies x scenarios x seeds, then show the leaderboard.

    What is done already is skipped, so the same command goes on after an interruption.
    """
    from ffcl.plan import parse_settings
    from ffcl.progress import run_plan
    from ffcl.refusals import read_refusals
    from ffcl.registry import installed
    from ffcl.selection import Part, plan_of
    from ffcl.tuning.evidence import restore_index_sets
    from ffcl.tuning.leaks import trusted_records, without_leaks
    from ffcl.tuning.protocols import DEFAULT

    if protocol and not tuned:
        raise UsageError("--protocol belongs to --tuned.")
    registry = installed()
    plan = plan_of(
        registry,
        learners,
        strategy,
        scenario,
        parse_seeds(seeds),
        parse_settings(settings or []),
        tuned=(protocol or DEFAULT) if tuned else None,
        configurations=configuration or [],
        results=results,
    )
    api.tables(registry, [], sort=sort)  # a wrong column is said now, not after the runs
    errors = Console(stderr=True)
    for refusal in plan.refused:
        errors.print(f"Refused: {refusal}.", markup=False, highlight=False, soft_wrap=True)
    for notice in plan.notices:
        errors.print(notice, style="yellow", markup=False, highlight=False, soft_wrap=True)
    n_workers, data = api.worker_count(workers), api.data_folder(data_root)
    try:
        restore_index_sets(registry, plan, configuration or [], results, data)
        summary = run_plan(plan, results, data, n_workers, rerun=rerun, keep=keep_learners)
    except KeyboardInterrupt:
        then = "begins again, for --rerun is given" if rerun else "goes on from here"
        errors.print(f"\nStopped. Nothing that was done is lost; the same command {then}.", soft_wrap=True)
        raise typer.Exit(EXIT_INTERRUPTED) from None

    finished, _ = without_leaks(api.records_of(plan, results), results)
    if finished:
        every, problems = trusted_records(results)
        part = Part(finished, plan.refused)
        made = api.tables(registry, every, read_refusals(results), results, sort, part=part)
        show_tables(made.view, made.files, problems)
    _report(summary, len(plan.runs), results)


def _report(summary: Summary, total: int, results: Path) -> None:
    from ffcl.progress import describe, describe_seconds

    console, errors = Console(), Console(stderr=True)
    counts = summary.counts
    console.print(
        f"{total} runs: {counts['done']} done now, {counts['cached']} done before, {counts['failed']} failed, "
        f"{counts['no-data']} without data; {describe_seconds(summary.seconds)}.",
        highlight=False,
        soft_wrap=True,
    )
    for failed, message in summary.failures[:10]:
        errors.print(f"Failed: {describe(failed)}: {message}", markup=False, highlight=False, soft_wrap=True)
    if summary.failures:
        errors.print(
            f"The tracebacks are in {results / 'runs'}; failed runs are tried again by the same command.",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
    summary.raise_without_data()
    if summary.failures:
        raise typer.Exit(EXIT_FAILED)


app.command("list")(list_)
app.command()(show)
app.command()(tune)
app.command()(tuned)
OWN = [command.name or command.callback.__name__ for command in app.registered_commands if command.callback]
"""The names of these commands, which no plugin may take."""


def parse_seeds(text: str) -> list[int]:
    """Read ``5`` as the seeds 0 to 4, and ``0,3,10-12`` as those seeds.

    Raises:
        UsageError: the text is neither.
    """
    parts = [part.strip() for part in text.split(",")]
    try:
        if len(parts) == 1 and parts[0].isdecimal():
            numbers = list(range(int(parts[0])))
        else:
            numbers = [n for part in parts if part for n in _range(part)]
    except ValueError:
        numbers = []
    if not numbers:
        raise UsageError(f"--seeds is a number such as 10, or seeds and ranges such as 0,3,10-19; got {text!r}.")
    return numbers


def _range(part: str) -> range:
    first, dash, last = part.partition("-")
    numbers = range(int(first), int(last if dash else first) + 1)
    if not numbers:
        raise ValueError(f"{part} counts down")
    return numbers


def main() -> None:
    """Entry point: every ffcl error becomes one message and an exit code."""
    try:
        from ffcl.plugin_commands import with_plugin_commands
        from ffcl.registry import installed

        with_plugin_commands(app, OWN, installed())()
    except (UsageError, PluginError) as error:
        _fail(error, EXIT_USAGE)
    except FfclError as error:
        _fail(error, EXIT_FAILED)
    except KeyboardInterrupt:  # before there is anything to lose
        Console(stderr=True).print("\nStopped.")
        sys.exit(EXIT_INTERRUPTED)
    except BrokenPipeError:  # the reader of our output has gone, as in `ffcl list | head`
        sys.stderr.close()
        sys.exit(EXIT_FAILED)
    except OSError as error:  # a full disk, a folder without permission
        _fail(FfclError(str(error)), EXIT_FAILED)


def _fail(error: FfclError, code: int) -> None:
    Console(stderr=True).print(f"Error: {error}", style="red", markup=False, highlight=False, soft_wrap=True)
    sys.exit(code)
