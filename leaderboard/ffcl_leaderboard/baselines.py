"""What each cell is compared with, and the values of both on the seeds they share."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ffcl.errors import unknown_name
from ffcl_leaderboard.cells import ENOUGH_SEEDS, Cell, of_rule
from ffcl_leaderboard.settings import written

METRIC = "ACC"
"""What is compared; more is better."""

USUAL = "bp"
"""The learner that is the baseline, if it is there, unless another is asked for."""

Rule = tuple[str, str, str]
"""Names of the learner and the strategy, and the variant of both: who is compared, over scenarios."""


def in_order(cells: Sequence[Cell]) -> list[Cell]:
    """The cells with finished runs, in the order of the leaderboard, in whatever order they come."""
    return sorted((cell for cell in cells if cell.done), key=Cell.order)


def rule(cell: Cell) -> Rule:
    """What a cell has in common with cells of other scenarios."""
    return cell.learner, cell.strategy, cell.rule_variant


def values(cell: Cell) -> dict[int, float]:
    """The metric of each finished run by its seed, without runs in which it is undefined."""
    of_seeds = zip((record.run.seed for record in cell.done), cell.measures[METRIC].tolist(), strict=True)
    return {seed: value for seed, value in of_seeds if not np.isnan(value)}


def data(cell: Cell) -> dict[int, str]:
    """SHA-256 of the data of each finished run by its seed, "" where it is not known."""
    return {record.run.seed: record.data_sha256 for record in cell.done}


def common_seeds(cell: Cell, other: Cell) -> list[int]:
    """The seeds that both have finished, growing; not those on which their data is known to differ."""
    ours, theirs = data(cell), data(other)
    return [s for s in sorted(ours.keys() & theirs.keys()) if "" in (ours[s], theirs[s]) or ours[s] == theirs[s]]


def shared(cell: Cell, baseline: Cell) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The values of both on the seeds that they have in common, by growing seed: (seeds,) each."""
    own, other = values(cell), values(baseline)
    common = [seed for seed in common_seeds(cell, baseline) if seed in own and seed in other]
    return np.array([own[seed] for seed in common]), np.array([other[seed] for seed in common])


def with_baselines(
    cells: Sequence[Cell], baseline: str | None = None, defaults: Mapping[str, Any] | None = None
) -> list[tuple[Cell, Cell]]:
    """Each cell that has a baseline cell on its own stream, and that.

    Args:
        cells: of the leaderboard; those without finished runs take no part.
        baseline: a learner: each cell is compared with that learner under the same strategy, default settings beside
            default settings, and tuned beside tuned by the same protocol. Strategies are the same if their settings
            are, but for those that were tuned. Or ``learner+strategy``: every cell of a stream is compared with
            that one. Either may be followed by settings in brackets, as in ``bp (hidden=200)``. None: the learner bp,
            or the first by name. Of several that could be it: the one with most seeds, of which more than ten are no
            more than ten; then the one with the default settings; then the first by its variant, numbers by size.
        defaults: ``name.parameter`` to its default.

    Raises:
        UsageError: no cell is of this learner, or of this learner and strategy, or has these settings.
    """
    finished = in_order(cells)
    if not finished:
        return []
    learners = sorted({cell.learner for cell in finished})
    wanted, _, settings = (baseline or _usual(learners)).strip().removesuffix(")").partition(" (")
    learner, _, strategy = wanted.partition("+")
    name = (learner.strip(), strategy.strip())
    every = [
        cell
        for cell in finished
        if name in ((cell.learner, ""), (cell.learner, cell.strategy)) and _has(cell, settings)
    ]
    if not every:
        known = {f"{cell.learner}+{cell.strategy}" for cell in finished}
        known |= {f"{cell.learner}+{cell.strategy} ({cell.rule_variant})" for cell in finished if cell.rule_variant}
        raise unknown_name("baseline", baseline or "", [*learners, *known])
    by_place: dict[tuple[str, ...], list[Cell]] = defaultdict(list)
    for cell in every:
        by_place[_place(cell, alike=not name[1])].append(cell)
    best = {place: min(of, key=lambda c: _preference(c, defaults or {})) for place, of in by_place.items()}
    pairs = ((cell, best.get(_place(cell, alike=not name[1]))) for cell in finished)
    return [(cell, other) for cell, other in pairs if other is not None and other is not cell]


def _usual(learners: Sequence[str]) -> str:
    return USUAL if USUAL in learners else learners[0]


def _has(cell: Cell, settings: str) -> bool:
    """Whether a cell has these settings, written as in a variant."""
    its = [cell.rule_variant, *(f"{name}={value}" for name, value in of_rule(cell).items())]
    return not settings or set(settings.split(", ")) <= set(", ".join(its).split(", "))


def _preference(cell: Cell, defaults: Mapping[str, Any]) -> tuple[int, bool, list[str | float]]:
    """The least is the baseline, of several cells that could be it."""
    parts = zip((cell.learner, cell.strategy), cell.settings[:2], strict=True)
    settings = {f"{part}.{name}": value for part, of_part in parts for name, value in of_part.items()}
    numbered = re.split(r"(\d+(?:\.\d+)?(?:e[+-]?\d+)?)", cell.variant)  # text, number, text, ...
    in_turn = [float(text) if at % 2 else text for at, text in enumerate(numbered)]
    return -min(len(cell.done), ENOUGH_SEEDS), not settings.items() <= defaults.items(), in_turn


def _place(cell: Cell, alike: bool) -> tuple[str, ...]:
    """The stream, and for a baseline of the same kind also the strategy and how the settings were found."""
    if not alike:
        return (cell.stream,)
    tuning = cell.first.run.tuning
    return cell.stream, cell.strategy, written(cell.untuned[1]), "" if tuning is None else tuning.protocol
