"""Trials that fail, take too long or die, and failures that are no fault of theirs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ffcl.records import Failure, Record
from ffcl.tuning.tuned import read_tuned
from studies import SMALL, Command, study_folder, trials

SLOW = """
import time
from ffcl import LearnerSpec, hookimpl
from ffcl_bp.hyperparameters import BPHyperparameters
from ffcl_bp.learner import BP

class Slow(BP):
    def begin_experience(self, classes):
        time.sleep(30 if self.hyperparameters.lr != 1e-3 else 0)
        super().begin_experience(classes)

@hookimpl
def ffcl_learners():
    yield LearnerSpec("strange", "slow", BPHyperparameters, Slow)
"""


def tune_a_strangers(source: str, tmp_path: Path, *options: str) -> None:
    """Tune the learner of a plugin that is there for this command alone."""
    info = tmp_path / "site" / "ffcl_strange-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: ffcl-strange\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[ffcl]\nstrange = ffcl_strange\n")
    (tmp_path / "site" / "ffcl_strange.py").write_text(source)
    command = [sys.executable, "-m", "ffcl", "tune", "strange", "--trials", "3", *SMALL, *options, "--workers", "2"]
    done = subprocess.run(
        [*command, "-o", str(tmp_path / "results")],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site"), "DIED": str(tmp_path / "died")},
    )
    assert done.returncode == 0, done.stderr


def test_a_trial_that_takes_too_long_fails_and_the_study_goes_on(tmp_path: Path) -> None:
    tune_a_strangers(SLOW, tmp_path, "--time-limit", "12")
    assert [state.name for _, state, _, _ in trials(tmp_path / "results")] == ["COMPLETE", "FAIL", "FAIL"]
    tuned = read_tuned(study_folder(tmp_path / "results") / "tuned.toml")
    assert (tuned.trial, tuned.tuning.failed) == (0, 2)
    kept = (study_folder(tmp_path / "results") / "evaluations.jsonl").read_text()
    assert "TimeLimit: the run took longer than 12 s" in kept


MORTAL = """
import os, pathlib
from ffcl import LearnerSpec, hookimpl
from ffcl_bp.hyperparameters import BPHyperparameters
from ffcl_bp.learner import BP

class Mortal(BP):
    def begin_experience(self, classes):
        died = pathlib.Path(os.environ["DIED"] + str(self.hyperparameters.lr))
        if not died.exists():
            died.touch()
            os._exit(9)
        super().begin_experience(classes)

@hookimpl
def ffcl_learners():
    yield LearnerSpec("strange", "dies once with each step size", BPHyperparameters, Mortal)
"""


def test_a_run_whose_process_dies_is_tried_once_more(tmp_path: Path) -> None:
    tune_a_strangers(MORTAL, tmp_path)
    assert [state.name for _, state, _, _ in trials(tmp_path / "results")] == ["COMPLETE"] * 3


@pytest.mark.parametrize(
    "failure",
    [Failure("PluginError", "The code of bp was edited", ""), Failure("OSError", "No space left on device", "")],
)
def test_a_failure_that_is_no_fault_of_the_trial_stops_the_command_and_is_not_kept(
    ffcl: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: Failure
) -> None:
    command = ("tune", "bp", "--trials", 2, *SMALL, "--workers", 0)
    with monkeypatch.context() as patched:
        patched.setattr("ffcl.execute.execute", lambda run, *_, **__: Record(run, "failed", "now", failure=failure))
        code, _, errors = ffcl(*command)
    assert code == 1
    assert f"A run of bp · none · split-digits failed: {failure.kind}: {failure.message}" in errors
    assert (study_folder(tmp_path / "results") / "evaluations.jsonl").read_text() == ""
    assert ffcl(*command)[0] == 0
    assert [state.name for _, state, _, _ in trials(tmp_path / "results")] == ["COMPLETE"] * 2
