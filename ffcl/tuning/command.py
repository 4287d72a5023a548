"""``ffcl tune`` and ``ffcl tuned``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ffcl import api
from ffcl.errors import UsageError
from ffcl.options import (
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    DataRoot,
    Learners,
    Results,
    Scenarios,
    Settings,
    Strategies,
    Workers,
)

if TYPE_CHECKING:
    from ffcl.tuning.coordinator import Request, Result
    from ffcl.tuning.study import Description
    from ffcl.tuning.tuned import Tuned


def tune(
    learners: Learners = None,
    scenario: Scenarios = None,
    strategy: Strategies = None,
    everything: Annotated[bool, typer.Option("--all", help="Every learner with every strategy.")] = False,
    trials: Annotated[int, typer.Option(help="Trials of each learner and strategy; the first is the defaults.")] = 60,
    seeds: Annotated[int, typer.Option(help="Seeds a trial, the same for all.")] = 5,
    settings: Settings = None,
    space: Annotated[
        list[str] | None,
        typer.Option("--space", help="Search another range: ff.lr=1e-4..1e-2:log, ff.contrast=each,pair. Repeat."),
    ] = None,
    protocol: Annotated[
        str, typer.Option(help="Which data to tune on: disjoint, first-k, two-phase or same-stream.")
    ] = "disjoint",
    first: Annotated[int | None, typer.Option(help="With first-k: how many experiences to tune on.")] = None,
    tune_on: Annotated[str | None, typer.Option(help="With two-phase: a scenario on the data set to tune on.")] = None,
    objective: Annotated[
        str, typer.Option(help="AIA, ACC, or AIA,forgetting for the trade-off between the two.")
    ] = "AIA",
    floor: Annotated[float, typer.Option(help="Learning accuracy (0 to 1) below which a trial does not count.")] = 0.0,
    sampler: Annotated[str, typer.Option(help="tpe, gp, random or qmc.")] = "tpe",
    sampler_seed: Annotated[int, typer.Option(help="Seed of the sampler.")] = 0,
    batch: Annotated[int, typer.Option(help="Trials proposed at a time, whatever the number of workers.")] = 4,
    time_limit: Annotated[float, typer.Option(help="Seconds after which a run fails its trial; 0: none.")] = 0.0,
    storage: Annotated[
        str | None, typer.Option(help="URL of an Optuna storage for the trials. Default: a journal in the study.")
    ] = None,
    show_optimism: Annotated[
        bool,
        typer.Option("--show-optimism", help="Tune under same-stream as well, and print what that promises too much."),
    ] = False,
    data_root: DataRoot = None,
    results: Results = api.RESULTS,
    workers: Workers = None,
) -> None:
    """Search the hyper-parameters of learners and strategies, on data that no evaluation uses.

    The same command goes on where it was stopped, by Ctrl-C or otherwise; more --trials go on from those that are
    there. Afterwards `ffcl run ... --tuned` runs what was found.
    """
    from ffcl.plan import parse_settings
    from ffcl.records import open_results
    from ffcl.registry import installed
    from ffcl.selection import chosen_names
    from ffcl.tuning.coordinator import Request, describe_studies
    from ffcl.tuning.space import parse_ranges

    registry = installed()
    if everything and (learners or strategy):
        raise UsageError("--all stands for every learner and every strategy: name none beside it.")
    names = chosen_names(registry, "all" if everything else learners, "all" if everything else strategy, scenario)
    request = Request(
        trials=trials,
        seeds=seeds,
        protocol=protocol,
        first=first,
        tune_on=tune_on,
        objective=objective,
        floor=floor,
        sampler=sampler,
        seed=sampler_seed,
        batch=batch,
        time_limit=time_limit,
        settings=parse_settings(settings or []),
        ranges=parse_ranges(space or []),
        storage=storage,
    )
    if show_optimism:
        from ffcl.tuning.optimism import check, measure, table

        check(request)
    studies, refused = describe_studies(registry, *names, request)
    console, errors = Console(), Console(stderr=True)
    for refusal in refused:
        errors.print(f"Refused: {refusal}.", markup=False, highlight=False, soft_wrap=True)
    open_results(results)
    root, n_workers = api.data_folder(data_root), api.worker_count(workers)
    finished = _carry_out(studies, results, root, n_workers, request)
    console.print(_summary(finished))
    for line in (*_more_than(trials, finished), *_unbeaten(finished)):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    for result in finished:
        console.print(str(result.study.folder), style="dim", markup=False, highlight=False, soft_wrap=True)
    missing: list[str] = []
    if show_optimism:
        from ffcl.tuning.progress import watching

        with _stoppable(), watching(request.trials) as watch:
            found, missing = measure(registry, names, request, results, root, n_workers, watch)
        if found:
            console.print(table(found))
        for line in missing:
            errors.print(f"Not compared: {line}", markup=False, highlight=False, soft_wrap=True)
    fruitless = any(result.tuned is None for result in finished)
    if fruitless:
        errors.print("No trial of some studies came through; evaluations.jsonl beside them says why.")
    if fruitless or missing:
        raise typer.Exit(EXIT_FAILED)


def _carry_out(
    studies: Sequence[Description], results: Path, data_root: Path, workers: int, request: Request
) -> list[Result]:
    from ffcl.tuning.coordinator import carry_out
    from ffcl.tuning.progress import watching

    with (
        _stoppable(),
        watching(request.trials) as watch,
        closing(carry_out(studies, results, data_root, workers, request, watch)) as running,
    ):
        return list(running)


@contextmanager
def _stoppable() -> Iterator[None]:
    """Ctrl-C ends the command with a word that nothing is lost."""
    try:
        yield
    except KeyboardInterrupt:
        Console(stderr=True).print("\nStopped. Nothing that was done is lost; the same command goes on from here.")
        raise typer.Exit(EXIT_INTERRUPTED) from None


def _summary(finished: Sequence[Result]) -> Table:
    """One row a study: what the defaults and the winner reach on fresh tuning seeds, and what it took."""
    objective, protocol = finished[0].description.objective, finished[0].description.protocol
    table = Table(box=None, header_style="bold", padding=(0, 1, 0, 0))
    table.add_column(f"{objective.metrics[0]}, {protocol.name}")
    for column in ("defaults", "tuned", "trials", "pruned", "failed", "core-h"):
        table.add_column(column, justify="right", no_wrap=True)
    for result in finished:
        tuning = result.study.tuning()
        reached = result.study.defaults_value(), result.tuned and result.tuned.values[objective.metrics[0]]
        table.add_row(
            result.description.cell,
            *("-" if value is None else f"{value:.1%}" for value in reached),
            *map(str, (tuning.trials, tuning.pruned, tuning.failed)),
            f"{tuning.core_hours:.3f}",
        )
    table.caption = "On fresh seeds of what was tuned on; `ffcl run ... --tuned` evaluates."
    table.caption_justify = "left"
    return table


def _more_than(trials: int, finished: Sequence[Result]) -> Iterator[str]:
    """Of the studies that had more trials before than are asked for now: that all of them count."""
    for result in finished:
        if result.study.search.trials > trials:
            yield f"{result.description.cell}: all of its {result.study.search.trials} trials count, not only {trials}."


def _unbeaten(finished: Sequence[Result]) -> Iterator[str]:
    """Of the studies whose defaults won: how few trials came near them, which may be the ranges' fault."""
    for result in finished:
        tuning, in_space = result.study.tuning(), result.study.defaults_value() is not None
        if result.tuned is not None and result.tuned.trial == 0 and in_space and tuning.trials > 1:
            yield (
                f"{result.description.cell}: no trial beat the defaults, {tuning.pruned} of {tuning.trials} were given "
                "up. If nearly all, see plots/slices whether a range is too wide; --space narrows it."
            )


def tuned(
    learner: Annotated[str | None, typer.Argument(help="Print this learner's tuned configuration as TOML.")] = None,
    strategy: Annotated[str | None, typer.Option("--strategy", "-t", help="Of this strategy.")] = None,
    scenario: Annotated[str | None, typer.Option("--scenario", "-s", help="On this scenario.")] = None,
    protocol: Annotated[str | None, typer.Option(help="Under this protocol.")] = None,
    study: Annotated[str | None, typer.Option(help="Found by this study, by the end of its name.")] = None,
    results: Results = api.RESULTS,
) -> None:
    """List what has been tuned; with a learner, print the configuration as TOML, for `ffcl run --configuration`."""
    from ffcl.tuning.tuned import read_all_tuned

    found, problems = read_all_tuned(results)
    for problem in problems:
        Console(stderr=True).print(problem, style="yellow", markup=False, highlight=False, soft_wrap=True)
    wanted = {"learner": learner, "strategy": strategy, "scenario": scenario}
    chosen = [
        t
        for t in found
        if all(value in (None, getattr(t, name)) for name, value in wanted.items())
        and protocol in (None, t.tuning.protocol)
        and t.tuning.study.endswith(study or "")
    ]
    if not chosen:
        raise UsageError(f"Nothing of that is tuned in {results}; `ffcl tune` does it.")
    if learner is None:
        Console().print(_list(chosen))
    elif len(chosen) > 1:
        cells = "; ".join(f"{t.strategy} · {t.scenario} · {t.tuning.protocol} · {t.tuning.study_hash}" for t in chosen)
        raise UsageError(
            f"{len(chosen)} configurations fit; choose by --strategy, --scenario, --protocol or --study: {cells}."
        )
    else:
        typer.echo(chosen[0].to_toml(), nl=False)


def _list(found: Sequence[Tuned]) -> Table:
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    for column in ("tuned", "protocol", "study", "trials", "outcome", "other than the defaults"):
        table.add_column(column, overflow="fold")
    for one in found:
        outcome = ", ".join(f"{name} {value:.1%}" for name, value in one.values.items())
        cell = f"{one.learner} · {one.strategy} · {one.scenario}"
        changed = [f"{n}={_short(one.settings[n])}" for n, d in one.tuning.defaults.items() if one.settings[n] != d]
        names = (cell, one.tuning.protocol, one.tuning.study_hash, str(one.tuning.trials))
        table.add_row(*map(escape, (*names, outcome, "\n".join(changed) or "the defaults")))
    return table


def _short(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
