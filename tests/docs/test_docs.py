"""What the documentation says is what is there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from ffcl.cli import app
from ffcl.hookspecs import Hooks
from ffcl.parameters import Parameters
from ffcl.registry import installed
from ffcl.scenario import TrainingBudget, WithinExperiences

ROOT = Path(__file__).parent.parent.parent
DOCS = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *(ROOT / "docs").glob("*.md"),
    *(ROOT / "leaderboard").rglob("*.md"),
]
EXAMPLE = ROOT / "docs" / "examples" / "ffcl-prototype"


@pytest.mark.parametrize("path", [*sorted(EXAMPLE.rglob("*.py")), EXAMPLE / "pyproject.toml"], ids=lambda p: p.name)
def test_the_walk_through_shows_the_example_as_it_is(path: Path) -> None:
    assert path.read_text().rstrip() in (ROOT / "docs" / "new-learner.md").read_text()


def test_the_scenario_page_shows_the_example_as_it_is() -> None:
    toml = EXAMPLE / "ffcl_prototype" / "digits-one-by-one.toml"
    assert toml.read_text().rstrip() in (ROOT / "docs" / "new-scenario.md").read_text()


@pytest.mark.parametrize("path", DOCS, ids=lambda p: p.name)
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", path.read_text()):
        if not target.startswith("http"):
            assert (path.parent / target).exists(), target


@pytest.mark.parametrize("path", DOCS, ids=lambda p: p.name)
def test_commands_and_their_options_exist(path: Path) -> None:
    import typer.main

    list(installed().call("ffcl_commands", app=app))
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    lines = re.findall(r"^(?:    |> )(?:\S*/)?ffcl (.+)$|`ffcl ([^`]+)`", path.read_text(), re.MULTILINE)
    for line in ("".join(pair) for pair in lines):
        name, *arguments = shlex.split(line.removesuffix("\\"))
        assert name in commands, line
        command = commands[name]
        if arguments and arguments[0] in getattr(command, "commands", ()):
            command = command.commands[arguments.pop(0)]
        options = {option for parameter in command.params for option in parameter.opts}
        for argument in arguments:
            if argument.startswith("-"):
                assert argument.split("=")[0] in options, line


def test_every_key_of_a_scenario_is_explained() -> None:
    text = (ROOT / "docs" / "new-scenario.md").read_text()
    for offer in installed().streams.values():
        assert f"`{offer.item.name}`" in text
        for field in offer.item.parameters.fields():
            assert f"`{field.name}`" in text
    for table in (TrainingBudget, WithinExperiences):
        for field in table.fields():
            assert f"`{field.name}`" in text


def test_every_hook_has_a_docstring_with_an_example() -> None:
    for name in dir(Hooks):
        if name.startswith("ffcl_") and name != "ffcl_leaderboard":
            assert "``" in (getattr(Hooks, name).__doc__ or ""), name


def test_every_setting_is_described_and_its_default_allowed() -> None:
    registry = installed()
    classes: list[type[Parameters]] = [o.item.hyperparameters for o in registry.learners.values()]
    classes += [o.item.hyperparameters for o in registry.strategies.values()]
    classes += [o.item.parameters for o in registry.streams.values()]
    for cls in classes:
        for field in cls.fields():
            assert field.description, f"{cls.__name__}.{field.name}"
            assert field.required or field.check(field.default) is None
