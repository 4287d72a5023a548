"""ffcl from Python: the same runs and the same leaderboard as on the command line, as DataFrames."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ffcl.errors import PluginError, UsageError

if TYPE_CHECKING:
    import pandas as pd

    from ffcl.learner import Learner
    from ffcl.plan import Plan
    from ffcl.records import Record
    from ffcl.refusals import Refusal
    from ffcl.registry import Registry
    from ffcl.selection import Part
    from ffcl.tables import Tables

SEEDS = 10
RESULTS = Path("results")
SORT = "ACC"


def run(
    learners: str | Sequence[str] | None = None,
    *,
    strategies: str | Sequence[str] | None = None,
    scenarios: str | Path | Sequence[str | Path] | None = None,
    seeds: int | Iterable[int] = SEEDS,
    settings: Mapping[str, object] | None = None,
    tuned: str | None = None,
    results: str | Path = RESULTS,
    data_root: str | Path | None = None,
    workers: int | None = None,
    rerun: bool = False,
    keep_learners: bool = False,
    progress: bool = False,
) -> pd.DataFrame:
    """Run a grid and return one row per run, done before or now; failed runs have status ``failed``.

    A learning rule that was edited is run again; what its plugin offers, and with which settings, is read once. Warns
    of pairs that are refused and of runs that fail.

    >>> import ffcl
    >>> runs = ffcl.run("bp", strategies=["none", "replay"], seeds=3)  # doctest: +SKIP

    Args:
        learners: names of learners, or ``"all"``; None stands for the defaults: those that ffcl ships.
        strategies: names of strategies, or ``"all"``; None stands for the default, no strategy.
        scenarios: names of scenarios, or paths of TOML files; None stands for the default, the digits.
        seeds: a number n for the seeds 0 to n - 1, or the seeds themselves.
        settings: changed settings, for example ``{"ff.hidden": 500, "split-digits.epochs": 5}``.
        tuned: a protocol of `tune`: run what was tuned under it, and the defaults beside it, seed by seed.
        results: the folder that records go to.
        data_root: the folder that data sets are in, or are downloaded to.
        workers: worker processes; None is one a core, 0 is this process.
        rerun: run again what is done.
        keep_learners: keep each trained learner beside its record, for `load`.
        progress: show progress in the terminal.

    Raises:
        UsageError: an unknown name or a setting that does not fit; nothing has been run. With ``workers=0`` also: code
            was edited after this Python imported it.
        DataError: data is missing; the runs that do not need it have been run.
    """
    from ffcl.progress import describe, run_plan
    from ffcl.selection import plan_of
    from ffcl.tuning.evidence import restore_index_sets
    from ffcl.tuning.leaks import without_leaks

    registry = _fresh_registry()
    plan = plan_of(registry, learners, strategies, scenarios, seeds, settings, tuned=tuned, results=Path(results))
    _warn([*(f"Refused: {refusal}." for refusal in plan.refused), *plan.notices])
    restore_index_sets(registry, plan, (), Path(results), data_folder(data_root))
    summary = run_plan(
        plan,
        Path(results),
        data_folder(data_root),
        worker_count(workers),
        rerun=rerun,
        keep=keep_learners,
        shown=progress,
    )
    summary.raise_without_data()
    finished, refused = without_leaks(records_of(plan, Path(results)), Path(results))
    _warn([*(f"Failed: {describe(run)}: {message}" for run, message in summary.failures), *refused])
    return tables(registry, finished, plan.refused).runs


def tune(
    learners: str | Sequence[str] | None = None,
    *,
    strategies: str | Sequence[str] | None = None,
    scenarios: str | Path | Sequence[str | Path] | None = None,
    trials: int = 60,
    settings: Mapping[str, object] | None = None,
    space: Mapping[str, str] | None = None,
    results: str | Path = RESULTS,
    data_root: str | Path | None = None,
    workers: int | None = None,
    **options: Any,
) -> pd.DataFrame:
    """Tune every learner with every strategy on every scenario; return one row a study.

    What was done before is not done again. Warns of pairs that are refused. Afterwards ``run(..., tuned="disjoint")``
    evaluates what was found.

    >>> import ffcl
    >>> found = ffcl.tune("ff", strategies="replay", trials=60, space={"ff.lr": "1e-4..1e-2:log"})  # doctest: +SKIP

    Args:
        learners: as for `run`.
        strategies: as for `run`.
        scenarios: as for `run`.
        trials: trials of each study; the first is the defaults.
        settings: what is fixed, and what is changed in the scenario.
        space: what is searched otherwise than declared, ``low..high``, ``low..high:log`` or ``one,other``.
        results: the folder that studies go to.
        data_root: as for `run`.
        workers: as for `run`.
        options: further attributes of `ffcl.tuning.coordinator.Request`: ``protocol``, ``objective``, ``sampler``,
            ``seeds`` and so on.

    Raises:
        UsageError: an unknown name, or something that does not fit; nothing has been run.
        DataError: data is missing.
    """
    import pandas as pd

    from ffcl.records import open_results
    from ffcl.selection import chosen_names
    from ffcl.tuning.coordinator import Request, carry_out, describe_studies

    registry = _fresh_registry()
    names = chosen_names(registry, learners, strategies, scenarios)
    request = Request(trials=trials, settings=settings or {}, ranges=space or {}, **options)
    studies, refused = describe_studies(registry, *names, request)
    _warn([f"Refused: {refusal}." for refusal in refused])
    open_results(Path(results))
    found = carry_out(studies, Path(results), data_folder(data_root), worker_count(workers), request)
    return pd.DataFrame([result.row() for result in found])


def load(folder: str | Path) -> Learner[Any]:
    """Return the trained learner of one run, in evaluation mode.

    >>> learner = ffcl.load("results/runs/ff--none--split-digits--seed0--...")  # doctest: +SKIP

    Args:
        folder: the folder of a run that was made with ``keep_learners``.

    Raises:
        RecordError: there is no record, no learner, or it does not fit the installed code.
    """
    from ffcl.trained import read_learner

    return read_learner(Path(folder))


def leaderboard(
    results: str | Path = RESULTS,
    *,
    learners: str | Sequence[str] | None = None,
    strategies: str | Sequence[str] | None = None,
    scenarios: str | Sequence[str] | None = None,
    sort: str = SORT,
    output: str | Path | None = None,
) -> pd.DataFrame:
    """Return the leaderboard of all records in ``results``: a row per learner, strategy, scenario, configuration.

    What is kept has the numbers that it has among all. Warns of records that are left out: of those that cannot be
    read, and of those of tuned settings without evidence that they were tuned on other data.

    Args:
        results: the folder of a former ``run``.
        learners: keep these only.
        strategies: keep these only.
        scenarios: keep these only.
        sort: the column to sort by.
        output: also write the CSV files and plots into this folder.

    Raises:
        UsageError: there are no records, or a name is not among them.
    """
    from ffcl.refusals import read_refusals
    from ffcl.selection import part_of

    records, refusals = _trusted(results), read_refusals(Path(results))
    part = part_of(records, refusals, learners, strategies, scenarios, Path(results), in_files=True)
    registry = _fresh_registry()
    return tables(registry, records, refusals, None if output is None else Path(output), sort, part=part).rows


def compare(
    results: str | Path = RESULTS,
    baseline: str | None = None,
    *,
    learners: str | Sequence[str] | None = None,
    strategies: str | Sequence[str] | None = None,
    scenarios: str | Sequence[str] | None = None,
) -> pd.DataFrame:
    """Compare each row of the leaderboard with a baseline, seed by seed: differences, tests and verdicts.

    >>> verdicts = ffcl.compare(baseline="bp")  # doctest: +SKIP

    Args:
        results: the folder of a former ``run``.
        baseline: a learner, each row compared with it under the same strategy; or ``"learner+strategy"``, all rows
            compared with that one; of several settings with those in brackets, ``"bp (hidden=200)"``. None leaves it
            to the leaderboard.
        learners: keep the rows of these only, with the numbers that they have among all.
        strategies: keep these only.
        scenarios: keep these only.

    Raises:
        UsageError: there are no records, or a name is not among them.
    """
    from ffcl.selection import part_of

    records = _trusted(results)
    part = part_of(records, (), learners, strategies, scenarios, Path(results))
    return tables(_fresh_registry(), records, baseline=baseline, part=part).comparisons


def _fresh_registry() -> Registry:
    """The installed plugins, with a fresh look at their code: in a long session it may have been edited."""
    from ffcl import fingerprints, registry

    fingerprints.code_fingerprint.cache_clear()
    return registry.installed()


def _trusted(results: str | Path) -> list[Record]:
    from ffcl.records import folded_problems
    from ffcl.tuning.leaks import trusted_records

    records, problems = trusted_records(Path(results))
    _warn(folded_problems(problems), of=3)
    return records


def _warn(problems: Sequence[str], of: int = 2) -> None:
    """Say what is left out of a result, as warnings of the call that many levels above this one."""
    for problem in problems:
        warnings.warn(problem, stacklevel=of + 1)


def tables(
    registry: Registry,
    records: Sequence[Record],
    refusals: Sequence[Refusal] = (),
    output: Path | None = None,
    sort: str = SORT,
    baseline: str | None = None,
    part: Part | None = None,
) -> Tables:
    """Have the installed leaderboard turn records into tables, of a part of them if that is given.

    Raises:
        PluginError: no leaderboard is installed.
        UsageError: there is no such column or baseline.
    """
    made: Tables | None = registry.manager.hook.ffcl_leaderboard(
        records=records, refusals=refusals, output=output, sort=sort, baseline=baseline, part=part
    )
    if made is None:
        raise PluginError(f"No installed plugin makes a leaderboard.{registry.broken_note()}")
    return made


def records_of(plan: Plan, results: Path) -> list[Record]:
    """The records of a plan's runs, as far as there are any."""
    from ffcl.records import find_record

    found = (find_record(results, run) for run in plan.runs)
    return [record for record in found if record is not None]


def data_folder(data_root: str | Path | None) -> Path:
    """Where data sets are: as given, else ``$FFCL_DATA_ROOT``, else ``~/.cache/ffcl``."""
    given = data_root or os.environ.get("FFCL_DATA_ROOT")
    return Path(given).expanduser().resolve() if given else Path.home() / ".cache" / "ffcl"


def worker_count(workers: int | None) -> int:
    """As given, else one a core.

    Raises:
        UsageError: it is negative.
    """
    from ffcl.environment import available_cores

    if workers is not None and workers < 0:
        raise UsageError(f"--workers must be 0 or more, got {workers}.")
    return available_cores() if workers is None else workers
