"""Parts of a data set: what is tuned on is never what is evaluated on."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ffcl.errors import UsageError
from ffcl.seeding import derive_seed

Part = Literal["all", "tuning", "evaluation", "validation", "first", "rest"]
"""What of a data set a stream is built from.

- ``all``: every training sample; tested on the test set.
- ``tuning``: half of the training samples; a sixth of these takes the place of the test set.
- ``evaluation``: the other half; tested on the test set. Halves, so that an experience takes about as many training
  steps in both: a step size found on far fewer steps is too large for more.
- ``validation``: every training sample; a sixth of them takes the place of the test set. It is for tuning on a data
  set other than the one that is evaluated on.
- ``first`` and ``rest``: the samples of ``validation`` and of ``all``, and of them the classes that come in the first
  experiences, or in the others (after Chaudhry et al. 2019, arXiv 1812.00420).
"""

OF_SAMPLES: tuple[Part, ...] = ("all", "tuning", "evaluation", "validation")
"""The parts that every kind of stream can have."""

HELD_OUT: frozenset[Part] = frozenset({"tuning", "validation", "first"})
"""The parts that are tested on training samples held out; the test set is not opened."""

VARIED: frozenset[Part] = frozenset({"tuning", "validation"})
"""The parts whose stream differs from the one evaluated in more than its samples, as far as the kind of stream can:
a fixed order of classes is drawn from the seed, fixed angles are shifted."""

Set = Literal["train", "test"]

Rows = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True)
class PartRows:
    """Rows of a training set, int64, in increasing order.

    Attributes:
        train: those that are trained on.
        held_out: those that take the place of the test set; none if the test set is used.
    """

    train: Rows
    held_out: Rows


def sets_opened(part: Part) -> tuple[Set, ...]:
    """Which of a data set's two sets a part is built from; the others' files are left closed."""
    return ("train",) if part in HELD_OUT else ("train", "test")


def rows_of(part: Part, n: int) -> PartRows:
    """The rows of a training set of ``n`` samples that belong to a part: the same for every seed.

    Of ``first`` and ``rest`` the rows of all classes.

    Raises:
        UsageError: there are too few samples.
    """
    order = list(range(n))
    random.Random(derive_seed(0, "parts")).shuffle(order)
    start, held, end = {
        "tuning": (0, n // 2 // 6, n // 2),
        "evaluation": (n // 2, 0, n),
        "validation": (0, n // 6, n),
        "first": (0, n // 6, n),
    }.get(part, (0, 0, n))
    held_out, train = order[start : start + held], order[start + held : end]
    if not train or (part in HELD_OUT and not held_out):
        raise UsageError(f"A training set of {n} samples is too small for part = {part!r}.")
    return PartRows(_increasing(train), _increasing(held_out))


def _increasing(rows: list[int]) -> Rows:
    return np.sort(np.array(rows, dtype=np.int64))
