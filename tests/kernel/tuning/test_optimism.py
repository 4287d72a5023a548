"""``ffcl tune --show-optimism`` says what it could not compare."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pytest

from ffcl.configuration import Run
from ffcl.jobs import Event
from ffcl.tuning.search import Search

COMMAND = ("tune", "bp", "--trials", 1, "--seeds", 2, "--set", "split-digits.epochs=1", "--workers", 0)


def test_a_comparison_that_is_missing_is_said_and_fails_the_command(
    ffcl: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(runs: Sequence[Run], *_: object) -> Iterator[Event]:
        yield Event(runs[0], "done")
        yield Event(runs[1], "failed", message="ValueError: no")

    with monkeypatch.context() as patched:
        patched.setattr("ffcl.tuning.optimism.run_all", fails)
        code, output, errors = ffcl(*COMMAND, "--show-optimism")
    assert code == 1
    assert "Not compared: bp · none · split-digits: 1 of 2 runs failed, that of seed 1 so: ValueError: no" in errors
    assert "too much by" not in output

    with monkeypatch.context() as patched:
        patched.setattr(Search, "best_of_seeds", lambda search: None)
        code, _, errors = ffcl(*COMMAND, "--show-optimism")
    assert code == 1
    assert "Not compared: bp · none · split-digits: no trial on the evaluation came through; see results/opt" in errors

    code, output, errors = ffcl(*COMMAND, "--show-optimism")
    assert code == 0, errors
    assert "too much by" in output


def test_without_settings_of_disjoint_data_nothing_is_compared(
    ffcl: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ffcl.tuning.optimism.read_all_tuned", lambda results: ([], []))
    code, _, errors = ffcl(*COMMAND, "--show-optimism")
    assert code == 1
    assert "Not compared: bp · none · split-digits: no trial on disjoint data came through; see results/stud" in errors
