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
        "ffcl_scenarios.outlines:split_outline",
        "ffcl_scenarios.split:build",
    )
    yield StreamSpec(
        "permuted",
        "all classes in every experience, the pixels in another order each time",
        parameters.Permuted,
        "ffcl_scenarios.outlines:transformed_outline",
        "ffcl_scenarios.transformed:build_permuted",
    )
    yield StreamSpec(
        "rotated",
        "all classes in every experience, the images turned by another angle each time",
        parameters.Rotated,
        "ffcl_scenarios.outlines:transformed_outline",
        "ffcl_scenarios.transformed:build_rotated",
    )
    yield StreamSpec(
        "blurry",
        "new classes without sharp boundaries between them",
        parameters.Blurry,
        "ffcl_scenarios.outlines:blurry_outline",
        "ffcl_scenarios.blurry:build",
    )
    yield StreamSpec(
        "recurring",
        "classes that come back, each time with other samples",
        parameters.Recurring,
        "ffcl_scenarios.outlines:recurring_outline",
        "ffcl_scenarios.recurring:build",
    )
    yield StreamSpec(
        "drift",
        "all classes throughout, the images transformed a little more with every sample",
        parameters.Drift,
        "ffcl_scenarios.outlines:drift_outline",
        "ffcl_scenarios.drift:build",
    )
