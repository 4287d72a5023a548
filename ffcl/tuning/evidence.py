"""The index sets of a study, made anew where they are missing: a shared configuration comes without them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ffcl.errors import RecordError
from ffcl.index_sets import read_index_set, write_index_set
from ffcl.plan import Plan
from ffcl.records import open_results
from ffcl.registry import Registry
from ffcl.seeding import derive_seed
from ffcl.tuning.plan import runs_of
from ffcl.tuning.protocols import study_seeds
from ffcl.tuning.tuned import Tuned, read_all_tuned, read_tuned


def restore_index_sets(
    registry: Registry, plan: Plan, configurations: Sequence[Path], results: Path, data_root: Path
) -> None:
    """Store again what the studies behind a plan's tuned runs used, wherever it is missing.

    The streams that were tuned on are built as the trials built them, and nothing is trained. Nothing is trusted
    either: a set is named by its SHA-256, so one that comes out otherwise, since data or code is another now, is still
    missing, and the rows are refused.

    Args:
        registry: where the names are looked up.
        plan: the runs.
        configurations: the files of tuned settings that the plan was made of; if none, the studies in ``results`` are.
        results: the folder that index sets go to.
        data_root: the folder that data sets are in.

    Raises:
        DataError: the data that was tuned on is missing.
        UsageError: the results folder cannot be written to.
    """
    studies = {run.tuning.study for run in plan.runs if run.tuning is not None}
    if not studies:
        return
    open_results(results)
    found = [read_tuned(path) for path in configurations] or read_all_tuned(results)[0]
    for tuned in found:
        if tuned.tuning.study in studies and tuned.tuned_on:
            _restore(registry, tuned, results, data_root)


def _restore(registry: Registry, tuned: Tuned, results: Path, data_root: Path) -> None:
    missing = {sha256 for sha256 in tuned.tuning.index_sets if not _is_there(results, sha256)}
    if not missing:
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # as in workers: of solvers that are missing
        from ffcl.execute import build_stream  # torch and Avalanche, three seconds that other runs are spared
    from ffcl.randomness import reproducible

    trials = replace(tuned, evaluation=tuned.tuned_on)
    for run in runs_of(registry, [trials], study_seeds(tuned.tuning.protocol, tuned.tuning.seeds)):
        if not missing:
            return
        with reproducible(derive_seed(run.seed, "samples")):
            stream = build_stream(run, registry, data_root)
        for index_set in stream.index_sets.values():
            if index_set.sha256 in missing:
                missing.remove(write_index_set(results, index_set))


def _is_there(results: Path, sha256: str) -> bool:
    try:
        read_index_set(results, sha256)
    except RecordError:
        return False
    return True
