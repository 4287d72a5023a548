"""Which runs evaluate what has been tuned; nothing is trained here."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ffcl.configuration import Tuning
from ffcl.errors import UsageError
from ffcl.plan import Plan
from ffcl.registry import installed
from ffcl.selection import plan_of
from ffcl.tuning.plan import plan_tuned, runs_of
from ffcl.tuning.tuned import Tuned, read_tuned, write_tuned


def tuned(scenario: str, study: str = "study", lr: float = 0.01) -> Tuned:
    tuning = Tuning(study, "disjoint", "AIA", 1, 0, 0, 5, "tpe", 0, "s", 0.1, {"bp.lr": 0.001}, [])
    return Tuned("bp", "none", scenario, {"bp.lr": lr}, {"part": "evaluation"}, 3, {"AIA": 0.9}, tuning)


def planned(found: list[Tuned], *scenarios: str) -> Plan:
    return plan_tuned(installed(), found, ["bp"], ["none"], scenarios, [0], "disjoint")


def test_the_defaults_of_several_configurations_are_run_once() -> None:
    points = [tuned("split-digits", f"study#{n}", lr) for n, lr in ((3, 0.01), (7, 0.02))]
    runs = runs_of(installed(), [*points, points[0]], [0, 1])
    assert [(run.seed, run.learner.settings["lr"]) for run in runs] == [
        (seed, lr) for seed in (0, 1) for lr in (0.001, 0.01, 0.02)
    ]


def test_a_scenario_that_is_gone_blocks_what_needs_it_and_nothing_else(tmp_path: Path) -> None:
    gone, there = tmp_path / "gone" / "my.toml", tmp_path / "my.toml"
    there.write_text('summary = "mine"\n[stream]\nkind = "split"\ndataset = "digits"\n')
    found = [tuned("split-digits"), tuned(str(gone), "mine"), tuned("of-a-plugin-that-is-gone")]
    assert len(planned(found, "split-digits").runs) == 2
    with pytest.raises(UsageError) as other:
        planned(found, "split-digits-task")
    assert "gone" not in str(other.value)
    with pytest.raises(UsageError) as mine:
        planned(found, str(there))
    assert f"`ffcl tune bp --strategy none --scenario {there}`" in str(mine.value)
    assert f"The study mine is left out: Cannot read the scenario file {gone}: No such file" in str(mine.value)
    assert "of-a-plugin" not in str(mine.value)


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("bpp.hidden", "setting 'bpp.hidden': 'bpp'. Did you mean 'bp'? Known: bp, none."),
        ("hidden", "setting 'hidden': 'hidden'. Known: bp, none."),
        ("replay.buffer", "setting 'replay.buffer': 'replay'. Known: bp, none."),
    ],
)
def test_a_setting_of_nobody_in_a_configuration_is_refused(tmp_path: Path, target: str, message: str) -> None:
    file = tmp_path / "mine.toml"
    one = tuned("split-digits")
    write_tuned(file, replace(one, settings={**one.settings, target: 5}))
    with pytest.raises(UsageError) as error:
        plan_of(installed(), None, None, None, 1, None, configurations=[file])
    assert str(error.value) == f"{file} is left alone: Unknown learner or strategy of the {message}"


def test_a_configuration_may_hold_any_character(tmp_path: Path) -> None:
    one = tuned('/data/\N{BIRD} "é"\\\n\x7f\x01/my.toml')
    write_tuned(tmp_path / "tuned.toml", one)
    assert read_tuned(tmp_path / "tuned.toml") == one
