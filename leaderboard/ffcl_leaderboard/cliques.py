"""Groups of what is not told apart, and the letters that show them."""

from __future__ import annotations

import string
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Together = NDArray[np.bool_]


def cliques(together: Together) -> list[tuple[int, ...]]:
    """Few groups, such that two are in a common group if and only if they are not told apart.

    To be told apart is not transitive: of a, b, c only a and c may be, then b is in two groups. Greedy: the first pair
    without a group makes one, with all that fit; groups that the others make superfluous are dropped. To find the
    fewest takes exponential time.

    Args:
        together: symmetric, true where two are not told apart (n, n); the diagonal does not matter.

    Returns:
        Groups of row numbers, each in order, in order of their members; who is told apart from all has its own.
    """
    pairs = together & ~np.eye(len(together), dtype=bool)
    open_pairs = np.triu(pairs)
    found: list[tuple[int, ...]] = []
    for first, second in np.argwhere(open_pairs):
        if open_pairs[first, second]:
            found.append(_grown(pairs, first, second))
            open_pairs[np.ix_(found[-1], found[-1])] = False
    times = np.zeros(pairs.shape, dtype=np.int64)
    for group in found:
        times[np.ix_(group, group)] += 1
    for group in reversed(list(found)):
        inside = np.ix_(group, group)
        if (times[inside] > 1).all(where=~np.eye(len(group), dtype=bool)):
            times[inside] -= 1
            found.remove(group)
    return sorted([*found, *((int(i),) for i in np.flatnonzero(~pairs.any(axis=1)))])


def _grown(pairs: Together, first: int, second: int) -> tuple[int, ...]:
    """A group of these two and, in order, of all that fit to everyone in it."""
    members, fit = [int(first), int(second)], pairs[first] & pairs[second]
    while fit.any():
        members.append(int(fit.argmax()))
        fit = fit & pairs[members[-1]]
    return tuple(sorted(members))


def letters(groups: Sequence[Sequence[int]], n: int) -> list[str]:
    """The compact letter display (Piepho 2004, doi 10.1198/1061860043515): two share a letter if they share a group.

    Letters are a to z, A to Z, then the same with one prime, ' , with two, and so on.

    Args:
        groups: from `cliques`.
        n: how many there are.
    """
    shown = [""] * n
    for number, group in enumerate(groups):
        primes, letter = divmod(number, len(string.ascii_letters))
        for member in group:
            shown[member] += string.ascii_letters[letter] + "'" * primes
    return shown
