"""How much too good a number is that was tuned on the stream it is measured on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rich.table import Table

from ffcl.configuration import OPTIMISTIC
from ffcl.errors import DataError, UsageError
from ffcl.pool import run_all
from ffcl.records import find_record
from ffcl.registry import Registry
from ffcl.statistics import Interval, t_interval
from ffcl.tuning.coordinator import Request, Watch, carry_out, describe_studies, unwatched
from ffcl.tuning.plan import runs_of
from ffcl.tuning.tuned import STUDIES, Tuned, read_all_tuned

FOLDER = "optimism"


@dataclass(frozen=True)
class Optimism:
    """The same stream, seeds and test set, tuned in two ways.

    Attributes:
        learner: its name.
        strategy: its name.
        scenario: its name.
        promised: the objective of the best trial, seed by seed, where trials were run on the very evaluation.
        reached: that of the settings found on disjoint data.
    """

    learner: str
    strategy: str
    scenario: str
    promised: list[float]
    reached: list[float]

    @property
    def difference(self) -> Interval:
        """What is promised too much: the mean over seeds and its 95 % t interval."""
        return t_interval([a - b for a, b in zip(self.promised, self.reached, strict=True)])


def check(request: Request) -> None:
    """Look whether a request can be compared, before it is carried out.

    Raises:
        UsageError: it has another protocol than ``disjoint``.
    """
    if request.protocol != "disjoint":
        raise UsageError("--show-optimism compares same-stream with disjoint: leave out --protocol.")


def measure(
    registry: Registry,
    names: tuple[Sequence[str], Sequence[str], Sequence[str]],
    request: Request,
    results: Path,
    data_root: Path,
    workers: int,
    watch: Watch = unwatched,
) -> tuple[list[Optimism], list[str]]:
    """Tune on the evaluation of a ``disjoint`` request, and evaluate on the same seeds what that request has found.

    Args:
        registry: where the names are looked up.
        names: of learners, strategies and scenarios.
        request: under the protocol ``disjoint``, carried out already.
        results: the folder of its studies.
        data_root: the folder that data sets are in.
        workers: worker processes.
        watch: see `ffcl.tuning.coordinator.carry_out`.

    Returns:
        What could be compared, and of each study that could not, why not.

    The studies on the evaluation are kept in ``results/optimism``: `ffcl run --tuned` must not take them for those
    of the whole stream.

    Raises:
        DataError: data is missing.
    """
    parts = {f"{registry.scenario(name).item.name}.part": "evaluation" for name in names[2]}
    same = replace(request, protocol=OPTIMISTIC, settings={**request.settings, **parts})
    honest = {d.cell: d.name for d in describe_studies(registry, *names, request)[0]}
    studies, _ = describe_studies(registry, *names, same)
    by_study = {t.tuning.study: t for t in read_all_tuned(results)[0]}
    found, missing = [], []
    # all of them first: evaluations beside the trials of another study would be run by twice the workers
    for result in list(carry_out(studies, results / FOLDER, data_root, workers, same, watch)):
        description = result.description
        study = honest[description.cell]
        try:
            promised = result.study.search.best_of_seeds()
            if promised is None:
                raise _MissingError(f"no trial on the evaluation came through; see {result.study.folder}")
            if study not in by_study:
                raise _MissingError(f"no trial on disjoint data came through; see {results / STUDIES / study}")
            seeds = description.protocol.seeds(request.seeds)
            matrices = _evaluate(registry, by_study[study], seeds, results, data_root, workers)
        except _MissingError as reason:
            missing.append(f"{description.cell}: {str(reason).removesuffix('.')}.")
        else:
            cell = (description.learner.name, description.strategy.name, description.evaluation.name)
            found.append(Optimism(*cell, promised, [description.objective.of_seed(m) for m in matrices]))
    return found, missing


class _MissingError(Exception):
    """Why there is nothing to compare."""


def _evaluate(
    registry: Registry, tuned: Tuned, seeds: Sequence[int], results: Path, data_root: Path, workers: int
) -> list[list[list[float]]]:
    runs = [run for run in runs_of(registry, [tuned], seeds) if run.tuning is not None]
    failed = []
    for event in run_all(runs, results, data_root, workers):
        if event.event == "no-data":
            raise DataError(event.message)
        if event.event == "failed":
            failed.append(event)
    if failed:
        first = f"that of seed {failed[0].run.seed} so: {failed[0].message}"
        raise _MissingError(f"{len(failed)} of {len(runs)} runs failed, {first}")
    records = [find_record(results, run) for run in runs]
    return [record.accuracy for record in records if record is not None and record.accuracy is not None]


def table(found: Sequence[Optimism]) -> Table:
    """For the terminal."""
    shown = Table(box=None, header_style="bold", padding=(0, 2, 0, 0), title="Optimism", title_justify="left")
    shown.add_column("tuned on")
    for column in ("the evaluation", "disjoint data", "too much by"):
        shown.add_column(column, justify="right", no_wrap=True)
    for one in found:
        promised, reached = (sum(v) / len(v) for v in (one.promised, one.reached))
        interval = one.difference
        by = f"{100 * interval.mean:+.1f}"
        if len(one.promised) > 1:
            by += f" ({100 * interval.low:+.1f} to {100 * interval.high:+.1f})"
        cell = f"{one.learner} · {one.strategy} · {one.scenario}"
        shown.add_row(cell, f"{promised:.1%}", f"{reached:.1%}", by)
    shown.caption = "The same streams, seeds and test set; points, with the 95 % interval of the paired differences."
    shown.caption_justify = "left"
    return shown
