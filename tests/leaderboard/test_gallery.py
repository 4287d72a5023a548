from __future__ import annotations

from pathlib import Path

import pytest
from rich.console import Console

from ffcl.records import Record
from ffcl_leaderboard import build as building
from ffcl_leaderboard.build import build
from made_up import done, run


def draw(records: list[Record], folder: Path) -> dict[str, int]:
    """Build, and return when each plot was written."""
    build(records, folder, "ACC")
    return {path.name: path.stat().st_mtime_ns for path in (folder / "plots").glob("*--*.png")}


def test_only_plots_of_what_has_changed_are_drawn_again(tmp_path: Path) -> None:
    records = [done(run(scenario=name, seed=s)) for name in ("a", "b") for s in range(2)]
    first = draw(records, tmp_path)
    assert draw(records, tmp_path) == first
    second = draw([*records, done(run(scenario="a", seed=2))], tmp_path)
    assert {name for name in first if second[name] != first[name]} == {
        name for name in first if name.endswith("-a.png")
    }


def test_what_was_deleted_or_noted_wrongly_is_drawn_again(tmp_path: Path) -> None:
    records = [done(run(seed=s)) for s in range(2)]
    first = draw(records, tmp_path)
    (tmp_path / "plots" / "accuracy--toy.svg").unlink()
    second = draw(records, tmp_path)
    assert second["accuracy--toy.png"] != first["accuracy--toy.png"]
    assert second["matrix--toy.png"] == first["matrix--toy.png"]
    (tmp_path / "plots" / ".drawn.json").write_text("[1")
    assert draw(records, tmp_path)["matrix--toy.png"] != first["matrix--toy.png"]


def test_a_learner_that_takes_a_colour_has_the_others_drawn_again(tmp_path: Path) -> None:
    """Colours go by all learners there are: one more, in another scenario, may change them everywhere."""
    records = [done(run("ff", scenario="a"))]
    first = draw(records, tmp_path)
    second = draw([*records, done(run("bp", scenario="b"))], tmp_path)
    assert second["accuracy--a.png"] != first["accuracy--a.png"]


def test_plots_of_scenarios_that_are_no_more_are_removed(tmp_path: Path) -> None:
    records = [done(run(scenario=name)) for name in ("a", "b")]
    draw(records, tmp_path)
    mine = tmp_path / "plots" / "mine--b.png"
    mine.write_bytes(b"by hand")
    left = draw(records[:1], tmp_path)
    assert {name for name in left if name.endswith("--b.png")} == {mine.name}
    assert not list((tmp_path / "plots").glob("*--b.svg"))
    assert "accuracy--a.png" in left


def test_it_is_said_where_plots_are_of_an_earlier_leaderboard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many rows are drawn only if asked for."""
    monkeypatch.setattr(building, "MANY_ROWS", 1)

    def said(learners: str, plots: bool | None = None) -> bool:
        console = Console(width=100)
        with console.capture() as capture:
            console.print(build([done(run(name)) for name in learners], tmp_path, "ACC", plots=plots).view)
        return "plots/ is of an earlier leaderboard" in capture.get()

    assert not said("ab")  # nothing is there
    assert not said("a")
    assert said("ab")
    assert not said("ab", plots=True)
