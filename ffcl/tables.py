"""What a leaderboard hands back to the kernel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
from rich.console import RenderableType


@dataclass(frozen=True)
class Tables:
    """The leaderboard of a set of records.

    Attributes:
        rows: one row per learner x strategy x scenario x configuration.
        runs: one row per run.
        view: the rows as shown in a terminal.
        files: what has been written.
        comparisons: one row per row that is compared with the baseline.
        summary: one row per learner and strategy, over all scenarios.
    """

    rows: pd.DataFrame
    runs: pd.DataFrame
    view: RenderableType
    files: Sequence[Path] = ()
    comparisons: pd.DataFrame = field(default_factory=pd.DataFrame)
    summary: pd.DataFrame = field(default_factory=pd.DataFrame)
