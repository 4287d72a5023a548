"""Set-ups as ``ffcl reproduce`` runs them: cell by cell, side by side with what was published."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import ffcl.cli
from ffcl.errors import UsageError
from ffcl.jobs import Event
from ffcl.progress import run_plan
from ffcl.registry import installed
from ffcl_reproduce import side_by_side
from ffcl_reproduce.cells import join, make_cells, outcome
from ffcl_reproduce.dots import dots
from ffcl_reproduce.setup_file import read_setup, shipped
from tiny_setup import HEADER


def reproduce(*arguments: str) -> Result:
    list(installed().call("ffcl_commands", app=ffcl.cli.app))
    return CliRunner().invoke(ffcl.cli.app, ["reproduce", *arguments])


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"none"', '"non"', "classes x BP x nothing: Unknown strategy 'non'. Did you mean 'none'"),
        ('"bp"', '"bpp"', "Unknown learner 'bpp'. Did you mean 'bp'"),
        ('"split-digits"', '"split-digit"', "Unknown scenario 'split-digit'. Did you mean 'split-digits"),
        ("hidden = 20", "hiden = 20", "Unknown parameter of bp 'hiden'. Did you mean 'hidden'"),
        ("epochs = 1", "epochs = 0", "epochs must be an integer from 1"),
        ("buffer = 40", "bufer = 40", "domains x BP x replay, sgd: Unknown parameter of replay 'bufer'"),
    ],
)
def test_what_does_not_fit_is_said_before_anything_runs(
    written: Callable[..., str], tmp_path: Path, old: str, new: str, message: str
) -> None:
    result = reproduce(written((old, new)), "--results", str(tmp_path / "results"))
    assert isinstance(result.exception, UsageError)
    assert re.search(message, str(result.exception)), result.exception
    assert not (tmp_path / "results").exists()


def test_runs_are_those_of_the_cells_seed_by_seed(written: Callable[..., str]) -> None:
    cells = make_cells(read_setup(written()), read_setup(written()).labels(["BP"]), 2, installed())
    plan = join(cells)
    assert [run.seed for run in plan.runs] == [0] * 4 + [1] * 4
    replayed = next(c for c in cells if c.label == ("domains", "BP", "replay, sgd")).runs[0]
    assert replayed.strategy.settings["buffer"] == 40
    assert replayed.learner.settings["lr"] == 0.01
    assert replayed.learner.settings["hidden"] == 20
    assert replayed.scenario.settings["training"]["epochs"] == 1


def test_a_set_up_of_ones_own_is_run_and_goes_on_from_what_is_done(written: Callable[..., str], tmp_path: Path) -> None:
    refused = '[strategies.ewc]\nstrategy = "ewc"\n[strategies.nothing]'
    path, results = written(("[strategies.nothing]", refused), ('"ff"', '"oja"')), tmp_path
    arguments = (path, "--results", str(results), "--workers", "0", "--only", "classes", "--only", "nothing")
    arguments = (*arguments, "--only", "ewc", "--seeds", "1")
    first = reproduce(*arguments)
    assert first.exit_code == 0, first.output
    assert "classes (split-digits)" in first.output
    assert "domains" not in first.output
    assert "FF x ewc: refused: it acts on gradients" in first.output
    assert "Of 1 cells with a published value: 1 inside, 0 above, 0 below." in first.output
    assert "All 3 runs were made now" in first.output
    assert {p.name for p in (results / "tiny").iterdir()} == {"report.md", "tiny.csv", "tiny.png", "tiny.svg"}
    rows = list(csv.DictReader((results / "tiny" / "tiny.csv").read_text().splitlines()))
    assert [(r["learner"], r["strategy"], r["seeds"], r["ours_is"]) for r in rows] == [
        ("BP", "ewc", "1", ""),
        ("FF", "ewc", "0", ""),
        ("BP", "nothing", "1", "inside"),
        ("FF", "nothing", "1", ""),
    ]
    report = (results / "tiny" / "report.md").read_text()
    assert "| nothing | BP | 1 | 50 ±50 |" in report
    assert "| ewc | FF | 0 | - | refused |  |  |" in report
    assert "| classes | scenario | split-digits | epochs = 1, experiences = 2 |" in report
    assert "![tiny](tiny.png)" in report
    again = reproduce(*arguments)
    assert again.exit_code == 0
    assert "were made now" not in again.output
    assert (results / "tiny" / "tiny.csv").read_text().splitlines() == [
        ",".join(rows[0]),
        *(",".join(f'"{v}"' if "," in v else v for v in row.values()) for row in rows),
    ]


def test_a_failed_cell_stands_in_the_table_with_its_reason(
    written: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import ffcl.execute

    monkeypatch.setattr(ffcl.execute, "build_stream", lambda *_: 1 / 0)
    of_learner = ("[scenarios.domains]", "learner_settings = { lr = 0.02 }\n[scenarios.domains]")
    path = written(of_learner)
    result = reproduce(path, "--results", str(tmp_path), "--workers", "0", "--only", "BP", "--only", "nothing")
    assert result.exit_code == 1
    assert "BP x nothing: 2 of 2 failed: ZeroDivisionError: division by zero." in result.output
    report = (tmp_path / "tiny" / "report.md").read_text()
    assert "Of 2 cells with a published value: 0 inside, 0 above, 0 below, 2 without a result." in report
    assert "| nothing | BP | 0 of 2 | 50 ±50 | failed |  |  |" in report
    assert "| classes | scenario | split-digits | epochs = 1, experiences = 2; learner: lr = 0.02 |" in report


def test_ctrl_c_ends_with_its_exit_code(
    written: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(side_by_side, "run_plan", interrupted)
    result = reproduce(written(), "--results", str(tmp_path))
    assert result.exit_code == 130
    assert "the same command goes on from here" in result.output


def test_missing_data_is_said(written: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def without_data(plan: object, *arguments: object) -> object:
        summary = run_plan(join([]), *arguments)  # type: ignore[arg-type]
        summary.note(Event(plan.runs[0], "no-data", message="no folder"))  # type: ignore[attr-defined]
        return summary

    monkeypatch.setattr(side_by_side, "run_plan", without_data)
    result = reproduce(written(), "--results", str(tmp_path))
    assert "split-digits: no folder" in str(result.exception)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["hsu2081"], "Unknown thing to reproduce 'hsu2081'. Did you mean 'hsu2018'"),
        (["hsu2018", "--part", "training"], "--part is no option of hsu2018. It takes --only"),
        (["hsu2018", "--epochs", "3"], "--epochs is no option of hsu2018"),
        (["neohebbian", "--only", "BP"], "--only is no option of neohebbian. It takes --part"),
        (["sffa", "--only", "symetric FF"], "Unknown label of sffa 'symetric FF'. Did you mean 'symmetric FF'"),
    ],
)
def test_wrong_use_is_said(arguments: list[str], message: str) -> None:
    result = reproduce(*arguments)
    assert isinstance(result.exception, UsageError)
    assert message in str(result.exception)


@pytest.mark.parametrize("arguments", [[], ["--list"], ["hsu2018", "--list"]])
def test_what_there_is_is_listed(arguments: list[str]) -> None:
    result = reproduce(*arguments)
    assert result.exit_code == 0
    for name in ("neohebbian", *shipped()):
        assert name in result.output


def test_every_cell_has_its_place_in_the_figure(written: Callable[..., str], tmp_path: Path) -> None:
    setup = read_setup(written())
    cells = make_cells(setup, setup.labels(), 1, installed())
    figure = dots([outcome(cell, tmp_path) for cell in cells])
    assert [axes.get_title() for axes in figure.axes] == ["classes", "domains"]
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["nothing", "replay, sgd"]


def test_labels_are_shown_as_they_are(written: Callable[..., str], tmp_path: Path) -> None:
    path = written(("[strategies.nothing]", '[strategies."no [thing]"]'), values=HEADER)
    arguments = ["--only", "no [thing]", "--only", "BP", "--only", "classes", "--seeds", "1", "--workers", "0"]
    result = reproduce(path, *arguments, "--results", str(tmp_path))
    assert "no [thing]" in result.output
    assert "Of 0 cells with a published value" in result.output
