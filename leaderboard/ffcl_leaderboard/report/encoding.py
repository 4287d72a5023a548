"""Tables as small JSON: rounded, by column, equal texts once."""

from __future__ import annotations

import json
import math
from collections.abc import Hashable, Iterable
from typing import Any

import pandas as pd

DIGITS = 5
"""Significant digits of a number that is no share."""


def encode_frame(frame: pd.DataFrame, leave_out: Iterable[str] = ()) -> dict[str, Any]:
    """A frame by column; columns in which nothing stands are left out.

    A column of numbers, or of true and false, is a list, with None for NaN. One of texts is ``{"texts": distinct
    texts, "at": index of each row's}``. One that is the same in several rows and no text is ``{"same": value,
    "count": rows}``.
    """
    skipped = set(leave_out)
    encoded = {str(name): encode_column(frame[name].tolist()) for name in frame if name not in skipped}
    return {name: column for name, column in encoded.items() if column is not None}


def encode_column(values: list[Any]) -> list[Any] | dict[str, Any] | None:
    """One column; None if nothing stands in it."""
    plain = [_plain(value) for value in values]
    if all(value is None or value == "" for value in plain):
        return None
    if any(isinstance(value, str) for value in plain):
        return encode_texts(["" if value is None else str(value) for value in plain])
    if len(plain) > 1 and all(value == plain[0] and type(value) is type(plain[0]) for value in plain):
        return {"same": plain[0], "count": len(plain)}
    return plain


def encode_texts(values: list[str]) -> dict[str, Any]:
    """Texts, each distinct one once, in order of appearance."""
    texts = list(dict.fromkeys(values))
    number = {text: i for i, text in enumerate(texts)}
    return {"texts": texts, "at": [number[value] for value in values]}


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, (dict, list, tuple)):
        return json.dumps(value, sort_keys=True, default=str)
    if hasattr(value, "item"):  # a numpy scalar
        value = value.item()
    if isinstance(value, (bool, int)):
        return value
    return short(value) if isinstance(value, float) else ("" if pd.isna(value) else str(value))


def short(value: float) -> float | int | None:
    """A number in as few characters as its digits allow; None for what is no finite number.

    Numbers within 1, which are shares nearly always, keep 4 decimals unless they are smaller than 0.001.
    """
    if not math.isfinite(value):
        return None
    if value.is_integer() and abs(value) < 2**53:  # a count or a seed: exact
        return int(value)
    rounded = round(value, 4) if 0.001 <= abs(value) <= 1 else float(f"{value:.{DIGITS}g}")
    return int(rounded) if rounded.is_integer() and abs(rounded) < 2**53 else rounded


class Distinct:
    """Plain values by number, equal ones once."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._numbers: dict[Hashable, int] = {}

    def number(self, value: Any) -> int:
        """The number of this value, which is kept if it is new."""
        key = json.dumps(value, sort_keys=True)
        if key not in self._numbers:
            self._numbers[key] = len(self.values)
            self.values.append(value)
        return self._numbers[key]
