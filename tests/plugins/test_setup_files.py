"""Files of set-ups: what is read, what is refused, and those that are shipped."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ffcl.errors import UsageError
from ffcl.registry import installed
from ffcl_reproduce.cells import make_cells
from ffcl_reproduce.published import Published
from ffcl_reproduce.setup_file import read_setup, shipped
from tiny_setup import TINY


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


def test_settings_of_learners_go_with_a_scenario_and_with_a_strategy(written: Callable[..., str]) -> None:
    old = "[scenarios.domains]"
    setup = read_setup(written((old, f"learner_settings = {{ lr = 0.02, layers = 3 }}\n{old}")))
    cells = make_cells(setup, setup.labels(["BP"]), 1, installed())
    learners = {(cell.label[0], cell.label[2]): cell.runs[0].learner.settings for cell in cells}
    assert (learners["classes", "nothing"]["lr"], learners["classes", "nothing"]["layers"]) == (0.02, 3)
    assert (learners["classes", "replay, sgd"]["lr"], learners["classes", "replay, sgd"]["layers"]) == (0.01, 3)
    assert (learners["domains", "nothing"]["lr"], learners["domains", "nothing"]["layers"]) == (0.001, 2)
    assert all(settings["hidden"] == 20 for settings in learners.values())


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
        ("[scenarios.domains]", "learner_setings = 1\n[scenarios.domains]", "Did you mean 'learner_settings'"),
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


def test_a_missing_set_up_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        read_setup(str(tmp_path / "none.toml"))


def test_only_leaves_out_what_is_not_named_of_a_kind(written: Callable[..., str]) -> None:
    setup = read_setup(written())
    assert {(s, a) for s, a, _ in setup.labels(["bp", "domains"])} == {("domains", "BP")}
    assert len(setup.labels(["nothing"])) == 4
    assert len(setup.labels(["BP", "ff"])) == 8
    with pytest.raises(UsageError, match=r"Unknown label of tiny 'domain'. Did you mean 'domains'"):
        setup.labels(["domain"])


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
