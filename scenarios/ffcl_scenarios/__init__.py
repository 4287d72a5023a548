"""The built-in scenarios: one TOML file each, and the kinds of stream they refer to."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ffcl import StreamSpec, hookimpl


@hookimpl
def ffcl_scenarios() -> Iterable[Path]:
    """Offer every TOML file of this package."""
    return sorted(Path(__file__).parent.glob("*.toml"))


@hookimpl
def ffcl_streams() -> Iterable[StreamSpec]:
    """Offer the kinds of stream."""
    from ffcl_scenarios import parameters

    yield StreamSpec(
        "split",
        "the classes of a data set, dealt out over the experiences",
        parameters.Split,
        "ffcl_scenarios.parameters:split_outline",
        "ffcl_scenarios.split:build",
    )
    yield StreamSpec(
        "permuted",
        "all classes in every experience, the pixels in another order each time",
        parameters.Permuted,
        "ffcl_scenarios.parameters:all_classes_outline",
        "ffcl_scenarios.transformed:build_permuted",
    )
    yield StreamSpec(
        "rotated",
        "all classes in every experience, the images turned by another angle each time",
        parameters.Rotated,
        "ffcl_scenarios.parameters:all_classes_outline",
        "ffcl_scenarios.transformed:build_rotated",
    )
