"""``ffcl leaderboard merge``, ``diff``, ``verify`` and ``export``, and ``ffcl explain``."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ffcl import api
from ffcl.console import show_problems
from ffcl.errors import UsageError, unknown_name
from ffcl.metrics import METRICS
from ffcl.options import EXIT_FAILED, DataRoot, Results, Workers
from ffcl.records import Record, open_results
from ffcl.selection import select
from ffcl.tuning.leaks import trusted_records
from ffcl_leaderboard.percent import percent
from ffcl_leaderboard.verify import TOLERANCE

Metric = Annotated[str, typer.Option(help="What is compared: ACC, AIA, LA, forgetting, BWT or FWT.")]


def merge(
    folders: Annotated[list[Path], typer.Argument(help="Results folders of other machines.", show_default=False)],
    results: Results = api.RESULTS,
) -> None:
    """Copy records of other results folders into this one; conflicts are shown, and nothing is overwritten.

    `ffcl leaderboard` then builds the tables of all.
    """
    from ffcl_leaderboard import merge as merging

    open_results(results)
    merged = merging.merge(results, folders)
    console, errors = Console(), Console(stderr=True)
    show_problems(merged.problems)
    for conflict in merged.conflicts:
        errors.print(f"Conflict: {conflict}.", style="red", markup=False, highlight=False, soft_wrap=True)
    console.print(
        f"{merged.added} records added, {merged.same} there already, {len(merged.conflicts)} in conflict (what was in "
        f"{results} has stayed).",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )
    if merged.conflicts:
        raise typer.Exit(EXIT_FAILED)


def diff(
    before: Annotated[Path, typer.Argument(help="A results folder.", show_default=False)],
    after: Annotated[Path, typer.Argument(help="Another results folder.", show_default=False)],
    metric: Metric = "ACC",
    all_rows: Annotated[bool, typer.Option("--all", help="Show also the rows that are the same.")] = False,
) -> None:
    """Compare the leaderboards of two results folders row by row, on the seeds that both have."""
    from ffcl.registry import installed
    from ffcl_leaderboard.diff import SAME, diff_frame
    from ffcl_leaderboard.staleness import installed_defaults

    if metric not in METRICS:
        raise unknown_name("metric", metric, METRICS)
    frame = diff_frame(_records(before), _records(after), metric, installed_defaults(installed()))
    shown = frame if all_rows else frame[frame["what"] != SAME]
    table = Table(box=None, header_style="bold", padding=(0, 1, 0, 0))
    for name in ("learner", "strategy", "scenario", "what"):
        table.add_column(name, overflow="fold")
    for name in ("seeds", "before", "after", "change"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in shown.to_dict("records"):
        values = [*(percent(row[name]) for name in ("before", "after")), percent(row["change"], row["low"], sign="+")]
        learner = f"{row['learner']}\n{row['variant']}" if row["variant"] else row["learner"]
        table.add_row(escape(learner), row["strategy"], row["scenario"], row["what"], str(row["seeds"]), *values)
    console = Console()
    if len(shown):
        console.print(table)
    counts = Counter(frame["what"])
    console.print(", ".join(f"{n} {what}" for what, n in sorted(counts.items())) + ".", highlight=False)


def verify(
    results: Results = api.RESULTS,
    sample: Annotated[int, typer.Option(min=1, help="How many runs, drawn at random.")] = 5,
    seed: Annotated[int, typer.Option(help="Which ones are drawn.")] = 0,
    tolerance: Annotated[
        float, typer.Option(help="Of each accuracy, where the machine or a library is another one.")
    ] = TOLERANCE,
    data_root: DataRoot = None,
    workers: Workers = None,
) -> None:
    """Run some records again and compare: bit for bit on the same hardware class, within a tolerance elsewhere."""
    from ffcl.registry import installed
    from ffcl_leaderboard.staleness import installed_changes
    from ffcl_leaderboard.verify import choose, conditions_now
    from ffcl_leaderboard.verify import verify as run_again

    changes = installed_changes(installed())
    records = [record for record in _records(results) if record.status == "done"]
    fresh = [record for record in records if not changes(record.run)]
    console = Console()
    if len(fresh) < len(records):
        console.print(f"{len(records) - len(fresh)} of {len(records)} runs are stale and cannot be verified.")
    if not fresh:
        raise UsageError("Nothing to verify: of every finished run the code has changed since; run it again.")
    console.print(f"On {conditions_now()}:", highlight=False, markup=False)
    chosen = choose(fresh, sample, seed)
    good = 0
    for verified in run_again(chosen, api.data_folder(data_root), api.worker_count(workers), tolerance):
        good += verified.good
        message = f" ({verified.message})" if verified.message else ""
        console.print(
            f"{verified.outcome}: {verified.record.run.key}{message}", markup=False, highlight=False, soft_wrap=True
        )
    console.print(f"{good} of {len(chosen)} verified.", highlight=False)
    if good < len(chosen):
        raise typer.Exit(EXIT_FAILED)


def export(
    file: Annotated[Path, typer.Argument(help="What to write: NAME.csv, .parquet, .md or .tex.", show_default=False)],
    results: Results = api.RESULTS,
    scenario: Annotated[list[str] | None, typer.Option("--scenario", "-s", help="Keep this scenario. Repeat.")] = None,
) -> None:
    """Write the leaderboard as CSV, Parquet, Markdown or LaTeX."""
    from ffcl.refusals import read_refusals
    from ffcl.registry import installed
    from ffcl.selection import part_of
    from ffcl_leaderboard.export import export as write

    records, refusals = _records(results), read_refusals(results)
    part = part_of(records, refusals, None, None, scenario, results, in_files=True)
    path = write(api.tables(installed(), records, refusals, part=part).rows, file)
    Console().print(str(path), style="dim", markup=False, highlight=False, soft_wrap=True)


def explain(
    columns: Annotated[list[str] | None, typer.Argument(help="Columns; none lists all.", show_default=False)] = None,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print every column as a page.")] = False,
) -> None:
    """Say what a column of the leaderboard means: its formula, unit and source."""
    from ffcl_leaderboard.columns import GROUPS, markdown
    from ffcl_leaderboard.columns import explain as explain_column

    if as_markdown:
        typer.echo("\n".join(markdown()))
    elif columns:
        typer.echo("\n\n".join([explain_column(name) for name in columns]))
    else:
        for title, group in GROUPS.items():
            typer.echo(f"{title}: {', '.join(group)}")


def _records(results: Path) -> list[Record]:
    records, problems = trusted_records(results)
    show_problems(problems)
    return select(records, [], [], [], results)
