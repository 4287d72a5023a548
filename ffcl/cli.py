"""The command line: ``ffcl run``, ``list`` and ``show``; plugins add more. Imports no torch."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console, RenderableType
from rich.table import Table

from ffcl import api
from ffcl.errors import FfclError, PluginError, UsageError, unknown_name

if TYPE_CHECKING:
    from ffcl.parameters import Field
    from ffcl.progress import Summary
    from ffcl.registry import Offer
    from ffcl.scenario import Scenario
    from ffcl.specs import LearnerSpec, StrategySpec

EXIT_FAILED, EXIT_USAGE, EXIT_INTERRUPTED = 1, 2, 130

app = typer.Typer(
    name="ffcl",
    help="Compare learning rules on non-stationary data.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)

Results = Annotated[Path, typer.Option("--results", "-o", help="Folder that records and the leaderboard go to.")]
Learners = Annotated[list[str] | None, typer.Argument(help="Learners, or all. Default: those marked * in `ffcl list`.")]
DataRoot = Annotated[
    Path | None, typer.Option(help="Folder of downloaded data sets. Default: $FFCL_DATA_ROOT, else ~/.cache/ffcl.")
]
Sort = Annotated[str, typer.Option(help="Column of the leaderboard to sort by.")]


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
    scenario: Annotated[
        list[str] | None,
        typer.Option("--scenario", "-s", help="Scenario, or a path to a TOML file. Repeat, or join by commas."),
    ] = None,
    strategy: Annotated[
        list[str] | None, typer.Option("--strategy", "-t", help="Strategy, or all. Repeat, or join by commas.")
    ] = None,
    seeds: Annotated[
        str, typer.Option(help="A number n for the seeds 0 to n-1, or seeds and ranges: 0,3,10-19.")
    ] = str(api.SEEDS),
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="Change a setting: ff.hidden=500, split-digits.epochs=5. Repeat."),
    ] = None,
    data_root: DataRoot = None,
    results: Results = api.RESULTS,
    workers: Annotated[
        int | None, typer.Option(help="Worker processes. Default: one a core. 0 runs in this process.")
    ] = None,
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
    from ffcl.records import read_records
    from ffcl.refusals import read_refusals
    from ffcl.registry import installed

    registry = installed()
    plan = api.plan_of(
        registry,
        learners,
        strategy,
        scenario,
        parse_seeds(seeds),
        parse_settings(settings or []),
    )
    api.tables(registry, [], sort=sort)  # a wrong column is said now, not after the runs
    errors = Console(stderr=True)
    for refusal in plan.refused:
        errors.print(f"Refused: {refusal}.", markup=False, highlight=False, soft_wrap=True)
    n_workers = api.worker_count(workers)
    try:
        summary = run_plan(plan, results, api.data_folder(data_root), n_workers, rerun=rerun, keep=keep_learners)
    except KeyboardInterrupt:
        errors.print("\nStopped. Nothing that was done is lost; the same command goes on from here.")
        raise typer.Exit(EXIT_INTERRUPTED) from None

    finished = api.records_of(plan, results)
    if finished:
        every, problems = read_records(results)
        written = api.tables(registry, every, read_refusals(results), results, sort)
        show_tables(api.tables(registry, finished, plan.refused, sort=sort).view, written.files, problems)
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


@app.command("list")
def list_() -> None:
    """List learners, strategies, scenarios, where they come from, and plugins that are broken."""
    from ffcl.registry import installed

    registry, console = installed(), Console()
    registry.check()
    for title, offers in (
        ("Learners", registry.learners),
        ("Strategies", registry.strategies),
        ("Scenarios", registry.scenarios),
    ):
        table = Table(title=title, title_justify="left", box=None, header_style="bold", padding=(0, 2, 0, 0))
        for column in ("name", "what it is", "from"):
            table.add_column(column, overflow="fold")
        for name in sorted(offers):
            offer = offers[name]
            table.add_row(
                name + " *" * offer.item.default,
                offer.item.summary,
                f"{offer.plugin.distribution} {offer.plugin.version}",
            )
        console.print(table)
        console.print()
    console.print("* is run when nothing is named", style="dim", highlight=False)
    for plugin in registry.broken:
        console.print(f"Broken {plugin}: {plugin.broken}", style="red", markup=False, highlight=False, soft_wrap=True)


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="A learner, a strategy or a scenario (name or TOML path).")],
) -> None:
    """Show the settings of a learner, strategy or scenario: type, default and range."""
    from ffcl.registry import installed

    registry = installed()
    registry.check()
    if name in registry.learners:
        _show(name, "learner", registry.learners[name])
    elif name in registry.strategies:
        _show(name, "strategy", registry.strategies[name])
    elif name in registry.scenarios or name.endswith(".toml"):
        _show_scenario(registry.scenario(name))
    else:
        raise unknown_name("name", name, [*registry.learners, *registry.strategies, *registry.scenarios])


def _show(name: str, kind: str, offer: Offer[LearnerSpec] | Offer[StrategySpec]) -> None:
    console = Console()
    console.print(f"[bold]{name}[/] ({kind}, {offer.plugin.distribution} {offer.plugin.version})", highlight=False)
    console.print(offer.item.summary, markup=False)
    console.print(_settings(name, offer.item.hyperparameters.fields(), {}))


def _show_scenario(offer: Offer[Scenario]) -> None:
    scenario, console = offer.item, Console()
    console.print(
        f"[bold]{scenario.name}[/] (scenario, {offer.plugin.distribution} {offer.plugin.version})",
        highlight=False,
    )
    console.print(scenario.summary, markup=False)
    parts = scenario.parts().values()
    values = {name: value for part in parts for name, value in part.to_mapping().items()}
    fields = [field for part in parts for field in part.fields()]
    console.print(_settings(scenario.name, fields, values))
    outline = scenario.outline(0)
    table = Table(
        title="Experiences of seed 0",
        title_justify="left",
        box=None,
        header_style="bold",
        padding=(0, 2, 0, 0),
    )
    table.add_column("experience", justify="right")
    table.add_column("classes of the data set")
    for number, classes in enumerate(outline, start=1):
        table.add_row(str(number), ", ".join(map(str, classes)))
    console.print(table)


def _settings(owner: str, fields: Sequence[Field], values: Mapping[str, object]) -> Table:
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    for column in ("setting", "value" if values else "default", "allowed", "what it is"):
        table.add_column(column, overflow="fold")
    for field in fields:
        value = values.get(field.name, field.default)
        text = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
        table.add_row(field.name, text, field.allowed, field.description)
    if fields:
        table.caption, table.caption_justify = f"Change one with --set {owner}.{fields[0].name}=VALUE", "left"
    else:
        table.add_row("none", "", "", "")
    return table


def show_tables(view: RenderableType, files: Sequence[Path], problems: Sequence[str]) -> None:
    """Print a leaderboard, the files written, and what could not be read."""
    console, errors = Console(), Console(stderr=True)
    console.print(view)
    for problem in problems:
        errors.print(problem, style="yellow", markup=False, highlight=False, soft_wrap=True)
    for path in files:
        console.print(str(path), style="dim", markup=False, highlight=False, soft_wrap=True)


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
    return range(int(first), int(last if dash else first) + 1)


def main() -> None:
    """Entry point: every ffcl error becomes one message and an exit code."""
    try:
        from ffcl.registry import installed

        list(installed().call("ffcl_commands", app=app))
        app()
    except (UsageError, PluginError) as error:
        _fail(error, EXIT_USAGE)
    except FfclError as error:
        _fail(error, EXIT_FAILED)
    except BrokenPipeError:  # the reader of our output has gone, as in `ffcl list | head`
        sys.stderr.close()
        sys.exit(EXIT_FAILED)
    except OSError as error:  # a full disk, a folder without permission
        _fail(FfclError(str(error)), EXIT_FAILED)


def _fail(error: FfclError, code: int) -> None:
    Console(stderr=True).print(f"Error: {error}", style="red", markup=False, highlight=False, soft_wrap=True)
    sys.exit(code)


if __name__ == "__main__":
    main()
