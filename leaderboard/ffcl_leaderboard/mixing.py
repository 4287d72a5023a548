"""The dial of non-stationarity: scenarios that differ only in how far their experiences are mixed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace

from ffcl_leaderboard.cells import Cell


def mixing_of(cell: Cell) -> float | None:
    """The stream's ``mixing``: 0 for sharp boundaries, 1 for none; None if it has no such parameter."""
    value = cell.first.run.scenario.settings["stream"].get("mixing")
    return float(value) if isinstance(value, (int, float)) else None


def position(cell: Cell) -> float:
    """The mixing, 0 if the stream has none."""
    return mixing_of(cell) or 0.0


def without_mixing(cell: Cell) -> Cell:
    """The same cell, with a variant that does not name the mixing."""
    parts = [part for part in cell.stream_variant.split(", ") if not part.startswith(f"{cell.scenario}.mixing=")]
    return replace(cell, stream_variant=", ".join(parts))


def turned(cells: Sequence[Cell]) -> bool:
    """Whether cells of one scenario differ in their mixing."""
    return len({mixing_of(cell) for cell in cells} - {None}) > 1


def dial_lines(cells: Sequence[Cell]) -> list[list[Cell]]:
    """Cells that agree in everything else, code included, by growing mixing; at least two of them."""
    lines: dict[str, list[Cell]] = {}
    for cell in cells:
        if mixing_of(cell) is not None:
            lines.setdefault(_everything_else(cell), []).append(cell)
    return [sorted(line, key=position) for line in lines.values() if len(line) > 1]


def _everything_else(cell: Cell) -> str:
    content = {k: v for k, v in asdict(cell.first.run).items() if k != "seed"}
    content["scenario"]["settings"]["stream"].pop("mixing")
    return json.dumps(content, sort_keys=True)
