"""How far a row stays behind joint training of the same learner, where that was run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ffcl.metrics import intransigence
from ffcl_leaderboard.cells import Cell
from ffcl_leaderboard.settings import written

REFERENCES = ("joint", "cumulative")
"""Strategies that learn from all data so far, the one that learns anew first."""


class References:
    """The rows of joint training, by learner and stream."""

    def __init__(self, cells: Sequence[Cell]) -> None:
        self._found: dict[str, Cell] = {}
        for name in reversed(REFERENCES):
            self._found |= {_place(cell): cell for cell in cells if cell.strategy == name and cell.done}

    def intransigence(self, cell: Cell) -> NDArray[np.float64]:
        """Intransigence of each seed that the row and its reference have finished; empty if there is no reference."""
        reference = self._found.get(_place(cell))
        if reference is None:
            return np.empty(0)
        joint = {record.run.seed: record.accuracy for record in reference.done}
        pairs = [(r.accuracy, joint[r.run.seed]) for r in cell.done if r.run.seed in joint and r.accuracy is not None]
        return np.array([float(intransigence(ours, theirs)) for ours, theirs in pairs if theirs is not None])


def _place(cell: Cell) -> str:
    return written(cell.learner, cell.settings[0], cell.stream)
