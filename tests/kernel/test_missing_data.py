"""Runs whose data are not there: it is looked for once and said once, and other runs go on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from command_line import ffcl
from ffcl.configuration import Run
from ffcl.errors import DataError, StreamError
from ffcl.jobs import Event, Jobs
from ffcl.pool import run_all
from ffcl.records import Record, read_records
from ffcl.worker import Job


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
