"""Figures on disk that are drawn again only when what they show has changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from ffcl.figures import save_figure
from ffcl.fingerprints import code_fingerprint
from ffcl.records import write_atomically
from ffcl_leaderboard.cells import Cell

DIGESTS = ".drawn.json"
SUFFIXES = (".png", ".svg")


class Gallery:
    """A folder of figures, each as PNG and SVG, with a note of what each was drawn from.

    Attributes:
        files: every file asked for, drawn now or before.
        drawn: how many figures have been drawn now.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: list[Path] = []
        self.drawn = 0
        self._before = _read(folder / DIGESTS)
        self._now: dict[str, str] = {}

    def show(self, name: str, content: object, draw: Callable[[], Figure]) -> None:
        """Have the figure ``name`` in the folder.

        Args:
            name: of the files, without their endings.
            content: all that the figure is drawn from, ready for JSON.
            draw: makes the figure.
        """
        stem = self.folder / name
        digest = hashlib.sha256(
            json.dumps([version("matplotlib"), code_fingerprint(__name__), content]).encode()
        ).hexdigest()
        files = [stem.with_name(name + suffix) for suffix in SUFFIXES]
        if self._before.get(name) != digest or not all(file.exists() for file in files):
            files = save_figure(draw(), stem)
            self.drawn += 1
        self.files += files
        self._now[name] = digest

    def close(self) -> None:
        """Note what has been drawn, and remove what was drawn before and not asked for now; all else is left there."""
        for name in self._before.keys() - self._now.keys():
            for suffix in SUFFIXES:
                (self.folder / Path(name + suffix).name).unlink(missing_ok=True)
        if self.drawn or self._now != self._before:
            write_atomically(self.folder / DIGESTS, json.dumps(self._now, indent=1, sort_keys=True))


def content_of(cell: Cell) -> list[object]:
    """What a plot can show of a cell: its names and its results."""
    digest = hashlib.sha256()
    for record in cell.done:
        digest.update(f"{record.run.key}:".encode() + np.array(record.accuracy, dtype=np.float64).tobytes())
        for snapshot in record.within:
            digest.update(f"{snapshot.experience}:{snapshot.step}:{snapshot.accuracy};".encode())
    return [cell.label, cell.variant, cell.scenario, digest.hexdigest()]


def _read(path: Path) -> dict[str, str]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
