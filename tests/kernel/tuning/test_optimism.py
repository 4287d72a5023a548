"""``ffcl tune --show-optimism``: what it compares, and what it says that it could not."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from ffcl.configuration import Run
from ffcl.jobs import Event
from ffcl.metrics import average_incremental_accuracy as aia
from ffcl.records import find_record
from ffcl.registry import installed
from ffcl.tuning.coordinator import Request, carry_out, describe_studies
from ffcl.tuning.optimism import Optimism, measure, table
from ffcl.tuning.plan import runs_of
from ffcl.tuning.search import Search
from ffcl.tuning.tuned import read_tuned

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


def test_promised_is_the_best_trial_on_the_evaluation_and_reached_what_was_found_elsewhere(tmp_path: Path) -> None:
    registry, names = installed(), (["bp"], ["none"], ["split-digits"])
    request = Request(trials=3, seeds=2, settings={"split-digits.epochs": 1})
    studies, _ = describe_studies(registry, *names, request)
    list(carry_out(studies, tmp_path, tmp_path, 0, request))
    (found,), missing = measure(registry, names, request, tmp_path, tmp_path, 0)
    assert missing == []

    (evaluations,) = tmp_path.glob("optimism/studies/*/evaluations.jsonl")
    trials: dict[str, dict[int, float]] = {}
    for line in map(json.loads, evaluations.read_text().splitlines()):
        trials.setdefault(line["key"].rpartition("--")[2], {})[line["seed"]] = aia(line["matrix"])
    of_seeds = [[trial[seed] for seed in (0, 1)] for trial in trials.values()]
    assert len(of_seeds) == 3
    assert found.promised == max(of_seeds, key=sum)

    (toml,) = tmp_path.glob("studies/*/tuned.toml")
    runs = [run for run in runs_of(registry, [read_tuned(toml)], [0, 1]) if run.tuning is not None]
    records = [find_record(tmp_path, run) for run in runs]
    assert found.reached == [aia(record.accuracy) for record in records if record is not None]
    assert found.difference.mean == pytest.approx((sum(found.promised) - sum(found.reached)) / 2)


def test_one_seed_has_no_interval() -> None:
    one, two = Optimism("a", "b", "c", [0.9], [0.8]), Optimism("a", "b", "c", [0.9, 0.8], [0.8, 0.8])
    assert [list(column.cells) for column in table([one, two]).columns][-1] == ["+10.0", "+5.0 (-58.5 to +68.5)"]
