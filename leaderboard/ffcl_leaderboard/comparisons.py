"""Who is better than whom, by paired tests: per scenario against a baseline and among all, and over scenarios.

Adding a learner changes nobody else's verdict: p values are corrected for the scenarios of one comparison, never for
the number of learners, and no verdict uses ranks. In return nothing is said of all learners at once: of 20 learners
that are no better than the baseline, one is expected to be called better or worse somewhere.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ffcl.statistics import Interval, t_interval
from ffcl_leaderboard.across import (
    interquartile_mean,
    mean_ranks,
    mean_score,
    probability_of_improvement,
    stratified_bootstrap,
)
from ffcl_leaderboard.baselines import Rule, data, in_order, rule, shared, values, with_baselines
from ffcl_leaderboard.cells import ENOUGH_SEEDS, FEW_SEEDS, Cell
from ffcl_leaderboard.cliques import cliques, letters
from ffcl_leaderboard.paired import effect_size, equivalent, holm, least_p, sign_flip, sign_flips

ALPHA = 0.05
MARGIN = 0.01
"""One point of accuracy: differences below it are of no practical interest."""
BETTER, WORSE, EQUIVALENT, UNCLEAR = "better", "worse", "equivalent", "indistinguishable"
COLUMNS = (
    *("scenario", "learner", "strategy", "variant", "configuration", "baseline", "baseline_configuration"),
    *("pairs", "difference", "difference_low", "difference_high", "p", "p_holm", "effect_size", "wins"),
    *("equivalent", "verdict"),
)
SUMMARY = (
    *("learner", "strategy", "variant", "scenarios", "seeds", "IQM", "IQM_low", "IQM_high", "mean"),
    *("improvement", "improvement_low", "improvement_high", "mean_rank"),
    *("difference", "difference_low", "difference_high", "equivalent"),
)

Array = NDArray[np.float64]


def comparisons_frame(
    cells: Sequence[Cell], baseline: str | None = None, defaults: Mapping[str, Any] | None = None
) -> pd.DataFrame:
    """One row for each cell and its baseline, over the seeds that both have finished.

    ``baseline`` is the baseline cell's label, ``difference`` the mean of cell - baseline with its 95% t interval,
    ``p`` of `sign_flip`, ``effect_size`` Cohen's d_z, ``wins`` the number of pairs in which the cell is strictly
    better, ``equivalent`` whether the 90% t interval lies within ±1 point. ``p_holm`` is Holm's correction over the
    scenarios on which one learner with one strategy and variant meets its baseline: the chance that any of them is
    falsely called better or worse is at most 5%. It does not cover the choice among learners or strategies.
    ``verdict`` is ``few seeds`` below 10 pairs, whatever p; else ``better`` or ``worse`` if p_holm <= 0.05; else
    ``equivalent`` if it is, for one scenario at a time; else ``indistinguishable``, but ``few seeds`` if no values
    whatever could have made p_holm so small: 10 pairs are enough for 25 scenarios, 11 for 51, 12 for 102.

    Args:
        cells: of the leaderboard.
        baseline: see `with_baselines`; the baseline itself has no row, nor has a cell without one.
        defaults: see `with_baselines`.

    Raises:
        UsageError: there is no such baseline.
    """
    pairs = with_baselines(cells, baseline, defaults)
    rows = [_comparison(cell, other) for cell, other in pairs]
    families: dict[Rule, list[dict[str, Any]]] = defaultdict(list)
    for (cell, _), row in zip(pairs, rows, strict=True):
        families[rule(cell)].append(row)
    for family in families.values():
        adjusted = holm([row["p"] for row in family]).tolist()
        least = holm([least_p(row["pairs"]) for row in family]).tolist()
        for row, p, possible in zip(family, adjusted, least, strict=True):
            row |= {"p_holm": p, "verdict": _verdict(row, p, possible)}
    return pd.DataFrame(rows, columns=list(COLUMNS))


def baseline_name(compared: pd.DataFrame, cells: Mapping[str, Cell]) -> str:
    """What these rows of `comparisons_frame` are compared with, in words.

    Args:
        compared: the rows.
        cells: of the rows and their baselines, by configuration.
    """
    labels = set(compared["baseline"])
    if len(labels) == 1:
        return str(labels.pop())
    baselines = [cells[configuration] for configuration in compared["baseline_configuration"]]
    if [cell.strategy for cell in baselines] == list(compared["strategy"]):
        return f"{', '.join(sorted({cell.learner for cell in baselines}))} under the same strategy"
    return ", ".join(sorted({replace(cell, rule_variant="", stream_variant="").label for cell in baselines}))


def _comparison(cell: Cell, baseline: Cell) -> dict[str, Any]:
    own, other = shared(cell, baseline)
    differences = own - other
    return {
        "scenario": cell.scenario,
        "learner": cell.learner,
        "strategy": cell.strategy,
        "variant": cell.variant,
        "configuration": cell.first.run.configuration,
        "baseline": baseline.label,
        "baseline_configuration": baseline.first.run.configuration,
        "pairs": len(differences),
        **_named("difference", t_interval(differences)),
        "p": sign_flip(differences),
        "effect_size": effect_size(differences),
        "wins": int((differences > 0).sum()),
        "equivalent": equivalent(differences, MARGIN),
    }


def _verdict(row: dict[str, Any], p: float, least: float) -> str:
    if row["pairs"] < ENOUGH_SEEDS:
        return FEW_SEEDS
    if p <= ALPHA:
        return BETTER if row["difference"] > 0 else WORSE
    if row["equivalent"]:
        return EQUIVALENT
    return FEW_SEEDS if least > ALPHA else UNCLEAR


def groups(cells: Sequence[Cell]) -> dict[str, str]:
    """Letters by configuration: cells of one stream share a letter if they are not told apart.

    Every pair is tested as in `comparisons_frame`, and corrected over the scenarios of that pair, not over pairs: the
    more cells, the more of them are told apart by chance. Pairs with fewer than 10 common seeds, or too few for the
    number of their scenarios, are not told apart. The best mean has "a".

    Returns:
        Letters, such as "ab"; "" for cells with fewer than 10 seeds.
    """
    streams: dict[str, list[Cell]] = defaultdict(list)
    for cell in in_order(cells):
        streams[cell.stream].append(cell)
    tables = [(members, *_table(members)) for members in streams.values()]
    tests = [_all_pairs(table, sources) for _, table, sources in tables]
    _correct([[rule(cell) for cell in members] for members, *_ in tables], [p for p, _ in tests])
    shown = {cell.first.run.configuration: "" for cell in cells}
    for (members, table, _), (p, pairs) in zip(tables, tests, strict=True):
        enough = np.flatnonzero((~np.isnan(table)).sum(axis=1) >= ENOUGH_SEEDS)
        best_first = enough[np.argsort(-np.nanmean(table[enough], axis=1), kind="stable")]
        inside = np.ix_(best_first, best_first)
        together = ~((p[inside] <= ALPHA) & (pairs[inside] >= ENOUGH_SEEDS))
        marks = letters(cliques(together), len(best_first))
        shown |= {members[i].first.run.configuration: mark for i, mark in zip(best_first, marks, strict=True)}
    return shown


def _table(cells: Sequence[Cell]) -> tuple[Array, NDArray[np.object_]]:
    """The values of cells, NaN where a cell lacks a seed, and `data`, "" there: (cells, seeds) each."""
    by_cell, sources = [values(cell) for cell in cells], [data(cell) for cell in cells]
    seeds = sorted(set().union(*by_cell))
    table = np.array([[of_seed.get(seed, math.nan) for seed in seeds] for of_seed in by_cell])
    of_table = np.array([[of_seed.get(seed, "") for seed in seeds] for of_seed in sources], dtype=object)
    return table.reshape(len(cells), -1), of_table.reshape(len(cells), -1)


def _all_pairs(table: Array, sources: NDArray[np.object_]) -> tuple[Array, NDArray[np.int64]]:
    """Of every two rows, p of the sign-flip test and how many seeds they share: (cells, cells) each."""
    n = len(table)
    p, pairs = np.full((n, n), math.nan), np.zeros((n, n), dtype=np.int64)
    first, second = np.triu_indices(n, 1)
    differences, ours, theirs = table[first] - table[second], sources[first], sources[second]
    differences[(ours != theirs) & (ours != "") & (theirs != "")] = math.nan
    counts = (~np.isnan(differences)).sum(axis=1)
    for count in set(counts.tolist()):  # tests of as many pairs are made together
        same = counts == count
        some = differences[same]
        p[first[same], second[same]] = sign_flips(some[~np.isnan(some)].reshape(len(some), count))
    pairs[first, second] = counts
    return np.fmax(p, p.T), pairs + pairs.T


def _correct(rules: Sequence[Sequence[Rule]], tests: Sequence[Array]) -> None:
    """Replace the p of every pair of rules by those corrected over the streams on which both are."""
    families: dict[tuple[Rule, Rule], list[tuple[int, int, int]]] = defaultdict(list)
    for place, members in enumerate(rules):
        for i, j in combinations(range(len(members)), 2):
            first, second = sorted((members[i], members[j]))
            families[first, second].append((place, i, j))
    for of_pair in families.values():
        adjusted = holm([tests[place][i, j] for place, i, j in of_pair])
        for (place, i, j), value in zip(of_pair, adjusted, strict=True):
            tests[place][i, j] = tests[place][j, i] = value


def summary_frame(
    cells: Sequence[Cell], baseline: str | None = None, defaults: Mapping[str, Any] | None = None
) -> pd.DataFrame:
    """One row for each learner with one strategy and variant, over the scenarios on which it ran.

    A row is given to those that ran on all of the common scenarios, which are chosen so that most can be compared:
    see `common_scenarios`. ``scenarios`` is their number, and ``seeds`` the least number of runs on any of them.
    ``IQM`` is the interquartile mean of all runs on them, ``mean`` the mean of their means, ``mean_rank`` the mean
    rank among the rows. What the common scenarios are depends on who else is there, and so do these; no verdict uses
    them.

    ``improvement`` is the probability that a run is better than one of the baseline, ``difference`` the mean over
    scenarios of the mean of cell - baseline, both over the scenarios on which both share seeds, and NaN if these are
    fewer than two. The intervals are of a stratified bootstrap (95%; too narrow with few seeds, NaN with a single
    one); ``equivalent`` is whether the 90% interval of the difference lies within ±1 point, and both share at least 10
    seeds on each of these scenarios.

    Args:
        cells: of the leaderboard.
        baseline: see `with_baselines`; the baseline itself is not compared.
        defaults: see `with_baselines`.

    Returns:
        The rows, the best IQM first; none if there are fewer than two common scenarios.

    Raises:
        UsageError: there is no such baseline.
    """
    others = {cell.first.run.configuration: other for cell, other in with_baselines(cells, baseline, defaults)}
    scores = scores_by_rule(cells)
    common = common_scenarios(scores)
    chosen = {name: of_scenarios for name, of_scenarios in scores.items() if common and common <= of_scenarios.keys()}
    pairs: dict[Rule, list[tuple[Array, Array]]] = defaultdict(list)
    for cell in in_order(cells):
        if rule(cell) in chosen and cell.first.run.configuration in others:
            own, other = shared(cell, others[cell.first.run.configuration])
            if own.size:
                pairs[rule(cell)].append((own, other))
    rows = [
        dict(zip(("learner", "strategy", "variant"), name, strict=True))
        | _scores([of_scenarios[scenario] for scenario in sorted(common)])
        | _against(pairs[name])
        for name, of_scenarios in chosen.items()
    ]
    frame = pd.DataFrame(rows, columns=list(SUMMARY))
    if rows:
        means = [[of_scenarios[name].mean() for of_scenarios in chosen.values()] for name in sorted(common)]
        frame["mean_rank"] = mean_ranks(means)
    return frame.sort_values("IQM", ascending=False, kind="stable", ignore_index=True)


def scores_by_rule(cells: Sequence[Cell]) -> dict[Rule, dict[str, Array]]:
    """The values of the runs (seeds,) of each learner with one strategy and variant, by scenario and its variant."""
    scores: dict[Rule, dict[str, Array]] = defaultdict(dict)
    for cell in in_order(cells):
        if of_seeds := values(cell):
            scores[rule(cell)][f"{cell.scenario} {cell.stream_variant}"] = np.array(list(of_seeds.values()))
    return dict(scores)


def common_scenarios(scores: dict[Rule, dict[str, Array]]) -> set[str]:
    """The scenarios over which to compare: with most rows that ran on all of them, times their number.

    Those on which at least two learners did go first, then those on which at least two rows did: what one ran on alone
    tells it from nobody. Scenarios are taken from the one on which most learners, then rows, ran to the one on which
    fewest did, at least two.
    """
    learners: dict[str, list[str]] = defaultdict(list)  # of each row that ran on the scenario
    for (learner, *_), of_scenarios in scores.items():
        for scenario in of_scenarios:
            learners[scenario].append(learner)
    in_turn = sorted(learners, key=lambda name: (-len(set(learners[name])), -len(learners[name]), name))
    best, most = set[str](), (False, False, 1)
    for n in range(2, len(in_turn) + 1):
        first = set(in_turn[:n])
        ran = [learner for (learner, *_), of_scenarios in scores.items() if first <= of_scenarios.keys()]
        if (size := (len(set(ran)) > 1, len(ran) > 1, n * len(ran))) >= most:
            best, most = first, size
    return best


def _scores(scores: list[Array]) -> dict[str, Any]:
    iqm = _named("IQM", stratified_bootstrap(scores, interquartile_mean))
    return {"scenarios": len(scores), "seeds": min(map(len, scores)), **iqm, "mean": float(mean_score(scores))}


def _against(pairs: Sequence[tuple[Array, Array]]) -> dict[str, Any]:
    if len(pairs) < 2:
        return {"equivalent": False}
    own, other = zip(*pairs, strict=True)
    improvement = stratified_bootstrap(own, probability_of_improvement, paired=other)
    differences = [x - y for x, y in pairs]
    difference = stratified_bootstrap(differences, mean_score)
    narrow = stratified_bootstrap(differences, mean_score, confidence=0.90)
    enough = min(map(len, differences)) >= ENOUGH_SEEDS
    inside = enough and narrow.low > -MARGIN and narrow.high < MARGIN
    return {**_named("improvement", improvement), **_named("difference", difference), "equivalent": inside}


def _named(name: str, interval: Interval) -> dict[str, float]:
    return {name: interval.mean, f"{name}_low": interval.low, f"{name}_high": interval.high}
