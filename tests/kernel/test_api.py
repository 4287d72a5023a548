from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import ffcl
from ffcl.errors import UsageError
from ffcl.records import read_records


def test_runs_and_leaderboard_come_as_data_frames(tmp_path: Path) -> None:
    runs = ffcl.run(
        ["bp", "ff"],
        strategies=["none", "replay"],
        seeds=2,
        settings={"split-digits.epochs": 1, "ff.hidden": 20, "replay.buffer": 30},
        results=tmp_path,
        workers=0,
    )
    assert isinstance(runs, pd.DataFrame)
    assert len(runs) == 8
    assert set(runs.columns) >= {"learner", "strategy", "scenario", "seed", "status", "ACC", "forgetting", "LA"}
    assert set(runs["status"]) == {"done"}

    rows = ffcl.leaderboard(tmp_path)
    assert len(rows) == 4
    chosen = ffcl.leaderboard(tmp_path, learners="bp", strategies="none", output=tmp_path / "out")
    assert len(chosen) == 1
    mean = runs[(runs["learner"] == "bp") & (runs["strategy"] == "none")]["ACC"].mean()
    assert chosen["ACC"].item() == pytest.approx(mean)
    assert (tmp_path / "out" / "leaderboard.csv").exists()


def test_seeds_may_be_listed(tmp_path: Path) -> None:
    runs = ffcl.run("bp", seeds=[3, 5], settings={"split-digits.epochs": 1}, results=tmp_path, workers=0)
    assert list(runs["seed"]) == [3, 5]


@pytest.mark.parametrize("workers", [0, 1])
def test_seeds_of_numpy_are_seeds_like_any_other(tmp_path: Path, workers: int) -> None:
    settings = {"split-digits.epochs": 1}
    runs = ffcl.run("bp", seeds=np.arange(1, 2), settings=settings, results=tmp_path, workers=workers)
    assert set(runs["status"]) == {"done"}
    assert [record.run.seed for record in read_records(tmp_path)[0]] == [1]
    assert list(ffcl.run("bp", seeds=np.int64(2), settings=settings, results=tmp_path, workers=0)["seed"]) == [0, 1]


@pytest.mark.parametrize("seeds", ["3", ["1"], [0.5], 1.5, None])
def test_seeds_that_are_no_integers_are_refused(tmp_path: Path, seeds: object) -> None:
    with pytest.raises(UsageError, match=re.escape(f"such as [0, 3]; got {seeds!r}.")):
        ffcl.run("bp", seeds=seeds, results=tmp_path)  # type: ignore[arg-type]


def test_scenarios_may_be_paths(tmp_path: Path) -> None:
    path = tmp_path / "a, b" / "mine.toml"
    path.parent.mkdir()
    path.write_text('summary = "mine"\n[stream]\nkind = "split"\ndataset = "digits"\nexperiences = 2\n')
    runs = ffcl.run("bp", scenarios=path, seeds=1, results=tmp_path, workers=0)
    assert runs["scenario"].tolist() == ["mine"]
    settings = {"split-digits.epochs": 1}
    runs = ffcl.run("bp", scenarios=[path, "split-digits"], seeds=1, settings=settings, results=tmp_path, workers=0)
    assert runs["scenario"].tolist() == ["mine", "split-digits"]


def test_mistakes_raise(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Did you mean 'bp'"):
        ffcl.run("bpp", results=tmp_path)
    with pytest.raises(UsageError, match="There are no records"):
        ffcl.leaderboard(tmp_path)


def test_what_is_left_out_is_warned_of_where_it_was_asked_for(tmp_path: Path) -> None:
    settings = {"split-digits.epochs": 1}
    ffcl.run("bp", seeds=2, settings=settings, results=tmp_path, workers=0)
    path = next(tmp_path.glob("runs/*seed1*/record.json"))
    path.write_text("{half")
    for ask in (lambda: ffcl.leaderboard(tmp_path), lambda: ffcl.compare(tmp_path)):
        with pytest.warns(UserWarning, match=re.escape(f"{path} is left alone: it is no valid JSON")) as warned:
            ask()
        assert [warning.filename for warning in warned] == [__file__]


def test_what_is_not_tuned_is_warned_of(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match=r"Refused: ewc on oja: .*gradients") as warned:
        found = ffcl.tune(
            ["bp", "oja"],
            strategies="ewc",
            trials=1,
            seeds=1,
            settings={"split-digits.epochs": 1},
            results=tmp_path,
            workers=0,
        )
    assert found["learner"].tolist() == ["bp"]
    assert [warning.filename for warning in warned] == [__file__]


def test_what_is_not_run_is_warned_of(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match=r"Refused: ewc on oja: .*gradients") as warned:
        rows = ffcl.run(
            ["bp", "oja"], strategies="ewc", seeds=1, settings={"split-digits.epochs": 1}, results=tmp_path, workers=0
        )
    assert rows["learner"].tolist() == ["bp"]
    assert [warning.filename for warning in warned] == [__file__]


def test_a_failure_is_warned_of_though_it_leaves_no_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A record that cannot be written is no row; of a rerun that fails the old record stays."""

    def run(rerun: bool) -> pd.DataFrame:
        settings = {"split-digits.epochs": 1}
        return ffcl.run("bp", seeds=1, settings=settings, results=tmp_path, workers=0, rerun=rerun)

    def full(results: Path, record: object) -> None:
        raise OSError("No space left on device")

    message = "Failed: bp · none · split-digits · seed 0: The record could not be written: No space left on device."
    for rerun, rows in ((False, 0), (True, 1)):
        with monkeypatch.context() as patched:
            patched.setattr("ffcl.worker.write_record", full)
            with pytest.warns(UserWarning, match=message) as warned:
                found = run(rerun)
        assert len(found) == rows
        assert [warning.filename for warning in warned] == [__file__]
        assert run(rerun=False)["status"].tolist() == ["done"]


def test_a_leak_is_warned_of(tmp_path: Path) -> None:
    settings = {"split-digits.epochs": 1}
    ffcl.tune("bp", trials=2, seeds=2, settings=settings, results=tmp_path, workers=0)
    for path in (tmp_path / "studies").glob("*/tuned.toml"):
        path.write_text(path.read_text().replace('"part" = "evaluation"', '"part" = "all"'))
    with pytest.warns(UserWarning, match="samples were used in tuning and in evaluation") as warned:
        runs = ffcl.run("bp", seeds=1, tuned="disjoint", results=tmp_path, workers=0)
    assert len(runs) == 1
    assert [warning.filename for warning in warned] == [__file__]


def test_tune_returns_a_row_a_study(tmp_path: Path) -> None:
    found = ffcl.tune(
        "bp",
        strategies=["none", "replay"],
        trials=2,
        seeds=2,
        settings={"split-digits.epochs": 1},
        space={"bp.lr": "1e-4..1e-2:log"},
        results=tmp_path,
        workers=0,
    )
    assert found["strategy"].tolist() == ["none", "replay"]
    assert found["trials"].tolist() == [2, 2]
    assert (found["AIA"] >= found["AIA_defaults"]).all()
    runs = ffcl.run("bp", strategies="replay", seeds=1, tuned="disjoint", results=tmp_path, workers=0)
    assert len(runs) == 2
