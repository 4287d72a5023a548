"""The published values of a set-up, and how ours lie to them.

A CSV file with the columns ``scenario,learner,strategy,value,spread,read``: the labels of the set-up, the accuracy in
per cent, what stands beside it as its spread (may be empty), and how it was read: ``table`` (printed) or ``figure``
(read off a plot; its spread is the error of reading).
"""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ffcl.errors import UsageError, unknown_name

Label = tuple[str, str, str]
"""Labels of a scenario, a learner and a strategy."""
Verdict = Literal["inside", "above", "below"]

COLUMNS = ("scenario", "learner", "strategy", "value", "spread", "read")
READ = ("table", "figure")
TOLERANCE = 1.5
"""Points (per cent of the test samples) that ours may be away from a published value, beyond its spread."""
ROUNDING = 1e-9


@dataclass(frozen=True)
class Published:
    """One published value: accuracy in per cent.

    Attributes:
        value: the mean.
        spread: as printed beside it, or the error of reading; None if there is none.
        read: from a printed table, or off a figure.
    """

    value: float
    spread: float | None
    read: str

    @property
    def reach(self) -> float:
        """How far ours may be away and still count as the same."""
        return (self.spread or 0.0) + TOLERANCE

    def verdict(self, ours: float) -> Verdict:
        """Whether |ours - value| <= spread + 1.5 points; else on which side ours is."""
        difference = ours - self.value
        if abs(difference) <= self.reach + ROUNDING:
            return "inside"
        return "above" if difference > 0 else "below"

    def __str__(self) -> str:
        spread = "" if self.spread is None else f" ±{self.spread:g}"
        return f"{'~' if self.read == 'figure' else ''}{self.value:g}{spread}"


def read_published(text: str, where: str, labels: Mapping[str, Sequence[str]]) -> dict[Label, Published]:
    """Read the rows; ``labels`` are those of the set-up, by kind.

    Raises:
        UsageError: a column is missing, a label is none of the set-up's, or a value is no number.
    """
    reader = csv.DictReader(text.splitlines())
    if tuple(reader.fieldnames or ()) != COLUMNS:
        raise UsageError(f"{where} must begin with the line {','.join(COLUMNS)}.")
    found: dict[Label, Published] = {}
    for number, row in enumerate(reader, start=2):
        at = f"{where}, line {number}"
        if None in row or None in row.values():
            raise UsageError(f"{at}: {len(COLUMNS)} values are needed.")
        for kind, known in labels.items():
            if row[kind] not in known:
                raise unknown_name(f"{kind} in {at}:", row[kind], known)
        label = row["scenario"], row["learner"], row["strategy"]
        if label in found:
            raise UsageError(f"{at}: {' x '.join(label)} stands there twice.")
        if row["read"] not in READ:
            raise unknown_name(f"way of reading in {at}:", row["read"], READ)
        spread = _number(row["spread"], f"{at}: spread") if row["spread"] else None
        if spread is not None and spread < 0:
            raise UsageError(f"{at}: spread must not be negative, got {row['spread']}.")
        found[label] = Published(_number(row["value"], f"{at}: value"), spread, row["read"])
    return found


def _number(text: str, where: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise UsageError(f"{where} must be a number, got {text!r}.")
    return number
