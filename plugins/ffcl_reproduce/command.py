"""``ffcl reproduce``."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from ffcl import api
from ffcl.errors import UsageError, unknown_name
from ffcl.options import EXIT_FAILED, EXIT_INTERRUPTED, DataRoot, Results

NEOHEBBIAN = "neohebbian"
NEOHEBBIAN_SOURCE = "arXiv 2406.16479"
NEOHEBBIAN_SUMMARY = "Forward-Forward as a neo-Hebbian rule: equivalence, training and trade-off of its spiking form"
PARTS = ("equivalence", "time-steps", "training", "trade-off")


def reproduce(
    name: Annotated[
        str | None, typer.Argument(help="What to reproduce, or the path of a set-up of your own. Default: --list.")
    ] = None,
    show: Annotated[bool, typer.Option("--list", help="List what can be reproduced.")] = False,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", help="Of a table: only this learner, strategy or scenario, by its label. Repeat."),
    ] = None,
    seeds: Annotated[
        int | None, typer.Option(min=1, help="Seeds of each configuration. Default: the set-up's own, or 3.")
    ] = None,
    part: Annotated[
        list[str] | None,
        typer.Option("--part", help="Of neohebbian: only this part: " + ", ".join(PARTS) + ". Repeat."),
    ] = None,
    online_seeds: Annotated[
        int | None,
        typer.Option(
            min=0, help="Of neohebbian: seeds of the two online configurations, half an hour each. Default: 1."
        ),
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Of neohebbian: passes over the training data. Default: 10.")
    ] = None,
    scenario: Annotated[
        str | None,
        typer.Option("--scenario", "-s", help="Of neohebbian: a stream of one experience. Default: joint-mnist."),
    ] = None,
    data_root: DataRoot = None,
    results: Results = api.RESULTS,
    output: Annotated[
        Path | None, typer.Option(help="Folder of the report and its figures. Default: NAME in --results.")
    ] = None,
    workers: Annotated[int | None, typer.Option(help="Worker processes. Default: one a core.")] = None,
) -> None:
    """Check published claims: print ours beside theirs, and write a report with figures.

    What has been trained is not trained again, so the same command goes on after an interruption.
    """
    if show or name is None:
        _list()
        return
    of_neohebbian = {"--part": part, "--online-seeds": online_seeds, "--epochs": epochs, "--scenario": scenario}
    if name == NEOHEBBIAN:
        _refuse({"--only": only}, name, "It takes --part.")
    else:
        _refuse(of_neohebbian, name, "It takes --only, and its settings stand in its TOML file.")
    warnings.simplefilter("ignore")  # those of the libraries, as in a worker
    try:
        if name == NEOHEBBIAN:
            _neohebbian(
                part or [],
                3 if seeds is None else seeds,
                1 if online_seeds is None else online_seeds,
                10 if epochs is None else epochs,
                scenario or "joint-mnist",
                api.data_folder(data_root),
                results,
                output or results / name,
                api.worker_count(workers),
            )
        else:
            _table(name, only or [], seeds, api.data_folder(data_root), results, output, api.worker_count(workers))
    except KeyboardInterrupt:
        Console(stderr=True).print("\nStopped. Nothing that was done is lost; the same command goes on from here.")
        raise typer.Exit(EXIT_INTERRUPTED) from None


def _refuse(options: Mapping[str, object], name: str, instead: str) -> None:
    for option, value in options.items():
        if value is not None:
            raise UsageError(f"{option} is no option of {name}. {instead}")


def _list() -> None:
    from ffcl_reproduce.setup_file import read_setup, shipped

    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    for column in ("name", "source", "what it is", "cells", "seeds"):
        table.add_column(column, overflow="fold")
    table.add_row(NEOHEBBIAN, NEOHEBBIAN_SOURCE, NEOHEBBIAN_SUMMARY, "", "3")
    for name in shipped():
        setup = read_setup(name)
        table.add_row(name, setup.source, setup.summary, str(len(setup.labels())), str(setup.seeds))
    Console().print(table)


def _table(
    name: str, only: list[str], seeds: int | None, data_root: Path, results: Path, output: Path | None, workers: int
) -> None:
    from ffcl_reproduce.setup_file import read_setup, shipped

    if not name.endswith(".toml") and name not in (known := [NEOHEBBIAN, *shipped()]):
        raise unknown_name("thing to reproduce", name, known)
    from ffcl.registry import installed
    from ffcl_reproduce.side_by_side import reproduce_setup

    setup, console = read_setup(name), Console()
    done = reproduce_setup(
        setup,
        installed(),
        only,
        setup.seeds if seeds is None else seeds,
        results,
        data_root,
        workers,
        output or results / setup.name,
        console,
    )
    console.print(str(done.report), style="dim", markup=False, highlight=False, soft_wrap=True)
    if not done.complete:
        raise typer.Exit(EXIT_FAILED)


def _neohebbian(
    parts: list[str],
    seeds: int,
    online_seeds: int,
    epochs: int,
    scenario: str,
    data_root: Path,
    results: Path,
    output: Path,
    workers: int,
) -> None:
    for wanted in parts:
        if wanted not in PARTS:
            raise unknown_name("part", wanted, PARTS)
    from ffcl.registry import installed
    from ffcl_reproduce.neohebbian import reproduce_neohebbian
    from ffcl_reproduce.neohebbian_bench import Bench

    bench = Bench(
        registry=installed(),
        scenario=scenario,
        epochs=epochs,
        seeds=seeds,
        online_seeds=online_seeds,
        results=results,
        data_root=data_root,
        workers=workers,
        output=output,
    )
    console = Console()
    report = reproduce_neohebbian(bench, [p for p in PARTS if not parts or p in parts], console)
    console.print(str(report), style="dim", markup=False, highlight=False, soft_wrap=True)
