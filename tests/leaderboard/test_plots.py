"""Plots of the leaderboard: which are drawn, and what stands in them."""

from __future__ import annotations

import itertools
from pathlib import Path

from ffcl_leaderboard.build import build
from leaderboards import record


def test_scenarios_are_kept_apart(tmp_path: Path) -> None:
    records = [record(scenario=name, experiences=n) for name, n in (("joint", 1), ("toy", 2))]
    files = {path.name for path in build(records, tmp_path, "ACC").files}
    assert {"accuracy--joint.png", "accuracy--toy.svg", "forgetting--toy.png", "matrix--toy.png"} <= files
    assert "forgetting--joint.png" not in files  # one experience cannot be forgotten


def test_twelve_learners_are_told_apart(tmp_path: Path) -> None:
    records = [
        record(f"learner{k:02}", strategy, seed=seed, experiences=5)
        for k, strategy, seed in itertools.product(range(12), ("none", "replay"), range(3))
    ]
    files = build(records, tmp_path, "ACC").files
    svg = (tmp_path / "plots" / "accuracy--toy.svg").read_text()
    for k in range(12):
        assert f"learner{k:02} + replay" in svg
    assert all(path.stat().st_size > 5000 for path in files if path.suffix == ".png")


def test_with_many_strategies_each_learner_has_a_panel(tmp_path: Path) -> None:
    learners, strategies = [f"a-learner-{k}" for k in range(3)], ["none", *(f"a-strategy-{k}" for k in range(5))]
    build([record(learner, strategy) for learner, strategy in itertools.product(learners, strategies)], tmp_path, "ACC")
    svg = (tmp_path / "plots" / "accuracy--toy.svg").read_text()
    assert svg.count(">a-learner-2<") == svg.count(">a-strategy-4<") == svg.count(">none<") == 1


def test_a_line_over_the_mixing_joins_what_differs_in_nothing_else(tmp_path: Path) -> None:
    records = [
        record(learner, strategy, mixing=mixing, seed=seed)
        for learner, strategy, mixing, seed in itertools.product(
            ("bp", "ff"), ("none", "replay"), (0.0, 0.5, 1.0), range(2)
        )
    ]
    apart = [record("lonely", mixing=0.5), record("edited", mixing=0.0), record("edited", mixing=1.0, code="c1")]
    build([*records, *apart], tmp_path, "ACC")
    assert (tmp_path / "plots" / "mixing--toy.png").stat().st_size > 5000
    svg = (tmp_path / "plots" / "mixing--toy.svg").read_text()
    for label in ("bp", "bp + replay", "ff", "ff + replay"):
        assert f">{label}<" in svg
    assert "lonely" not in svg
    assert "edited" not in svg
    assert ">mixing 0.5<" in (tmp_path / "plots" / "accuracy--toy.svg").read_text()


def test_one_mixing_makes_no_line(tmp_path: Path) -> None:
    build([record(learner, mixing=0.5) for learner in ("bp", "ff")], tmp_path, "ACC")
    assert not list((tmp_path / "plots").glob("mixing*"))
    assert "mixing" not in (tmp_path / "plots" / "accuracy--toy.svg").read_text()
