"""How figures look, and how they are saved: the same in every plot."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ffcl.records import write_atomically

STYLE: dict[Any, Any] = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.titlesize": 10,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e6e6e6",
    "axes.axisbelow": True,
    "legend.frameon": False,
    "svg.hashsalt": "ffcl",
    "svg.fonttype": "none",
}
# Okabe & Ito's colour-blind-safe palette, then darker kin of it; markers tell learners apart without colour.
COLOURS = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
    "#000000",
    "#8C564B",
    "#6A3D9A",
    "#7F7F7F",
    "#1B5E20",
    "#B71C1C",
)
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "p", "h", "*")


def save_figure(figure: Figure, stem: Path) -> list[Path]:
    """Write ``stem``.png and ``stem``.svg; equal figures make equal files."""
    FigureCanvasAgg(figure)
    files = []
    for suffix, options in ((".png", {"dpi": 150}), (".svg", {"metadata": {"Date": None}})):
        buffer = io.BytesIO()
        figure.savefig(buffer, format=suffix[1:], **options)
        path = stem.with_name(stem.name + suffix)
        write_atomically(path, buffer.getvalue())
        files.append(path)
    return files
