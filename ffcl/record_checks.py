"""Whether what was read from a file can be a record, or what else it is to be."""

from __future__ import annotations

from functools import cache
from types import UnionType
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin, get_type_hints

if TYPE_CHECKING:
    from ffcl.records import Record


def check_types(part: object) -> None:
    """Check that every field of a dataclass is of the class that its annotation names, what is inside of it aside.

    Raises:
        TypeError: one is not.
    """
    kind: Any = type(part)  # mypy holds classes for unhashable
    for name, types in _types(kind).items():
        value = getattr(part, name)
        if not isinstance(value, types):
            raise TypeError(f"{name} is {value!r}, not of the type {' or '.join(t.__name__ for t in types)}")


@cache
def _types(kind: type[Any]) -> dict[str, tuple[type, ...]]:
    found = {}
    for name, hint in get_type_hints(kind).items():
        options = get_args(hint) if isinstance(hint, UnionType) else [hint]
        plain = [str if get_origin(option) is Literal else get_origin(option) or option for option in options]
        found[name] = (*plain, int) if float in plain else tuple(plain)
    return found


def check_matrix(record: Record) -> None:
    """Check that what was measured fits together.

    Raises:
        ValueError: it does not.
    """
    if record.status not in ("done", "failed"):
        raise ValueError(f"status {record.status!r}")
    if record.status == "failed":
        return
    matrix = record.accuracy
    if not matrix or len(matrix) < 2 or any(len(row) != len(matrix) - 1 for row in matrix):
        raise ValueError("the accuracy matrix is not of T + 1 rows and T columns")
    if any(not 0.0 <= value <= 1.0 for row in matrix for value in row):
        raise ValueError("an accuracy is outside 0 to 1")
    if record.choices and [len(row) for row in record.choices] != [len(row) for row in matrix]:
        raise ValueError("choices are not of the shape of the accuracy matrix")
    if any(len(s.accuracy) != s.experience or not 0 < s.experience < len(matrix) for s in record.within):
        raise ValueError("a snapshot does not fit the stream")
