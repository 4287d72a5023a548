"""``ffcl reproduce``."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ffcl import api
from ffcl.cli import EXIT_INTERRUPTED, DataRoot, Results
from ffcl.errors import unknown_name

NAMES = ("neohebbian",)
PARTS = ("equivalence", "time-steps", "training", "trade-off")


def reproduce(
    name: Annotated[str, typer.Argument(help="What to reproduce: neohebbian (arXiv 2406.16479).")],
    part: Annotated[
        list[str] | None, typer.Option("--part", help="Only this part: " + ", ".join(PARTS) + ". Repeat.")
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Seeds of each configuration.")] = 3,
    online_seeds: Annotated[
        int, typer.Option(min=0, help="Seeds of the two online configurations, which take about half an hour each.")
    ] = 1,
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the training data.")] = 10,
    scenario: Annotated[str, typer.Option("--scenario", "-s", help="A stream of one experience.")] = "joint-mnist",
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
    if name not in NAMES:
        raise unknown_name("thing to reproduce", name, NAMES)
    for wanted in part or ():
        if wanted not in PARTS:
            raise unknown_name("part", wanted, PARTS)
    from ffcl.registry import installed

    warnings.simplefilter("ignore")  # those of the libraries, as in a worker
    from ffcl_reproduce.neohebbian import reproduce_neohebbian
    from ffcl_reproduce.setup import Setup

    folder = output or results / name
    setup = Setup(
        registry=installed(),
        scenario=scenario,
        epochs=epochs,
        seeds=seeds,
        online_seeds=online_seeds,
        results=results,
        data_root=api.data_folder(data_root),
        workers=api.worker_count(workers),
        output=folder,
    )
    console = Console()
    try:
        report = reproduce_neohebbian(setup, [p for p in PARTS if not part or p in part], console)
    except KeyboardInterrupt:
        Console(stderr=True).print("\nStopped. Nothing that was done is lost; the same command goes on from here.")
        raise typer.Exit(EXIT_INTERRUPTED) from None
    console.print(str(report), style="dim", markup=False, highlight=False, soft_wrap=True)
