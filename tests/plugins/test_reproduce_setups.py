from __future__ import annotations

import csv
import re
import subprocess
import sys
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
from ffcl_reproduce.published import TOLERANCE, Published
from ffcl_reproduce.setup_file import read_setup, shipped

TINY = """
title = "A tiny set-up"
source = "nowhere"
summary = "two learners on the digits"
seeds = 2

[scenarios.classes]
scenario = "split-digits"
settings = { epochs = 1, experiences = 2 }
[scenarios.domains]
scenario = "split-digits-domain"
settings = { epochs = 1, experiences = 2 }

[learners.BP]
learner = "bp"
settings = { hidden = 20 }
[learners.FF]
learner = "ff"

[strategies.nothing]
strategy = "none"
[strategies."replay, sgd"]
strategy = "replay"
settings = { buffer = 20 }
learner_settings = { lr = 0.01 }
by_scenario = { domains = { buffer = 40 } }
"""
HEADER = "scenario,learner,strategy,value,spread,read\n"
VALUES = HEADER + "classes,BP,nothing,50,50,table\ndomains,BP,nothing,1,,figure\n"


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., str]:
    """Write a set-up, changed by replacements, and its values; return its path."""

    def write(*changes: tuple[str, str], values: str | None = VALUES, toml: str = TINY) -> str:
        for old, new in changes:
            assert old in toml
            toml = toml.replace(old, new)
        path = tmp_path / "tiny.toml"
        path.write_text(toml)
        if values is not None:
            path.with_suffix(".csv").write_text(values)
        return str(path)

    return write


def reproduce(*arguments: str) -> Result:
    list(installed().call("ffcl_commands", app=ffcl.cli.app))
    return CliRunner().invoke(ffcl.cli.app, ["reproduce", *arguments])


def test_a_set_up_is_read(written: Callable[..., str]) -> None:
    setup = read_setup(written())
    assert (setup.name, setup.title, setup.seeds) == ("tiny", "A tiny set-up", 2)
    assert setup.labels()[:3] == [
        ("classes", "BP", "nothing"),
        ("classes", "FF", "nothing"),
        ("classes", "BP", "replay, sgd"),
    ]
    assert len(setup.labels()) == 8
    assert setup.strategies["replay, sgd"].settings_in("classes") == {"buffer": 20}
    assert setup.strategies["replay, sgd"].settings_in("domains") == {"buffer": 40}
    assert setup.published["domains", "BP", "nothing"] == Published(1.0, None, "figure")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("seeds = 2", "seed = 2", "Unknown key in .*tiny.toml: 'seed'. Did you mean 'seeds'"),
        ("seeds = 2", "seeds = 0", "needs `seeds`"),
        ("seeds = 2", "seeds = true", "needs `seeds`"),
        ('title = "A tiny set-up"', "title = 3", "needs a text `title`"),
        ('source = "nowhere"', "", "needs a text `source`"),
        ("seeds = 2", "seeds = ", "no valid TOML"),
        ('learner = "ff"', "", r"\[learners.FF\] needs a text `learner`"),
        ('learner = "bp"', 'learner = "bp"\nhidden = 20', r"Unknown key in .*\[learners.BP\]: 'hidden'"),
        ("settings = { buffer = 20 }", "settings = 20", "settings must be a table"),
        ("{ domains = { buffer = 40 } }", "{ domain = { buffer = 40 } }", "Did you mean 'domains'"),
        ("{ domains = { buffer = 40 } }", "{ domains = 40 }", "domains must be a table"),
    ],
)
def test_a_wrong_set_up_says_what_is_wrong(written: Callable[..., str], old: str, new: str, message: str) -> None:
    path = written((old, new))
    with pytest.raises(UsageError, match=message):
        read_setup(path)


def test_a_set_up_needs_learners(written: Callable[..., str]) -> None:
    toml = re.sub(r"\[learners.*\n(?:\w.*\n)+", "", TINY)
    with pytest.raises(UsageError, match=r"needs a table \[learners.LABEL\]"):
        read_setup(written(toml=toml))


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


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (None, "needs its published values beside it"),
        ("scenario,learner,strategy,value\n", "must begin with the line scenario,"),
        (
            HEADER + "class,BP,nothing,1,,table\n",
            "Unknown scenario in tiny.csv, line 2: 'class'. Did you mean 'classes'",
        ),
        (HEADER + "classes,BP,nothing,much,,table\n", "line 2: value must be a number, got 'much'"),
        (HEADER + "classes,BP,nothing,nan,,table\n", "must be a number"),
        (HEADER + "classes,BP,nothing,1,-1,table\n", "must not be negative"),
        (HEADER + "classes,BP,nothing,1,,tabel\n", "Did you mean 'table'"),
        (HEADER + "classes,BP,nothing,1,table\n", "6 values are needed"),
        (HEADER + 2 * "classes,BP,nothing,1,,table\n", "line 3: classes x BP x nothing stands there twice"),
    ],
)
def test_wrong_published_values_are_said(written: Callable[..., str], values: str | None, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read_setup(written(values=values))


def test_a_missing_set_up_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        read_setup(str(tmp_path / "none.toml"))


@pytest.mark.parametrize(
    ("ours", "verdict"),
    [
        (90.0, "inside"),
        (90.3 + TOLERANCE, "inside"),
        (90.301 + TOLERANCE, "above"),
        (89.7 - TOLERANCE, "inside"),
        (89.699 - TOLERANCE, "below"),
    ],
)
def test_inside_reaches_to_the_spread_and_the_tolerance(ours: float, verdict: str) -> None:
    assert Published(90.0, 0.3, "table").verdict(ours) == verdict


def test_without_a_spread_the_tolerance_alone_counts() -> None:
    assert Published(19.7, None, "table").verdict(19.7 + 1.5) == "inside"
    assert Published(19.7, None, "table").verdict(19.7 - 1.51) == "below"


def test_a_published_value_is_shown_with_how_it_was_read() -> None:
    assert str(Published(93.46, 2.01, "table")) == "93.46 ±2.01"
    assert str(Published(97.0, None, "table")) == "97"
    assert str(Published(67.5, 1.0, "figure")) == "~67.5 ±1"


def test_only_leaves_out_what_is_not_named_of_a_kind(written: Callable[..., str]) -> None:
    setup = read_setup(written())
    assert {(s, a) for s, a, _ in setup.labels(["bp", "domains"])} == {("domains", "BP")}
    assert len(setup.labels(["nothing"])) == 4
    assert len(setup.labels(["BP", "ff"])) == 8
    with pytest.raises(UsageError, match=r"Unknown label of tiny 'domain'. Did you mean 'domains'"):
        setup.labels(["domain"])


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
    result = reproduce(written(), "--results", str(tmp_path), "--workers", "0", "--only", "BP", "--only", "nothing")
    assert result.exit_code == 1
    assert "BP x nothing: 2 of 2 failed: ZeroDivisionError: division by zero." in result.output
    report = (tmp_path / "tiny" / "report.md").read_text()
    assert "Of 2 cells with a published value: 0 inside, 0 above, 0 below, 2 without a result." in report
    assert "| nothing | BP | 0 of 2 | 50 ±50 | failed |  |  |" in report


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


def test_the_shipped_set_ups() -> None:
    assert list(shipped()) == ["hsu2018", "sffa", "vandeven2019"]


@pytest.mark.parametrize("name", list(shipped()))
def test_a_shipped_set_up_fits_what_is_installed(name: str) -> None:
    setup = read_setup(name)
    assert setup.seeds >= 5
    cells = make_cells(setup, setup.labels(), setup.seeds, installed())
    assert not [cell.label for cell in cells if cell.refusal]
    assert {cell.label for cell in cells if cell.published} == set(setup.published)
    runs = [run.key for cell in cells for run in cell.runs]
    assert len(set(runs)) == len(runs) == setup.seeds * len(cells)  # no cell is another one by another name


def test_published_values_are_accuracies() -> None:
    for name in shipped():
        values = read_setup(name).published
        assert values
        for published in values.values():
            assert 10 < published.value <= 100
            assert published.spread is None or 0 < published.spread < 10


def test_published_values_as_printed() -> None:
    assert str(read_setup("hsu2018").published["class-incremental", "BP", "ewc"]) == "19.8 ±0.05"
    assert str(read_setup("sffa").published["class-incremental", "symmetric FF", "replay-500"]) == "90.03"
    assert str(read_setup("sffa").published["domain-incremental", "BP", "si"]) == "~73 ±1"
    assert str(read_setup("vandeven2019").published["task-incremental", "BP", "online ewc"]) == "95.96"


def test_every_cell_has_its_place_in_the_figure(written: Callable[..., str], tmp_path: Path) -> None:
    setup = read_setup(written())
    cells = make_cells(setup, setup.labels(), 1, installed())
    figure = dots([outcome(cell, tmp_path) for cell in cells])
    assert [axes.get_title() for axes in figure.axes] == ["classes", "domains"]
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["nothing", "replay, sgd"]


def test_listing_imports_no_torch() -> None:
    code = (
        "import sys; from ffcl_reproduce.setup_file import read_setup, shipped; "
        "[read_setup(n) for n in shipped()]; print('torch' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"


def test_the_set_up_of_the_documentation_fits(written: Callable[..., str]) -> None:
    text = (Path(__file__).parent.parent.parent / "docs" / "reproduction.md").read_text()
    toml, values = (re.findall(rf"```{kind}\n(.*?)```", text, re.DOTALL)[0] for kind in ("toml", "csv"))
    setup = read_setup(written(toml=toml, values=values))
    (cell,) = make_cells(setup, setup.labels(), 1, installed())
    assert str(cell.published) == "19.8 ±0.05"
    assert cell.runs[0].strategy.settings["strength"] == 10.0
    assert cell.runs[0].learner.settings["lr"] == 1e-4


def test_labels_are_shown_as_they_are(written: Callable[..., str], tmp_path: Path) -> None:
    path = written(("[strategies.nothing]", '[strategies."no [thing]"]'), values=HEADER)
    arguments = ["--only", "no [thing]", "--only", "BP", "--only", "classes", "--seeds", "1", "--workers", "0"]
    result = reproduce(path, *arguments, "--results", str(tmp_path))
    assert "no [thing]" in result.output
    assert "Of 0 cells with a published value" in result.output
