"""Worker processes, real ones: they make what this process makes, and harm no other run."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from command_line import ffcl
from ffcl.configuration import Run
from ffcl.plan import Plan
from ffcl.pool import Pool, run_all
from ffcl.progress import run_plan
from ffcl.records import find_record, read_records, record_path
from ffcl.worker import Job


def test_a_run_that_fails_or_dies_harms_no_other(misbehaved: Path) -> None:
    result = ffcl(
        "run", "bp", "dies", "raises", "prints", "--seeds", 2, "--set", "split-digits.epochs=1", "-o", misbehaved
    )
    assert result.returncode == 1, result.stderr
    records = {(r.run.learner.name, r.run.seed): r for r in read_records(misbehaved)[0]}
    assert len(records) == 8
    for seed in (0, 1):
        assert records["bp", seed].status == "done"
        assert records["prints", seed].status == "done"
        failure = records["raises", seed].failure
        assert failure is not None
        assert (failure.kind, failure.message) == ("ValueError", "the rule is wrong")
        assert "in loss" in failure.traceback
        failure = records["dies", seed].failure
        assert failure is not None
        assert failure.message == "the worker process ended in the middle of the run (exit code 7): my last words"
        assert "my last words" in failure.traceback
    assert "4 failed" in result.stdout
    assert "ValueError: the rule is wrong" in result.stderr
    assert "Traceback" not in result.stderr
    # failures are counted in the leaderboard and not averaged
    board = (misbehaved / "leaderboard.csv").read_text().splitlines()
    header = board[0].split(",")
    row = next(line for line in board if ",raises," in line).split(",")
    assert row[header.index("seeds")] == "0"
    assert row[header.index("failed")] == "2"
    assert row[header.index("ACC")] == ""


def test_in_one_session_an_edited_rule_is_run_again(misbehaved: Path) -> None:
    """In this process its old code goes on living, which is said; a worker imports the new one."""
    plugin = misbehaved.parent / "site" / "ffcl_misbehaved.py"
    script = f"""
import warnings
warnings.simplefilter("ignore")
from pathlib import Path
import ffcl

def run(workers):
    settings = {{"split-digits.epochs": 1}}
    return ffcl.run("raises", seeds=1, settings=settings, results={str(misbehaved)!r}, workers=workers)

before = run(0)
plugin = Path({str(plugin)!r})
plugin.write_text(plugin.read_text() + "# edited")
try:
    run(0)
except ffcl.FfclError as error:
    print(error)
after = run(1)
assert list(after["failure"]) == ["ValueError: the rule is wrong"], after["failure"]
assert set(before["configuration"]).isdisjoint(after["configuration"])
"""
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr
    message = "The code of raises was edited after this Python imported it: restart Python"
    assert message in result.stdout
    assert len(read_records(misbehaved)[0]) == 2


def test_workers_and_this_process_make_the_same_records(
    run_of: Callable[..., Run], comparable: Callable[..., object], tmp_path: Path, data_root: Path
) -> None:
    runs = [run_of(name, "replay", seed=seed) for name in ("ff", "hebbian") for seed in (0, 1)]
    for workers in (0, 2):
        events = list(run_all(runs, tmp_path / str(workers), data_root, workers))
        assert [e.event for e in events].count("done") == 4
        assert {e.done for e in events if e.event == "progress"} == set(range(0 if workers else 1, 6))
    for run in runs:
        here, there = (find_record(tmp_path / str(workers), run) for workers in (0, 2))
        assert here is not None
        assert there is not None
        assert comparable(here) == comparable(there)


def test_what_is_done_is_not_run_again(run_of: Callable[..., Run], tmp_path: Path, data_root: Path) -> None:
    plan = Plan((run_of("bp"), run_of("bp", seed=1)))
    assert run_plan(plan, tmp_path, data_root, 0, shown=False).counts == {"done": 2}
    before = record_path(tmp_path, plan.runs[0]).read_bytes()
    assert run_plan(plan, tmp_path, data_root, 0, shown=False).counts == {"cached": 2}
    assert record_path(tmp_path, plan.runs[0]).read_bytes() == before
    assert run_plan(plan, tmp_path, data_root, 0, rerun=True, shown=False).counts == {"done": 2}
    assert run_plan(plan, tmp_path, data_root, 2, rerun=True, shown=False).counts == {"done": 2}
    assert record_path(tmp_path, plan.runs[0]).read_bytes() != before


def test_a_worker_that_cannot_be_started_hangs_nothing(
    run_of: Callable[..., Run], tmp_path: Path, data_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object, **options: object) -> None:
        raise OSError("no room for a process")

    monkeypatch.setattr("ffcl.tender.subprocess.Popen", full)
    events = list(run_all([run_of("bp", seed=seed) for seed in range(3)], tmp_path, data_root, 2))
    assert [e.message for e in events if e.event == "failed"] == ["OSError: no room for a process"] * 3


def test_a_worker_that_dies_between_two_runs_fails_neither(
    run_of: Callable[..., Run], tmp_path: Path, data_root: Path
) -> None:
    first, second = (run_of("bp", seed=seed) for seed in range(2))
    with Pool(1) as pool:
        pool.submit(Job(first, tmp_path, data_root))
        assert [e.event for e in pool.events()][-1] == "done"
        process = pool._crew[0]._process
        assert process is not None
        process.kill()
        process.wait()
        pool.submit(Job(second, tmp_path, data_root))
        assert [e.event for e in pool.events()][-1] == "done"


def test_workers_find_what_their_parent_finds(tmp_path: Path) -> None:
    """Not what happens to lie in the current folder."""
    (tmp_path / "filelock.py").write_text("raise SystemExit('a stranger')")
    result = subprocess.run(
        [sys.executable, "-P", "-m", "ffcl", "run", "bp", "--seeds", "1", "--set", "split-digits.epochs=1"],
        capture_output=True, text=True, cwd=tmp_path, timeout=300,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr


def test_two_processes_share_a_folder(misbehaved: Path) -> None:
    command = [sys.executable, "-m", "ffcl", "run", "bp", "sleeps", "--seeds", "2", "--workers", "1"]
    command += ["--set", "split-digits.epochs=1", "-o", str(misbehaved)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    outputs = [process.communicate(timeout=300) for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs
    made = sum(int(out.split(" done now")[0].split()[-1]) for out, _ in outputs)
    assert made == 4  # every run was run once, by one of the two
    assert len(read_records(misbehaved)[0]) == 4
