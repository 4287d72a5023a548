"""``ffcl tune`` as a user runs it: stopped, killed, on several workers, with data that leaks."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pandas as pd
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from ffcl.records import Failure, Record
from ffcl.tuning.tuned import read_tuned

Command = Callable[..., tuple[int, str, str]]
SHORT = ("--set", "split-digits.epochs=1")
SMALL = ("--seeds", "2", "--batch", "2", *SHORT)


def study_folder(results: Path) -> Path:
    (folder,) = (results / "studies").iterdir()
    return folder


def trials(results: Path) -> list[Any]:
    """The trials as any tool of Optuna's reads them."""
    folder = study_folder(results)
    storage = JournalStorage(JournalFileBackend(str(folder / "journal.log")))
    study = optuna.load_study(study_name=folder.name, storage=storage)
    return [(t.params, t.state, t.values, t.intermediate_values) for t in study.get_trials(deepcopy=False)]


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


def test_a_study_killed_again_and_again_makes_the_same_trials(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "ffcl", "tune", "bp", "--trials", "6", "--seeds", "2", *SHORT, "--workers", "2"]
    moments = random.Random(0)
    for _ in range(5):
        process = subprocess.Popen([*command, "-o", str(tmp_path / "killed")], stderr=subprocess.DEVNULL)
        file = tmp_path / "killed" / "studies"
        size = sum(f.stat().st_size for f in file.glob("*/evaluations.jsonl"))
        while process.poll() is None:  # until something has been computed, and a little longer
            time.sleep(0.01)
            if sum(f.stat().st_size for f in file.glob("*/evaluations.jsonl")) > size:
                break
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


def test_a_leak_into_the_evaluation_is_refused(ffcl: Command, tmp_path: Path) -> None:
    """The tuned settings are run on all samples, those of the tuning too."""
    assert ffcl("tune", "bp", "--trials", 2, *SMALL, "--workers", 0)[0] == 0
    toml = (study_folder(tmp_path / "results") / "tuned.toml").read_text()
    (tmp_path / "leak.toml").write_text(toml.replace('"part" = "evaluation"', '"part" = "all"'))
    ffcl("run", "--configuration", "leak.toml", "--seeds", 1, "--workers", 0)
    code, output, errors = ffcl("leaderboard")
    assert code == 0
    assert "721 samples were used in tuning and in evaluation" in errors
    assert "disjoint" not in output
    assert pd.read_csv(tmp_path / "results" / "leaderboard.csv")["tuned"].tolist() == ["default"]


def test_settings_tuned_before_the_data_were_split_anew_are_refused(ffcl: Command, tmp_path: Path) -> None:
    x, y = np.random.default_rng(0).random((240, 4), dtype=np.float32), np.arange(240) % 2
    (tmp_path / "birds.toml").write_text(
        f'summary = "s"\n[stream]\nkind = "split"\ndataset = "{tmp_path}/birds.npz"\nclasses = 2\nexperiences = 2\n'
    )

    def split(first: int) -> None:
        rows = np.roll(np.arange(240), first)
        train, test = rows[:200], rows[200:]
        np.savez(tmp_path / "birds.npz", x_train=x[train], y_train=y[train], x_test=x[test], y_test=y[test])

    birds = ("bp", "--scenario", "birds.toml", "--workers", 0)
    split(0)
    assert ffcl("tune", *birds, "--trials", 2, "--seeds", 2)[0] == 0
    split(40)
    code, _, errors = ffcl("run", *birds, "--tuned", "--seeds", 1)
    assert code == 0, errors
    assert "tuned under the protocol disjoint: tuned on other data than evaluated; tune again" in errors
    assert pd.read_csv(tmp_path / "results" / "leaderboard.csv")["tuned"].tolist() == ["default"]


def test_same_stream_is_badged_and_its_optimism_shown(ffcl: Command, tmp_path: Path) -> None:
    same = ("tune", "bp", "--trials", 2, *SMALL, "--workers", 0, "--protocol", "same-stream")
    assert ffcl(*same)[0] == 0
    code, output, _ = ffcl("run", "bp", "--tuned", "--protocol", "same-stream", "--seeds", 1, "--workers", 0)
    assert code == 0
    assert "optimistic" in output
    assert pd.read_csv(tmp_path / "results" / "leaderboard.csv").set_index("tuned").loc["tuned", "optimistic"]
    code, output, errors = ffcl("tune", "bp", "--trials", 3, *SMALL, "--workers", 0, "--show-optimism", "-o", "other")
    assert code == 0, errors
    assert "too much by" in output


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


SLOW = """
import time
from ffcl import LearnerSpec, hookimpl
from ffcl_bp.hyperparameters import BPHyperparameters
from ffcl_bp.learner import BP

class Slow(BP):
    def begin_experience(self, classes):
        time.sleep(30 if self.hyperparameters.lr != 1e-3 else 0)
        super().begin_experience(classes)

@hookimpl
def ffcl_learners():
    yield LearnerSpec("strange", "slow", BPHyperparameters, Slow)
"""


def tune_a_strangers(source: str, tmp_path: Path, *options: str) -> None:
    """Tune the learner of a plugin that is there for this command alone."""
    info = tmp_path / "site" / "ffcl_strange-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: ffcl-strange\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[ffcl]\nstrange = ffcl_strange\n")
    (tmp_path / "site" / "ffcl_strange.py").write_text(source)
    command = [sys.executable, "-m", "ffcl", "tune", "strange", "--trials", "3", *SMALL, *options, "--workers", "2"]
    done = subprocess.run(
        [*command, "-o", str(tmp_path / "results")],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site"), "DIED": str(tmp_path / "died")},
    )
    assert done.returncode == 0, done.stderr


def test_a_trial_that_takes_too_long_fails_and_the_study_goes_on(tmp_path: Path) -> None:
    tune_a_strangers(SLOW, tmp_path, "--time-limit", "12")
    assert [state.name for _, state, _, _ in trials(tmp_path / "results")] == ["COMPLETE", "FAIL", "FAIL"]
    tuned = read_tuned(study_folder(tmp_path / "results") / "tuned.toml")
    assert (tuned.trial, tuned.tuning.failed) == (0, 2)
    kept = (study_folder(tmp_path / "results") / "evaluations.jsonl").read_text()
    assert "TimeLimit: the run took longer than 12 s" in kept


MORTAL = """
import os, pathlib
from ffcl import LearnerSpec, hookimpl
from ffcl_bp.hyperparameters import BPHyperparameters
from ffcl_bp.learner import BP

class Mortal(BP):
    def begin_experience(self, classes):
        died = pathlib.Path(os.environ["DIED"] + str(self.hyperparameters.lr))
        if not died.exists():
            died.touch()
            os._exit(9)
        super().begin_experience(classes)

@hookimpl
def ffcl_learners():
    yield LearnerSpec("strange", "dies once with each step size", BPHyperparameters, Mortal)
"""


def test_a_run_whose_process_dies_is_tried_once_more(tmp_path: Path) -> None:
    tune_a_strangers(MORTAL, tmp_path)
    assert [state.name for _, state, _, _ in trials(tmp_path / "results")] == ["COMPLETE"] * 3


@pytest.mark.parametrize(
    "failure",
    [Failure("PluginError", "The code of bp was edited", ""), Failure("OSError", "No space left on device", "")],
)
def test_a_failure_that_is_no_fault_of_the_trial_stops_the_command_and_is_not_kept(
    ffcl: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: Failure
) -> None:
    command = ("tune", "bp", "--trials", 2, *SMALL, "--workers", 0)
    with monkeypatch.context() as patched:
        patched.setattr("ffcl.execute.execute", lambda run, *_, **__: Record(run, "failed", "now", failure=failure))
        code, _, errors = ffcl(*command)
    assert code == 1
    assert f"A run of bp · none · split-digits failed: {failure.kind}: {failure.message}" in errors
    assert (study_folder(tmp_path / "results") / "evaluations.jsonl").read_text() == ""
    assert ffcl(*command)[0] == 0
    assert [state.name for _, state, _, _ in trials(tmp_path / "results")] == ["COMPLETE"] * 2


def test_more_trials_make_the_tuned_row_anew(ffcl: Command, tmp_path: Path) -> None:
    for n in (2, 3):
        assert ffcl("tune", "bp", "--trials", n, *SMALL, "--workers", 0)[0] == 0
        assert ffcl("run", "bp", "--tuned", "--seeds", 1, "--workers", 0)[0] == 0
    rows = pd.read_csv(tmp_path / "results" / "leaderboard.csv")
    assert rows["tuned"].tolist().count("tuned") == 1
    assert rows.set_index("tuned").loc["tuned", "trials"] == 3


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


def test_every_trade_off_between_two_metrics_can_be_evaluated(ffcl: Command, tmp_path: Path) -> None:
    objective = ("--objective", "AIA,forgetting")
    command = ("tune", "bp", "-t", "replay", *objective, *SMALL, "--space", "bp.lr=1e-5..1e-2:log", "--workers", 0)
    for trials in (2, 8):
        assert ffcl(*command, "--trials", trials)[0] == 0
    files = sorted((study_folder(tmp_path / "results") / "front").iterdir())
    points = [read_tuned(file) for file in files]
    assert len(points) > 1
    for a in points:
        assert not any(
            b.values["AIA"] > a.values["AIA"] and b.values["forgetting"] < a.values["forgetting"] for b in points
        )
    chosen = [option for file in files for option in ("--configuration", file)]
    code, _, errors = ffcl("run", *chosen, "--seeds", 1, "--workers", 0)
    assert code == 0, errors
    rows = pd.read_csv(tmp_path / "results" / "leaderboard.csv")
    assert sorted(rows["study"].dropna()) == sorted(point.tuning.study for point in points)


def test_a_configuration_can_be_shared_alone_and_lost_evidence_is_made_anew(ffcl: Command, tmp_path: Path) -> None:
    assert ffcl("tune", "bp", "--trials", 2, *SMALL, "--workers", 0)[0] == 0
    shared = tmp_path / "shared.toml"
    shared.write_bytes((study_folder(tmp_path / "results") / "tuned.toml").read_bytes())
    evidence = {p.name: p.read_bytes() for p in (tmp_path / "results" / "index-sets").iterdir()}

    def rows(*source: str, results: str) -> list[str]:
        code, _, errors = ffcl("run", *source, "--seeds", 1, "--workers", 0, "-o", results)
        assert code == 0, errors
        return sorted(pd.read_csv(tmp_path / results / "leaderboard.csv")["tuned"])

    assert rows("--configuration", "shared.toml", results="elsewhere") == ["default", "tuned"]
    for name in read_tuned(shared).tuning.index_sets:
        assert (tmp_path / "elsewhere" / "index-sets" / name).read_bytes() == evidence[name]
        (tmp_path / "results" / "index-sets" / name).unlink()
    assert rows("bp", "--tuned", results="results") == ["default", "tuned"]

    # samples that the trials did not use are no evidence
    assert '"part" = "tuning"' in shared.read_text()
    shared.write_text(shared.read_text().replace('"part" = "tuning"', '"part" = "validation"'))
    assert rows("--configuration", "shared.toml", results="forged") == ["default"]


def test_a_damaged_configuration_is_named(ffcl: Command, tmp_path: Path) -> None:
    assert ffcl("tune", "bp", "--trials", 2, *SMALL, "--workers", 0)[0] == 0
    path = study_folder(tmp_path / "results") / "tuned.toml"
    good = path.read_text()
    for damaged in (good.replace('"learner" = "bp"', '"learner" = 3'), good.replace("[tuning]", "[tunnig]"), "= what"):
        path.write_text(damaged)
        code, _, errors = ffcl("run", "bp", "--tuned")
        assert code == 2
        assert f"{path.relative_to(tmp_path)} is left alone" in errors
        assert ffcl("run", "--configuration", path)[0] == 2


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


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_ctrl_c_stops_and_the_same_command_goes_on(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "ffcl", "tune", "bp", "--trials", "6", "--seeds", "2", *SHORT, "--workers", "1"]
    command += ["-o", str(tmp_path / "results")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while process.poll() is None and not any(tmp_path.glob("results/studies/*/evaluations.jsonl")):
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "the same command goes on from here" in errors
    assert "Traceback" not in errors
    assert subprocess.run(command, capture_output=True).returncode == 0
    assert len(trials(tmp_path / "results")) == 6
