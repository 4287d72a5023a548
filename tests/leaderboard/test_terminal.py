"""The leaderboard in the terminal: what is shown, and that nothing is cut off."""

from __future__ import annotations

from pathlib import Path

from ffcl_leaderboard.build import build
from leaderboards import record, shown


def test_of_very_many_rows_the_terminal_shows_the_best() -> None:
    def lines(n: int) -> list[str]:
        both = [record(scenario=name, lr=float(i)) for name in ("one", "two") for i in range(n)]
        return shown(both, width=100).splitlines()

    assert not any("more;" in line for line in lines(12))
    many = lines(120)
    assert many.count("and 110 more; `ffcl leaderboard --scenario one` shows them") == 1
    assert len(many) < 100


def test_of_one_scenario_the_terminal_shows_every_row() -> None:
    """This is where the hint below a table that was cut leads."""
    text = shown([record(lr=float(i)) for i in range(210)], width=100)
    assert "more;" not in text
    assert "lr=209.0" in text


def test_nothing_is_cut_off_in_a_narrow_terminal() -> None:
    text = shown([record(learner, seed=s) for learner in ("prototype", "hebbian") for s in range(3)])
    assert "…" not in text
    assert "forgetting" in text


def test_a_hostile_name_stays_text(tmp_path: Path) -> None:
    """Also in a title: as the settings of the baseline, and as the name of a scenario."""
    hostile = ("[red]</x> $math$", "[/data]")
    records = [record(scenario="[/s]", kind=name, seed=s) for name in hostile for s in (0, 1)]
    text = shown([*records, record("ff", scenario="[/s]")], width=160)
    assert all(f"kind={name}" in text for name in hostile)
    assert "[/s], difference to bp (kind=[/data]), seed by seed" in text
    build([record(kind="$\\frac{$", seed=s) for s in (0, 1)] + [record(kind="b")], tmp_path, "ACC")


def test_a_setting_of_the_scenario_is_told_without_its_name_and_whole() -> None:
    records = [record("hebbian", "nearest-mean", mixing=mixing, experiences=5) for mixing in (0.25, 0.75)]
    lines = [line.strip() for line in shown(records).splitlines()]
    assert {"mixing=0.25", "mixing=0.75"} <= set(lines)
