"""One worker process: its memory, its input, its last words, and records that it cannot hand over."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from command_line import ffcl
from ffcl.configuration import Run
from ffcl.jobs import event_of
from ffcl.pool import run_all
from ffcl.records import Record, read_records
from ffcl.tender import MALLOC
from ffcl.worker import Job, hand_over

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
