"""Runs that are killed or interrupted: no half record stays, and the same command goes on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from command_line import ffcl, interrupt, wait_until
from ffcl.configuration import Run
from ffcl.pool import run_all
from ffcl.records import find_record, read_records, record_path
from ffcl.worker import Job, perform


def test_a_damaged_record_is_set_aside_and_made_again(
    run_of: Callable[..., Run], tmp_path: Path, data_root: Path
) -> None:
    run = run_of("bp")
    path = record_path(tmp_path, run)
    path.parent.mkdir(parents=True)
    path.write_text('{"schema": 1, "ru')
    (path.parent / ".record.json.abc.tmp").write_text("killed while wri")
    events = list(run_all([run], tmp_path, data_root, 0))
    assert events[0].event == "warning"
    assert "unreadable-1.json" in events[0].message
    assert find_record(tmp_path, run) is not None
    assert (path.parent / "unreadable-1.json").read_text() == '{"schema": 1, "ru'
    assert {p.name for p in path.parent.iterdir()} == {"record.json", "unreadable-1.json"}


def test_a_run_whose_parent_has_died_is_finished_and_kept(
    run_of: Callable[..., Run], tmp_path: Path, data_root: Path
) -> None:
    def broken(event: dict[str, object]) -> None:
        if event["event"] != "ready":
            raise BrokenPipeError

    run = run_of("bp")
    with pytest.raises(BrokenPipeError):  # once it is written
        perform(Job(run, tmp_path, data_root), broken)
    record = find_record(tmp_path, run)
    assert record is not None
    assert record.status == "done"


def test_a_run_that_would_be_returned_to_a_dead_parent_ends_at_once(
    run_of: Callable[..., Run], tmp_path: Path, data_root: Path
) -> None:
    said = []

    def broken(event: dict[str, object]) -> None:
        said.append(event["event"])
        if event["event"] != "ready":
            raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        perform(Job(run_of("bp"), tmp_path, data_root, returned=True), broken)
    assert said == ["ready", "progress", "failed"]
    assert not (tmp_path / "runs").exists()


def test_kill_9_and_the_same_command_goes_on(misbehaved: Path) -> None:
    """The parent is killed in the middle: no half record, workers end, and what was done is kept."""
    command = ["run", "bp", "sleeps", "--seeds", 2, "--set", "split-digits.epochs=1", "-o", str(misbehaved)]
    process = subprocess.Popen(
        [sys.executable, "-m", "ffcl", *map(str, command)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    wait_until(lambda: list(misbehaved.glob("runs/bp*/record.json")), process)
    process.kill()
    process.wait()
    for path in misbehaved.glob("runs/*/record.json"):
        json.loads(path.read_text())
    done = len(list(misbehaved.glob("runs/*/record.json")))
    assert 1 <= done <= 4
    result = ffcl(*command)
    assert result.returncode == 0, result.stderr
    records, problems = read_records(misbehaved)
    assert len(records) == 4
    assert problems == []
    assert "0 failed" in result.stdout
    assert "4 done now" not in result.stdout


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_ctrl_c_ends_cleanly(misbehaved: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "ffcl", "run", "bp", "sleeps", "--seeds", "3", "-o", str(misbehaved)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_until(lambda: list(misbehaved.glob("runs/bp*/record.json")), process)
    interrupt(process)
    kept = len(list(misbehaved.glob("runs/*/record.json")))
    time.sleep(2)  # no worker goes on behind our back
    assert len(list(misbehaved.glob("runs/*/record.json"))) == kept
