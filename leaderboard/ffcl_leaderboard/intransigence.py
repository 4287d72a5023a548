"""How far a row stays behind joint training of the same learner, where that was run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ffcl.metrics import intransigence
from ffcl_leaderboard.baselines import common_seeds
from ffcl_leaderboard.cells import Cell
from ffcl_leaderboard.settings import written

REFERENCES = ("joint", "cumulative")
"""Strategies that learn from all data so far, the one that learns anew first."""


class References:
    """The rows of joint training, by learner and stream, both with their settings and code."""

    def __init__(self, cells: Sequence[Cell]) -> None:
        self._found: dict[str, Cell] = {}
        for name in reversed(REFERENCES):
            self._found |= {_place(cell): cell for cell in cells if cell.strategy == name and cell.done}

    def intransigence(self, cell: Cell) -> NDArray[np.float64]:
        """Intransigence of each seed that the row has in common with its reference; empty if there is none."""
        reference = self._found.get(_place(cell))
        if reference is None:
            return np.empty(0)
        ours, theirs = ({record.run.seed: record.accuracy for record in c.done} for c in (cell, reference))
        pairs = ((ours[seed], theirs[seed]) for seed in common_seeds(cell, reference))
        return np.array([float(intransigence(a, joint)) for a, joint in pairs if a is not None and joint is not None])


def _place(cell: Cell) -> str:
    learner, _, scenario = cell.first.run.parts
    return written(cell.learner, cell.settings[0], learner.implementation, cell.stream, scenario.implementation)
