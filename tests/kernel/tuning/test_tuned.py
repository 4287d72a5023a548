"""Runs of tuned settings: shared, damaged, chosen by two metrics, or on data that leak."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from ffcl.tuning.tuned import read_tuned
from studies import SMALL, Command, study_folder


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


def test_more_trials_make_the_tuned_row_anew(ffcl: Command, tmp_path: Path) -> None:
    for n in (2, 3):
        assert ffcl("tune", "bp", "--trials", n, *SMALL, "--workers", 0)[0] == 0
        assert ffcl("run", "bp", "--tuned", "--seeds", 1, "--workers", 0)[0] == 0
    rows = pd.read_csv(tmp_path / "results" / "leaderboard.csv")
    assert rows["tuned"].tolist().count("tuned") == 1
    assert rows.set_index("tuned").loc["tuned", "trials"] == 3


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
