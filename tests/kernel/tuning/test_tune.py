"""``ffcl tune`` as a user runs it: its trials, their number, and wrong usage."""

from __future__ import annotations

import json
from pathlib import Path

import optuna
import pandas as pd
import pytest

from ffcl.tuning.tuned import read_tuned
from studies import SMALL, Command, study_folder, trials


def test_tune_then_run_what_was_found_beside_the_defaults(ffcl: Command, tmp_path: Path) -> None:
    code, output, errors = ffcl("tune", "bp", "-t", "replay", "--trials", 4, *SMALL, "--workers", 0)
    assert code == 0, errors
    assert "bp · replay · split-digits" in output
    folder = study_folder(tmp_path / "results")
    assert {p.name for p in folder.iterdir()} >= {"study.json", "journal.log", "evaluations.jsonl", "tuned.toml"}
    for name in ("best-so-far", "importances", "slices", "parallel-coordinates"):
        for suffix in (".png", ".svg"):
            assert (folder / "plots" / name).with_suffix(suffix).stat().st_size > 0

    code, listed, _ = ffcl("tuned")
    assert code == 0
    assert "bp · replay · split-digits" in listed
    code, toml, _ = ffcl("tuned", "bp")
    (tmp_path / "shared.toml").write_text(toml)
    assert read_tuned(tmp_path / "shared.toml") == read_tuned(folder / "tuned.toml")

    code, output, errors = ffcl("run", "bp", "-t", "replay", "--tuned", "--seeds", 2, "--workers", 0)
    assert code == 0, errors
    assert "tuned against defaults" in output
    rows = pd.read_csv(tmp_path / "results" / "leaderboard.csv").set_index("tuned")
    tuned, default = rows.loc["tuned"], rows.loc["default"]
    assert tuned["protocol"] == "disjoint"
    assert (tuned["trials"], tuned["failed_trials"], tuned["tuning_seeds"]) == (4, 0, 2)
    assert tuned["tuning_gain"] == pytest.approx(tuned["ACC"] - default["ACC"], abs=1e-5)
    assert pd.isna(default["tuning_gain"])
    assert not tuned["optimistic"]
    assert json.loads(tuned["scenario_settings"])["stream"]["part"] == "evaluation"

    code, output, _ = ffcl("run", "--configuration", "shared.toml", "--seeds", 2, "--workers", 0)
    assert code == 0
    assert "0 done now, 4 done before" in output
    code, output, _ = ffcl("tune", "bp", "-t", "replay", "--trials", 4, *SMALL, "--workers", 0)
    assert code == 0


def test_one_worker_and_three_make_the_same_trials(ffcl: Command, tmp_path: Path) -> None:
    for workers in (1, 3):
        command = ("tune", "bp", "--trials", 5, *SMALL, "--workers", workers, "-o", workers)
        code, _, errors = ffcl(*command)
        assert code == 0, errors
    assert trials(tmp_path / "1") == trials(tmp_path / "3")
    one, three = (read_tuned(study_folder(tmp_path / n) / "tuned.toml") for n in ("1", "3"))
    assert (one.settings, one.values, one.trial) == (three.settings, three.values, three.trial)


def test_trials_are_kept_in_any_storage_of_optunas(ffcl: Command, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'trials.db'}"
    for _ in range(2):  # the second time it finds them there
        code, _, errors = ffcl("tune", "bp", "--trials", 3, *SMALL, "--workers", 0, "--storage", url)
        assert code == 0, errors
    folder = study_folder(tmp_path / "results")
    assert not (folder / "journal.log").exists()
    assert len(optuna.load_study(study_name=folder.name, storage=url).trials) == 3
    code, _, errors = ffcl("tune", "bp", "--trials", 3, *SMALL, "--workers", 0, "--storage", "nosuch://x")
    assert code == 2
    assert "--storage nosuch://x cannot be used" in errors


def test_fewer_trials_than_there_are_change_nothing(ffcl: Command, tmp_path: Path) -> None:
    command = ("tune", "bp", *SMALL, "--workers", 0, "--trials")
    assert ffcl(*command, 6)[0] == 0
    path = study_folder(tmp_path / "results") / "tuned.toml"
    before = path.read_text()
    code, output, errors = ffcl(*command, 3)
    assert code == 0, errors
    assert "bp · none · split-digits: all of its 6 trials count, not only 3." in output
    assert path.read_text() == before
    assert "trials count" not in ffcl(*command, 6)[1]


def test_it_is_said_that_no_trial_beat_the_defaults(ffcl: Command) -> None:
    alone = ("--set", "bp.optimizer=adam", "--set", "bp.schedule=constant")
    command = ("tune", "bp", *alone, "--trials", 3, *SMALL, "--workers", 0, "--space")
    assert "no trial beat the defaults, 0 of 3 were given up" in ffcl(*command, "bp.lr=1e-5..1e-3:log")[1]
    assert "no trial beat" not in ffcl(*command, "bp.lr=1e-5..2e-5:log")[1]  # the defaults are not among them


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("tune", "bpp"), "Did you mean 'bp'"),
        (("tune", "bp", "--sampler", "tep"), "Did you mean 'tpe'"),
        (("tune", "bp", "--protocol", "disjiont"), "Did you mean 'disjoint'"),
        (("tune", "bp", "--objective", "AAI"), "Did you mean 'AIA'"),
        (("tune", "bp", "--space", "ff.lr=1e-4..1e-2"), "Unknown learner or strategy to tune 'ff'"),
        (("tune", "bp", "--space", "bp.lr=1..2"), "must be a number from 1e-05 to 0.1"),
        (("tune", "bp", "--trials", "0"), "--trials must be 1 or more"),
        (("tune", "bp", "--time-limit", "inf"), "--time-limit must be 0 (none) or more seconds, got inf"),
        (("tune", "bp", "--time-limit", "nan"), "--time-limit must be 0 (none) or more seconds, got nan"),
        (("tune", "bp", "--all"), "name none beside it"),
        (("tune", "bp", "--protocol", "two-phase"), "--protocol two-phase needs --tune-on SCENARIO"),
        (("tune", "bp", "--first", "2"), "belongs to --protocol first-k"),
        (("tune", "bp", "--show-optimism", "--protocol", "first-k", "--first", "2"), "leave out --protocol"),
        (("run", "bp", "--protocol", "disjoint"), "--protocol belongs to --tuned"),
        (("run", "bp", "--tuned", "--protocol", "disjiont"), "Did you mean 'disjoint'"),
        (("run", "bp", "--tuned", "--protocol", "two-phase"), "--scenario split-digits --protocol two-phase`"),
        (("tune", "oja", "-t", "ewc"), "acts on gradients"),
        (("run", "bp", "--tuned"), "Not tuned under the protocol disjoint: bp · none · split-digits"),
        (("run", "bp", "--tuned", "--set", "bp.lr=0.01"), "give --set to `ffcl tune`"),
        (("run", "--configuration", "missing.toml"), "cannot be read"),
        (("tuned", "bp"), "Nothing of that is tuned"),
    ],
)
def test_wrong_usage_is_explained_and_nothing_is_run(
    arguments: tuple[str, ...], message: str, ffcl: Command, tmp_path: Path
) -> None:
    code, _, errors = ffcl(*arguments)
    assert code == 2
    assert message in errors
    assert not list(tmp_path.glob("results/*/*"))


def test_a_time_limit_needs_worker_processes(ffcl: Command) -> None:
    code, _, errors = ffcl("tune", "bp", "--workers", 0, "--time-limit", 1)
    assert code == 2
    assert "needs worker processes" in errors
