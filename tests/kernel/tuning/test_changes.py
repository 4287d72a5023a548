"""What is said when settings are run that were tuned with other code, or on a scenario that was edited since."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from studies import Command

SCENARIO = 'summary = "mine"\n[stream]\nkind = "split"\ndataset = "digits"\n[training]\nepochs = {}\nbatch_size = {}\n'


@pytest.fixture
def tune(ffcl: Command, tmp_path: Path) -> Callable[..., Path]:
    """Tune on a scenario file and return what was found."""

    def run(*arguments: str) -> Path:
        (tmp_path / "mine.toml").write_text(SCENARIO.format(1, 64))
        command = ("tune", "bp", "-s", "mine.toml", "--trials", 1, "--seeds", 1, "--workers", 0, *arguments)
        code, _, errors = ffcl(*command)
        assert code == 0, errors
        (found,) = (tmp_path / "results" / "studies").glob("*/tuned.toml")
        return found

    return run


@pytest.fixture
def notices(ffcl: Command) -> Callable[..., str]:
    """Run what was found and return what is said beside the progress of runs."""

    def run(*arguments: str | Path) -> str:
        what = arguments or ("bp", "-s", "mine.toml", "--tuned")
        code, _, errors = ffcl("run", *what, "--seeds", 1, "--workers", 0)
        assert code == 0, errors
        return "\n".join(line for line in errors.splitlines() if "tuned" in line and not line.startswith("["))

    return run


def test_nothing_is_said_where_nothing_has_changed(tune: Callable[..., Path], notices: Callable[..., str]) -> None:
    found = tune("--set", "mine.epochs=2")
    assert notices() == notices("--configuration", found) == ""


def test_an_edited_scenario_is_run_as_it_was_tuned_on_and_that_is_said(
    tune: Callable[..., Path], notices: Callable[..., str], tmp_path: Path
) -> None:
    tune("--set", "mine.batch_size=32")
    (tmp_path / "mine.toml").write_text(SCENARIO.format(2, 128))  # the size was set for the study: no surprise
    assert notices() == (
        "mine has changed since it was tuned on, and is run as it was: epochs 1 (now 2). "
        "`ffcl tune` tunes on what it is now."
    )


def test_settings_found_with_other_code_are_run_and_that_is_said(
    tune: Callable[..., Path], notices: Callable[..., str]
) -> None:
    found = tune()
    text = found.read_text()
    for part in ("learner", "stream"):
        text = re.sub(rf'("{part}" = )"[0-9a-f]{{12}}"', r'\1"0123456789ab"', text)
    found.write_text(text)
    said = (
        "bp · none · mine.toml was tuned with other code of its learner and its stream; "
        "`ffcl tune` finds settings for today's."
    )
    assert notices() == notices("--configuration", found) == said


def test_files_of_before_that_know_less_are_run_without_a_word(
    tune: Callable[..., Path], notices: Callable[..., str], tmp_path: Path
) -> None:
    found = tune()
    text = re.sub(r'\[(defined|code)\]\n(".*\n)*', "", found.read_text())
    assert "[defined]" not in text
    assert "[code]" not in text
    found.write_text(text)
    (tmp_path / "mine.toml").write_text(SCENARIO.format(2, 64))
    assert notices() == ""
