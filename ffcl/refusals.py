"""Pairs of a learner and a strategy that cannot be run, kept with the results so that a leaderboard shows them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from ffcl.records import write_atomically

FILE = "refusals.json"


@dataclass(frozen=True)
class Refusal:
    """A strategy that cannot act on a learner, and why."""

    learner: str
    strategy: str
    reason: str

    def __str__(self) -> str:
        return f"{self.strategy} on {self.learner}: {self.reason}"


def read_refusals(results: Path) -> list[Refusal]:
    """The refusals noted in a results folder, by name; a file that cannot be read holds none."""
    try:
        return [Refusal(**entry) for entry in json.loads((results / FILE).read_text(encoding="utf-8"))]
    except (OSError, ValueError, TypeError):
        return []


def note_refusals(results: Path, refused: Iterable[Refusal], accepted: Iterable[tuple[str, str]]) -> None:
    """Add refusals to those of a results folder, and take back those of pairs that are accepted by now."""
    before = {(r.learner, r.strategy): r for r in read_refusals(results)}
    now = {pair: refusal for pair, refusal in before.items() if pair not in set(accepted)}
    now |= {(r.learner, r.strategy): r for r in refused}
    if now != before:
        entries = [asdict(now[pair]) for pair in sorted(now)]
        write_atomically(results / FILE, json.dumps(entries, indent=1) + "\n")
