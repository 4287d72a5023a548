"""The leaderboard's commands as they are typed."""

from __future__ import annotations

import shutil
import webbrowser
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import ffcl
from ffcl.records import read_records, write_record
from made_up import done, run

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def two_folders(tmp_path: Path) -> Path:
    """``a`` and ``b`` share seeds 0 and 1 of bp; seed 1 differs, and ``b`` has a seed more."""
    for seed in range(2):
        write_record(tmp_path / "a", done(run(seed=seed)))
    write_record(tmp_path / "b", done(run(seed=0)))
    write_record(tmp_path / "b", done(run(seed=1), 0.7))
    write_record(tmp_path / "b", done(run(seed=2)))
    return tmp_path


def test_merge_says_what_came_and_fails_on_a_conflict(ffcl: Command, two_folders: Path) -> None:
    code, output, errors = ffcl("leaderboard", "merge", "b", "--results", "a")
    assert code == 1
    assert "1 records added, 1 there already, 1 in conflict" in output
    assert f"Conflict: {run(seed=1).key}: accuracies differ by up to 10.00 points." in errors
    assert len(read_records(two_folders / "a")[0]) == 3
    code, _, errors = ffcl("leaderboard", "merge", "nowhere", "--results", "a")
    assert code == 2
    assert "no results folder" in errors


def test_diff_shows_what_differs(ffcl: Command, two_folders: Path) -> None:
    code, output, _ = ffcl("leaderboard", "diff", "a", "b")
    assert code == 0
    assert "changed" in output
    assert "-5.0" in output
    code, output, _ = ffcl("leaderboard", "diff", "a", "a")
    assert output.strip() == "1 same."
    assert ffcl("leaderboard", "diff", "a", "b", "--metric", "ACCC")[0] == 2


def test_verify_runs_again_and_fails_on_a_record_that_does_not_stand(ffcl: Command, tmp_path: Path) -> None:
    ffcl("run", "bp", "--seeds", "2", "--workers", "0")
    shutil.rmtree(tmp_path / "results" / "index-sets")  # as if the records were from before there were any
    before = _content(tmp_path / "results")
    code, output, errors = ffcl("leaderboard", "verify", "--workers", "0")
    assert (code, errors) == (0, "")
    assert "2 of 2 verified." in output
    assert _content(tmp_path / "results") == before
    record = read_records(tmp_path / "results")[0][0]
    write_record(tmp_path / "results", replace(record, parameters_sha256="0" * 64))
    code, output, _ = ffcl("leaderboard", "verify", "--workers", "0")
    assert code == 1
    assert f"different: {record.run.key} (accuracies are equal, the trained states are not)" in output
    assert "1 of 2 verified." in output


def _content(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_nothing_can_be_verified_of_code_that_is_gone(ffcl: Command, two_folders: Path) -> None:
    code, _, errors = ffcl("leaderboard", "verify", "--results", "a")
    assert code == 2
    assert "Nothing to verify" in errors


def test_export_and_explain(ffcl: Command, two_folders: Path) -> None:
    assert ffcl("leaderboard", "export", "t.md", "--results", "a")[0] == 0
    assert "| bp (stale) | none |" in (two_folders / "t.md").read_text()
    assert ffcl("leaderboard", "export", "t.doc", "--results", "a")[0] == 2
    code, output, _ = ffcl("explain", "ACC", "retention")
    assert code == 0
    assert "mean_j a[T, j]" in output
    assert "defined here" in output
    assert "forgetting" in ffcl("explain")[1]
    assert ffcl("explain", "ACCC")[0] == 2


def test_options_before_a_subcommand_are_not_ignored_in_silence(ffcl: Command) -> None:
    code, _, errors = ffcl("leaderboard", "--results", "a", "verify")
    assert code == 2
    assert "ffcl leaderboard verify --results" in errors


def test_open_shows_the_page(ffcl: Command, two_folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", lambda url: opened.append(url) or False)
    code, _, errors = ffcl("leaderboard", "--results", "a", "--open", "--no-plots")
    assert code == 0
    assert opened == [(two_folders / "a" / "index.html").as_uri()]
    assert "open" in errors  # no browser here: the page is named
    assert not (two_folders / "a" / "plots").exists()


def test_a_baseline_can_be_chosen(ffcl: Command, tmp_path: Path) -> None:
    for name, accuracy in (("bp", 0.7), ("ff", 0.8)):
        for seed in range(10):
            write_record(tmp_path / "results", done(run(name, seed=seed), accuracy + 0.001 * seed))
    output = ffcl("leaderboard", "--no-plots")[1]
    assert "toy, difference to bp, seed by seed" in output
    assert "better" in output
    assert "worse" in ffcl("leaderboard", "--baseline", "ff", "--no-plots")[1]
    code, _, errors = ffcl("leaderboard", "--baseline", "fff")
    assert code == 2
    assert "Did you mean 'ff'?" in errors
    assert len(_compare(tmp_path / "results", "bp+none")) == 1


def _compare(results: Path, baseline: str) -> list[str]:
    return list(ffcl.compare(results, baseline)["verdict"])
