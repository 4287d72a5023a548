"""How shares are written."""

from __future__ import annotations

import math


def percent(mean: float, low: float = math.nan, *, sign: str = "", between: str = " ±", unknown: str = "-") -> str:
    """A share of 1 in per cent, with half of its interval, as in ``90.5 ±0.5``.

    Args:
        mean: the share; NaN is unknown.
        low: the lower end of its interval; NaN leaves the interval out.
        sign: ``+`` writes the sign of a difference also where it is positive.
        between: what stands before the half.
        unknown: what is written for NaN.
    """
    if math.isnan(mean):
        return unknown
    half = "" if math.isnan(low) else f"{between}{100 * (mean - low):.1f}"
    return format(100 * mean, f"{sign}z.1f") + half
