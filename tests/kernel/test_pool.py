"""Worker processes: real ones, on a plugin that misbehaves, installed for the test only."""

from __future__ import annotations

import json
import os
import platform
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ffcl.configuration import Run
from ffcl.errors import DataError, StreamError
from ffcl.jobs import Event, Jobs, event_of
from ffcl.plan import Plan
from ffcl.pool import Pool, run_all
from ffcl.progress import Estimate, describe_seconds, run_plan
from ffcl.records import Record, find_record, read_records, record_path
from ffcl.tender import MALLOC
from ffcl.worker import Job, hand_over, perform

PLUGIN = """
import os
from ffcl import LearnerSpec, hookimpl
from ffcl_bp.hyperparameters import BPHyperparameters

@hookimpl
def ffcl_learners():
    for name in ("dies", "raises", "prints", "asks", "sleeps"):
        yield LearnerSpec(name, name, BPHyperparameters, f"ffcl_misbehaved_learners:{name.title()}")
"""
# What a step of training does with memory, and how often the system had to hand out a page for it.
PAGES_TAKEN = """
import resource, torch
faults = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_minflt
def step():
    [torch.ones(1_000_000) for _ in range(4)]
for _ in range(5):
    step()
before = faults()
for _ in range(20):
    step()
print(faults() - before)
"""
LEARNERS = """
import os, sys, time
from ffcl_bp.learner import BP

class Dies(BP):
    def loss(self, x, y, allowed):
        print("my last words", file=sys.stderr, flush=True)
        os._exit(7)

class Raises(BP):
    def loss(self, x, y, allowed):
        raise ValueError("the rule is wrong")

class Prints(BP):
    def loss(self, x, y, allowed):
        print('{"event": "done"}', flush=True)
        return super().loss(x, y, allowed)

class Asks(BP):
    def loss(self, x, y, allowed):
        return float(input("which loss? "))

class Sleeps(BP):
    def begin_experience(self, classes):
        time.sleep(0.5)
        super().begin_experience(classes)
"""


@pytest.fixture
def misbehaved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a plugin of misbehaving learners on the path of this process's children; return a results folder."""
    site = tmp_path / "site"
    info = site / "ffcl_misbehaved-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: ffcl-misbehaved\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[ffcl]\nmisbehaved = ffcl_misbehaved\n")
    (site / "ffcl_misbehaved.py").write_text(PLUGIN)
    (site / "ffcl_misbehaved_learners.py").write_text(LEARNERS)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(site), os.environ.get("PYTHONPATH", "")]))
    return tmp_path / "results"


def ffcl(*arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "ffcl", *map(str, arguments)], capture_output=True, text=True, cwd=cwd, timeout=300
    )


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


def test_a_worker_that_cannot_be_started_hangs_nothing(
    run_of: Callable[..., Run], tmp_path: Path, data_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object, **options: object) -> None:
        raise OSError("no room for a process")

    monkeypatch.setattr("ffcl.tender.subprocess.Popen", full)
    events = list(run_all([run_of("bp", seed=seed) for seed in range(3)], tmp_path, data_root, 2))
    assert [e.message for e in events if e.event == "failed"] == ["OSError: no room for a process"] * 3


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc keeps freed memory in this way")
def test_freed_memory_between_what_is_in_use_goes_back_to_the_system() -> None:
    """Else a worker grew with every run, and the peak memory of a run depended on those before it."""
    script = """
import os, numpy
from ffcl.worker import give_memory_back
def resident():
    return int(open("/proc/self/statm").read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
before = resident()
large, small = [], []
for _ in range(50):
    large.append(numpy.ones(2**20))  # 8 MiB
    small.append(numpy.ones(500))
del large
kept = resident() - before
give_memory_back()
assert kept > 100 > 50 > resident() - before, (kept, resident() - before)
"""
    subprocess.run([sys.executable, "-c", script], check=True, env=os.environ | MALLOC)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries have no such settings")
def test_workers_keep_freed_memory_unless_the_user_says_otherwise(
    run_of: Callable[..., Run], tmp_path: Path, data_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = []

    def note(*arguments: object, env: dict[str, str] | None = None, **options: object) -> None:
        if env is not None:  # a worker's, not git's
            started.append(env)
        raise OSError("not in this test")

    def pages_taken(environment: dict[str, str]) -> int:
        command = [sys.executable, "-c", PAGES_TAKEN]
        return int(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)

    with monkeypatch.context() as patch:
        patch.setattr("ffcl.tender.subprocess.Popen", note)
        list(run_all([run_of("bp")], tmp_path, data_root, 1))
        patch.setenv("MALLOC_MMAP_THRESHOLD_", "131072")
        list(run_all([run_of("bp")], tmp_path, data_root, 1))
    kept, users_own = (pages_taken(environment) for environment in started)
    assert 10 * kept < users_own


def test_missing_data_is_looked_for_once(
    run_of: Callable[..., Run], tmp_path: Path, data_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def missing(*arguments: object, **options: object) -> None:
        calls.append(arguments)
        raise DataError("the files are not there")

    monkeypatch.setattr("ffcl.execute.execute", missing)
    runs = [run_of("bp", seed=seed) for seed in range(3)]
    events = list(run_all(runs, tmp_path, data_root, 0))
    assert [e.message for e in events if e.event == "no-data"] == ["the files are not there"] * 3
    assert len(calls) == 1
    other = run_of("bp", **{"split-digits__part": "tuning"})
    list(run_all([*runs, other], tmp_path, data_root, 0))
    assert len(calls) == 3  # a stream of other data is looked for, whatever the scenario is called


def test_kinds_of_stream_with_equal_settings_are_looked_for_each(run_of: Callable[..., Run], tmp_path: Path) -> None:
    """Two kinds without parameters, say: that the data of one are missing says nothing of the other."""
    run, jobs = run_of("bp"), Jobs()
    settings = {**run.scenario.settings, "kind": "another"}
    other = replace(run, scenario=replace(run.scenario, settings=settings))
    jobs.note(Event(run, "no-data", message="the files are not there"))
    assert jobs.no_data(Job(run, tmp_path, tmp_path)) == "the files are not there"
    assert jobs.no_data(Job(other, tmp_path, tmp_path)) is None


def test_a_stream_that_cannot_be_built_says_nothing_of_other_runs(
    run_of: Callable[..., Run], tmp_path: Path, data_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same stream with another seed, or without what the training asks of it, may be fine."""

    def build(run: Run, *arguments: object, **options: object) -> Record:
        if run.seed == 0:
            raise StreamError("the stream cannot be built")
        return Record(run, "failed", "2026-01-01")

    monkeypatch.setattr("ffcl.execute.execute", build)
    events = list(run_all([run_of("bp", seed=seed) for seed in range(2)], tmp_path, data_root, 0))
    assert [e.event for e in events if e.event != "started"] == ["no-data", "failed"]


@pytest.mark.parametrize(
    "error",
    [
        OSError("No space left on device"),
        ValueError("nan is no number in JSON"),
        TypeError("Object of type int64 is not JSON serializable"),
    ],
)
def test_a_record_that_cannot_be_written_fails_the_run(
    run_of: Callable[..., Run], tmp_path: Path, data_root: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def full(results: Path, record: object) -> None:
        raise error

    monkeypatch.setattr("ffcl.worker.write_record", full)
    events = list(run_all([run_of("bp")], tmp_path, data_root, 0))
    assert events[-1].event == "failed"
    assert events[-1].message == f"The record could not be written: {error}."


def test_a_record_that_cannot_be_returned_is_returned_as_a_failure(
    run_of: Callable[..., Run], tmp_path: Path, data_root: Path
) -> None:
    """A search would otherwise wait for it for ever."""
    run = run_of("bp")
    job = Job(run, tmp_path, data_root, returned=True)
    record = Record(run, "done", "now", [[0.5], [1.0]], experiences=[[np.int64(0)]])  # type: ignore[list-item]
    returned = event_of(job, hand_over(job, record)).record
    assert returned is not None
    assert returned.failure is not None
    assert returned.failure.message.startswith("The record could not be written: Object of type int64 is not JSON")


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


def test_last_words_are_those_of_the_run(misbehaved: Path) -> None:
    """What an earlier run of the same worker has said is not quoted."""
    result = ffcl(
        "run", "prints", "dies", "--seeds", 1, "--set", "split-digits.epochs=1", "--workers", 1, "-o", misbehaved
    )
    assert result.returncode == 1, result.stderr
    failures = [r.failure for r in read_records(misbehaved)[0] if r.failure is not None]
    assert [failure.traceback for failure in failures] == ["my last words"]


def test_a_learner_that_asks_for_input_fails(misbehaved: Path) -> None:
    """It would otherwise wait for ever, or take the next job for the answer."""
    command = ["run", "asks", "prints", "--seeds", 1, "--set", "split-digits.epochs=1", "--workers", 1]
    assert ffcl(*command, "-o", misbehaved).returncode == 1
    records = {r.run.learner.name: r for r in read_records(misbehaved)[0]}
    assert records["prints"].status == "done"
    failure = records["asks"].failure
    assert failure is not None
    assert failure.kind == "EOFError"


def test_workers_find_what_their_parent_finds(tmp_path: Path) -> None:
    """Not what happens to lie in the current folder."""
    (tmp_path / "filelock.py").write_text("raise SystemExit('a stranger')")
    result = subprocess.run(
        [sys.executable, "-P", "-m", "ffcl", "run", "bp", "--seeds", "1", "--set", "split-digits.epochs=1"],
        capture_output=True, text=True, cwd=tmp_path, timeout=300,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr


def test_kill_9_and_the_same_command_goes_on(misbehaved: Path) -> None:
    """The parent is killed in the middle: no half record, workers end, and what was done is kept."""
    command = ["run", "bp", "sleeps", "--seeds", 2, "--set", "split-digits.epochs=1", "-o", str(misbehaved)]
    process = subprocess.Popen(
        [sys.executable, "-m", "ffcl", *map(str, command)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 120
    while not list(misbehaved.glob("runs/bp*/record.json")) and time.monotonic() < deadline:
        time.sleep(0.02)
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
    deadline = time.monotonic() + 120
    while not list(misbehaved.glob("runs/bp*/record.json")) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "the same command goes on from here" in errors
    assert "Traceback" not in errors
    kept = len(list(misbehaved.glob("runs/*/record.json")))
    time.sleep(2)  # no worker goes on behind our back
    assert len(list(misbehaved.glob("runs/*/record.json"))) == kept


def test_two_processes_share_a_folder(misbehaved: Path) -> None:
    command = [sys.executable, "-m", "ffcl", "run", "bp", "sleeps", "--seeds", "2", "--workers", "1"]
    command += ["--set", "split-digits.epochs=1", "-o", str(misbehaved)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    outputs = [process.communicate(timeout=300) for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs
    made = sum(int(out.split(" done now")[0].split()[-1]) for out, _ in outputs)
    assert made == 4  # every run was run once, by one of the two
    assert len(read_records(misbehaved)[0]) == 4


def test_missing_data_is_said_once_and_the_rest_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No network: torchvision's download fails, and runs on other data go on."""
    monkeypatch.setenv("no_proxy", "")
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # nobody listens there
    result = ffcl(
        *("run", "bp", "-s", "split-digits,split-mnist", "--seeds", 3, "--set", "split-digits.epochs=1"),
        *("-o", tmp_path / "results", "--data-root", tmp_path / "empty"),
    )
    assert result.returncode == 1
    assert "3 done now" in result.stdout
    assert "3 without data" in result.stdout
    message = "Error: split-mnist: train-images-idx3-ubyte, train-labels-idx1-ubyte"
    assert message in result.stderr
    assert "--data-root" in result.stderr
    assert "Traceback" not in result.stderr
    assert len(read_records(tmp_path / "results")[0]) == 3


def test_a_run_in_this_process_took_as_long_as_it_took(
    run_of: Callable[..., Run], tmp_path: Path, data_root: Path
) -> None:
    """All that is told of it after its start is told at its end."""
    runs = tuple(run_of("bp", seed=seed) for seed in range(2))
    estimate = Estimate(Plan(runs), 0)
    for event in run_all(runs, tmp_path, data_root, 0):
        estimate.note(event, 0.0 if event.event == "started" else 10.0)
        if event.event == "done":
            break
    assert estimate.seconds_left(10.0) == 10.0


def test_time_left_follows_what_is_known(run_of: Callable[..., Run]) -> None:
    runs = [run_of(name, seed=seed) for seed in (0, 1) for name in ("bp", "ff")]
    estimate = Estimate(Plan(tuple(runs)), workers=2)
    assert estimate.seconds_left(0.0) is None
    estimate.note(Event(runs[0], "started"), 0.0)
    estimate.note(Event(runs[0], "progress", done=1, total=5), 2.0)
    assert estimate.seconds_left(2.0) == pytest.approx((4 * 10 - 2) / 2)
    estimate.note(Event(runs[0], "done"), 10.0)
    assert estimate.seconds_left(10.0) == pytest.approx(3 * 10 / 2)
    estimate.note(Event(runs[1], "cached"), 10.0)
    assert estimate.seconds_left(10.0) == pytest.approx(2 * 10 / 2)


def test_seconds_are_written_for_people() -> None:
    assert [describe_seconds(s) for s in (0.4, 59.4, 185, 7800)] == ["0 s", "59 s", "3 min 05 s", "2 h 10 min"]
