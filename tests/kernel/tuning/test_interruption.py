"""``ffcl tune`` stopped, killed and edited: the same command goes on to the same trials."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from command_line import interrupt, wait_until
from ffcl.tuning.tuned import read_tuned
from studies import SHORT, SMALL, Command, computed, study_folder, trials


def test_a_study_killed_again_and_again_makes_the_same_trials(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "ffcl", "tune", "bp", "--trials", "6", "--seeds", "2", *SHORT, "--workers", "2"]
    moments = random.Random(0)
    for _ in range(5):
        process = subprocess.Popen([*command, "-o", str(tmp_path / "killed")], stderr=subprocess.DEVNULL)
        size = computed(tmp_path / "killed")
        wait_until(lambda size=size: computed(tmp_path / "killed") > size, process)  # and a little longer
        time.sleep(moments.uniform(0, 0.3))
        process.send_signal(signal.SIGKILL)
        process.wait()
    for results in ("killed", "whole"):
        done = subprocess.run([*command, "-o", str(tmp_path / results)], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    assert trials(tmp_path / "killed") == trials(tmp_path / "whole")
    killed, whole = (read_tuned(study_folder(tmp_path / n) / "tuned.toml") for n in ("killed", "whole"))
    assert (killed.settings, killed.values) == (whole.settings, whole.values)
    evaluations = (study_folder(tmp_path / "killed") / "evaluations.jsonl").read_text().splitlines()
    keys = [json.loads(line)["key"] for line in evaluations]
    assert len(keys) == len(set(keys))  # nothing is computed twice


def test_what_a_kill_leaves_half_written_is_taken_away(ffcl: Command, tmp_path: Path) -> None:
    command = ("tune", "bp", "--trials", 3, *SMALL, "--workers", 0)
    assert ffcl(*command)[0] == 0
    folder = study_folder(tmp_path / "results")
    before = trials(tmp_path / "results")
    for name in ("evaluations.jsonl", "journal.log"):
        path = folder / name
        path.write_bytes(path.read_bytes() + b'{"key": "bp--no')
    assert ffcl(*command)[0] == 0
    assert trials(tmp_path / "results") == before


def test_an_edited_study_is_not_gone_on_with(ffcl: Command, tmp_path: Path) -> None:
    command = ("tune", "bp", "--trials", 3, *SMALL, "--workers", 0)
    assert ffcl(*command)[0] == 0
    path = study_folder(tmp_path / "results") / "evaluations.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    lines[0]["matrix"][-1] = [1.0] * 5
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    code, _, errors = ffcl(*command)
    assert code == 1
    assert "has been edited" in errors


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_ctrl_c_stops_and_the_same_command_goes_on(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "ffcl", "tune", "bp", "--trials", "6", "--seeds", "2", *SHORT, "--workers", "1"]
    command += ["-o", str(tmp_path / "results")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_until(lambda: any(tmp_path.glob("results/studies/*/evaluations.jsonl")), process)
    interrupt(process)
    assert subprocess.run(command, capture_output=True).returncode == 0
    assert len(trials(tmp_path / "results")) == 6
