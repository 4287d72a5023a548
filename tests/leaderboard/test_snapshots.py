"""Accuracies while experiences are learned: in tables, in the terminal and drawn."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import pandas as pd
import pytest

from ffcl_leaderboard.build import build
from ffcl_leaderboard.within import WITHIN
from leaderboards import record, shown


def test_snapshots_make_columns_and_a_table_of_their_own() -> None:
    measured = [record(scenario="measured", seed=seed, snapshots=4) for seed in range(3)]
    rows = build([*measured, record(scenario="plain")], None, "AAA").rows.set_index("scenario")
    for name in WITHIN:
        low, mean, high = (rows.loc["measured", f"{name}{end}"] for end in ("_low", "", "_high"))
        assert low <= mean <= high
        assert math.isnan(rows.loc["plain", name])
    text = shown([*measured, record(scenario="plain")])
    assert text.count("while experiences are learned") == text.count("WC_ACC") == 1
    assert "measured, while experiences are learned" in text
    assert "WC_ACC" not in shown([record()])


def test_csv_files_hold_the_columns_of_snapshots_measured_or_not(tmp_path: Path) -> None:
    for folder, snapshots in (("a", 3), ("b", 0)):
        build([record(seed=seed, snapshots=snapshots) for seed in (0, 1)], tmp_path / folder, "ACC")
    for name in ("leaderboard.csv", "runs.csv"):
        measured, plain = (pd.read_csv(tmp_path / folder / name) for folder in ("a", "b"))
        assert list(measured) == list(plain)
        assert measured[list(WITHIN)].notna().all(axis=None)
        assert plain[list(WITHIN)].isna().all(axis=None)


def test_the_smallest_gap_comes_first() -> None:
    records = [record(learner, snapshots=4) for learner in "abcd"]
    assert build(records, None, "gap").rows["gap"].is_monotonic_increasing
    assert build(records, None, "min_ACC").rows["min_ACC"].is_monotonic_decreasing


@pytest.mark.parametrize(("cells", "experiences"), [(1, 2), (5, 5), (12, 12)])
def test_snapshots_are_drawn(tmp_path: Path, cells: int, experiences: int) -> None:
    records = [
        record(f"l{k}", seed=seed, experiences=experiences, snapshots=4 + seed)
        for k, seed in itertools.product(range(cells), range(2))
    ]
    build([*records, record("plain", experiences=experiences)], tmp_path, "ACC")
    assert (tmp_path / "plots" / "within--toy.png").stat().st_size > 5000
    svg = (tmp_path / "plots" / "within--toy.svg").read_text()
    assert f"l{cells - 1}" in svg
    assert "plain" not in svg
    assert ("5 of 12" in svg) == (experiences == 12)


def test_without_snapshots_nothing_of_them_is_drawn(tmp_path: Path) -> None:
    build([record(seed=seed) for seed in range(2)], tmp_path, "ACC")
    assert not list((tmp_path / "plots").glob("within*"))
