"""What a leaderboard hands back to the kernel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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
    """

    rows: pd.DataFrame
    runs: pd.DataFrame
    view: RenderableType
    files: Sequence[Path] = ()
