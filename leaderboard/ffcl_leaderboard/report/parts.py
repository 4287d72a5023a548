"""Learner, strategy and scenario of a row, as the page shows them and as ``ffcl run`` reads them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ffcl.configuration import Component
from ffcl_leaderboard.settings import TABLES


def part_of(part: Component) -> dict[str, Any]:
    """Name, version and settings; a scenario's tables are laid side by side, and its kind is ``fixed``."""
    settings: dict[str, str] = {}
    for name, value in part.settings.items():
        if name in TABLES and isinstance(value, dict):
            settings |= {key: setting_text(inner) for key, inner in value.items()}
        elif not isinstance(value, dict):
            settings[name] = setting_text(value)
    return {
        "name": part.name,
        "version": f"{part.distribution} {part.version} {part.code}",
        "settings": settings,
        "fixed": ["kind"] if any(table in part.settings for table in TABLES) else [],
    }


def setting_text(value: Any) -> str:
    """A value as ``ffcl run --set name.parameter=VALUE`` reads it back."""
    return ",".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def seeds_text(seeds: Sequence[int]) -> str:
    """Seeds as ``ffcl run --seeds`` reads them: ``0-9,12``; a single one as ``3-3``, for ``3`` means three seeds."""
    spans: list[list[int]] = []
    for seed in sorted(set(seeds)):
        if spans and spans[-1][1] == seed - 1:
            spans[-1][1] = seed
        else:
            spans.append([seed, seed])
    single = len(spans) == 1
    return ",".join(f"{a}-{b}" if a != b or single else str(a) for a, b in spans)
