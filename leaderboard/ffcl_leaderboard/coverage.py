"""Which learner has been run with which strategy, and why not: no pair is left out in silence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd

from ffcl.refusals import Refusal
from ffcl_leaderboard.cells import Cell

WORKS, FAILED, REFUSED, NOT_RUN = "works", "failed", "refused", "not run"
COLUMNS = ("learner", "strategy", "status", "finished", "failed", "scenarios", "reason")


def coverage_frame(cells: Sequence[Cell], refusals: Sequence[Refusal]) -> pd.DataFrame:
    """One row per learner x strategy, for all that occur in the cells or refusals.

    ``status`` is ``refused`` if the pair is refused by now, whatever was run before; else ``failed`` if a run failed,
    ``works`` if runs finished and none failed, ``not run`` if there are none. ``reason`` is that of the refusal, or
    the message of the first failed run.
    """
    reasons = {(r.learner, r.strategy): r.reason for r in refusals}
    by_pair: dict[tuple[str, str], list[Cell]] = {}
    for cell in cells:
        by_pair.setdefault((cell.learner, cell.strategy), []).append(cell)
    pairs = [*by_pair, *reasons]
    learners = sorted({learner for learner, _ in pairs})
    strategies = sorted({strategy for _, strategy in pairs}, key=lambda name: (name != "none", name))
    rows = [
        (learner, strategy, *_state(by_pair.get((learner, strategy), []), reasons.get((learner, strategy))))
        for learner in learners
        for strategy in strategies
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _state(cells: Sequence[Cell], refusal: str | None) -> tuple[str, int, int, str, str]:
    """Status, finished and failed runs, scenarios and reason of one pair."""
    finished, failed = sum(len(cell.done) for cell in cells), sum(len(cell.failed) for cell in cells)
    scenarios = ", ".join(sorted({cell.scenario for cell in cells}))
    if refusal is not None:
        status, reason = REFUSED, refusal
    elif failed:
        failure = next(record for cell in cells for record in cell.failed).failure
        status, reason = FAILED, f"{failure.kind}: {failure.message}" if failure else "unknown"
    else:
        status, reason = WORKS if finished else NOT_RUN, ""
    return status, finished, failed, scenarios, reason


def word(row: pd.Series) -> str:
    """A pair in one word: the number of its runs, or what is wrong."""
    if row["status"] == WORKS:
        return str(row["finished"])
    if row["status"] == FAILED:
        return f"{row['failed']}/{row['finished'] + row['failed']} failed"
    return REFUSED if row["status"] == REFUSED else "-"


def reasons(coverage: pd.DataFrame) -> list[str]:
    """One line per reason: what happened, to which pairs, and why."""
    lines = []
    told = coverage[coverage["status"].isin([FAILED, REFUSED])]
    for (status, reason), rows in told.groupby(["status", "reason"], sort=True):
        first_line = str(reason).strip().split("\n")[0]
        lines.append(f"{status}: {_pairs(zip(rows['learner'], rows['strategy'], strict=True))}: {first_line}")
    return lines


def _pairs(pairs: Iterable[tuple[str, str]]) -> str:
    """Pairs in few words: strategies that share their learners stand together."""
    learners_of: dict[str, list[str]] = {}
    for learner, strategy in pairs:
        learners_of.setdefault(strategy, []).append(learner)
    strategies_of: dict[tuple[str, ...], list[str]] = {}
    for strategy, learners in learners_of.items():
        strategies_of.setdefault(tuple(learners), []).append(strategy)
    return "; ".join(f"{', '.join(names)} on {', '.join(learners)}" for learners, names in strategies_of.items())
