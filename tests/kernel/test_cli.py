from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Literal

import pytest
from optuna.distributions import FloatDistribution

from ffcl import LearnerSpec, OnlyIf, Parameters, hookimpl
from ffcl.cli import parse_seeds
from ffcl.errors import UsageError
from ffcl.registry import Plugin, Registry

Command = Callable[..., tuple[int, str, str]]

SHORT = ("--workers", "0", "--set", "split-digits.epochs=1")


def test_run_list_and_leaderboard(ffcl: Command, tmp_path: Path) -> None:
    code, output, errors = ffcl("run", "bp", "ff", "-t", "none,replay", "--seeds", "2", *SHORT)
    assert code == 0, errors
    assert "8 runs: 8 done now, 0 done before, 0 failed" in output
    assert "[8/8] done: ff · replay · split-digits · seed 1" in errors
    for name in ("leaderboard.csv", "runs.csv", "plots/accuracy--split-digits.png", "plots/matrix--split-digits.svg"):
        assert (tmp_path / "results" / name).stat().st_size > 0
        assert f"results/{name}" in output
    before = (tmp_path / "results" / "leaderboard.csv").read_bytes()

    code, output, _ = ffcl("run", "bp", "ff", "-t", "none", "-t", "replay", "--seeds", "0,1", *SHORT)
    assert code == 0
    assert "8 runs: 0 done now, 8 done before" in output

    code, output, _ = ffcl("leaderboard", "--learner", "bp", "--sort", "forgetting")
    assert code == 0
    assert "bp" in output
    assert "ff" not in output.replace("forgetting", "")
    assert (tmp_path / "results" / "leaderboard.csv").read_bytes() != b""
    ffcl("leaderboard")
    assert (tmp_path / "results" / "leaderboard.csv").read_bytes() == before

    code, output, _ = ffcl("leaderboard", "--strategy", "replay", "--output", "chosen")
    assert code == 0
    rows = (tmp_path / "chosen" / "leaderboard.csv").read_text().splitlines()
    assert rows[0].startswith("rank,group,learner,strategy,")
    assert [row.split(",")[2:4] for row in rows[1:]] in (
        [["bp", "replay"], ["ff", "replay"]],
        [["ff", "replay"], ["bp", "replay"]],
    )


def test_list_names_what_it_is_and_where_it_comes_from(ffcl: Command) -> None:
    code, output, _ = ffcl("list")
    assert code == 0
    for text in ("Learners", "hebbian", "three-factor rule", "replay", "permuted-mnist", "ffcl 0.1.0"):
        assert text in output


def test_show_a_learner_a_strategy_and_a_scenario(ffcl: Command, tmp_path: Path) -> None:
    _, output, _ = ffcl("show", "ff")
    assert "code_bits" in output
    assert "an integer from 1 to 1000" in output
    assert "one of sigmoid, symmetric" in output
    _, output, _ = ffcl("show", "replay")
    assert "samples stored in all" in output
    _, output, _ = ffcl("show", "split-digits")
    assert "Experiences of seed 0" in output
    assert "2, 0" in output
    (tmp_path / "mine.toml").write_text('summary = "my own"\n[stream]\nkind = "split"\ndataset = "digits"\n')
    assert "my own" in ffcl("show", "mine.toml")[1]


def test_a_scenario_file_is_run(ffcl: Command, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(
        'summary = "my own"\n[stream]\nkind = "split"\ndataset = "digits"\nexperiences = 2\n'
    )
    code, output, errors = ffcl("run", "bp", "-s", "mine.toml", "--seeds", "1", "--workers", "0")
    assert code == 0, errors
    assert "mine" in output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("run", "bpp"), "Error: Unknown learner 'bpp'. Did you mean 'bp'?"),
        (("run", "bp", "-t", "replai"), "Did you mean 'replay'?"),
        (("run", "bp", "-s", "split-minst"), "Did you mean 'split-mnist'?"),
        (("run", "bp", "-s", "missing.toml"), "Cannot read the scenario file missing.toml: No such file"),
        (("run", "bp", "--set", "bp.hidden=0"), "bp.hidden must be an integer from 1 to 4096, got 0."),
        (("run", "bp", "--set", "bp.hidden=many"), "bp.hidden must be an integer from 1 to 4096, got 'many'."),
        (("run", "bp", "--set", "bp.hiden=3"), "Did you mean 'hidden'?"),
        (("run", "bp", "-s", "drifting-digits", "--set", "drifting-digits.end=nan"), "end must be a number, got nan."),
        (("run", "bp", "--set", "hidden=3"), "A setting is called name.parameter"),
        (("run", "bp", "--seeds", "none"), "--seeds is a number such as 10"),
        (("run", "bp", "--sort", "accuracy"), "Unknown column to sort by 'accuracy'."),
        (("run", "bp", "--workers", "-1"), "--workers must be 0 or more, got -1."),
        (("run", "bp", "--wrkers", "1"), "No such option"),
        (("run", "bp", "-o", "/dev/null/x"), "Cannot write to the results folder /dev/null/x: Not a directory."),
        (("show", "hebian"), "Unknown name 'hebian'. Did you mean 'hebbian'?"),
        (("leaderboard",), "There are no records in results; `ffcl run` makes some."),
        (("leaderbord",), "No such command"),
    ],
)
def test_wrong_usage_is_one_message_and_exit_code_2(
    ffcl: Command, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    code, _, errors = ffcl(*arguments)
    assert code == 2
    assert message in " ".join(errors.replace("│", " ").split())
    assert "Traceback" not in errors
    assert not (tmp_path / "results").exists()


def test_a_wrong_column_and_a_missing_name_are_explained(ffcl: Command) -> None:
    ffcl("run", "bp", "--seeds", "1", *SHORT)
    code, _, errors = ffcl("leaderboard", "--sort", "acc")
    assert code == 2
    assert "Unknown column to sort by 'acc'." in errors
    code, _, errors = ffcl("leaderboard", "--learner", "ff")
    assert code == 2
    assert "Unknown learner among the records: 'ff'." in errors


def test_an_unreadable_record_is_reported_by_the_leaderboard(ffcl: Command, tmp_path: Path) -> None:
    ffcl("run", "bp", "--seeds", "2", *SHORT)
    victim = next((tmp_path / "results" / "runs").glob("*seed1*/record.json"))
    victim.write_text(victim.read_text()[:100])
    code, output, errors = ffcl("leaderboard")
    assert code == 0
    assert "record.json is left alone: it is no valid JSON" in errors
    assert " 1 " in output
    code, _, errors = ffcl("leaderboard", "export", "rows.md")
    assert code == 0
    assert errors.startswith(f"{victim.relative_to(tmp_path)} is left alone: it is no valid JSON")


def test_a_leaderboard_that_cannot_be_written_is_one_message(ffcl: Command) -> None:
    ffcl("run", "bp", "--seeds", "1", *SHORT)
    code, _, errors = ffcl("leaderboard", "--output", "/dev/null/x")
    assert code == 1
    assert "Error: [Errno 20] Not a directory" in errors
    assert "Traceback" not in errors


def test_seeds() -> None:
    assert parse_seeds("3") == [0, 1, 2]
    assert parse_seeds("0,3,10-12") == [0, 3, 10, 11, 12]
    assert parse_seeds("7,") == [7]
    for text in ("", "x", "0", "5-3", "0,19-10", "-1", "1.5"):
        with pytest.raises(UsageError):
            parse_seeds(text)


@pytest.mark.parametrize(
    "command",
    [["--help"], ["list"], ["show", "ff"], ["run", "--help"], ["--version"], ["run", "bp", "--set", "bp.lr=x"]],
)
def test_looking_around_imports_no_torch(command: list[str]) -> None:
    assert imported_by(f"import sys; sys.argv = ['ffcl', *{command!r}]; from ffcl.cli import main; main()") == set()


def test_importing_ffcl_imports_no_torch() -> None:
    assert imported_by("import ffcl, ffcl.records, ffcl.registry; ffcl.registry.installed().check()") == set()


def test_runs_leave_torch_to_the_workers(tmp_path: Path) -> None:
    command = ["ffcl", "run", "bp", "--seeds", "1", *SHORT, "--workers", "1", "--results", str(tmp_path)]
    assert imported_by(f"import sys; sys.argv = {command!r}; from ffcl.cli import main; main()") == set()


def test_the_leaderboard_imports_no_torch(ffcl: Command, tmp_path: Path) -> None:
    ffcl("run", "bp", "--seeds", "1", *SHORT)
    code = f"import ffcl; assert len(ffcl.leaderboard({str(tmp_path / 'results')!r}, output={str(tmp_path)!r})) == 1"
    assert imported_by(code) == set()


def imported_by(code: str) -> set[str]:
    """Which of the heavy libraries a fresh interpreter has imported after ``code``."""
    script = f"""
import atexit, sys
heavy = {{"torch", "avalanche", "norse", "torchvision", "sklearn"}}
atexit.register(lambda: print("HEAVY", *sorted(heavy & set(sys.modules))))
{code}
"""
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120)
    assert "HEAVY" in result.stdout, result.stderr
    assert "Traceback" not in result.stderr, result.stderr
    return set(result.stdout.rsplit("HEAVY", 1)[1].split())


def adding(
    registry_with: Callable[..., Registry], monkeypatch: pytest.MonkeyPatch, name: str, function: object
) -> None:
    """Install a plugin for this test that adds a command."""
    registry = registry_with()
    module = SimpleNamespace(ffcl_commands=hookimpl(lambda app: app.command(name)(function) and None))
    registry.add(Plugin("stranger", "stranger", "stranger-dist", "1.0"), lambda: module)
    for where in ("ffcl.registry", "ffcl_leaderboard.command"):
        monkeypatch.setattr(f"{where}.installed", lambda: registry)


def test_a_plugin_adds_a_command(
    ffcl: Command, registry_with: Callable[..., Registry], monkeypatch: pytest.MonkeyPatch
) -> None:
    adding(registry_with, monkeypatch, "greet", lambda: print("hello"))
    for _ in range(2):
        assert ffcl("greet")[:2] == (0, "hello\n")
    assert "greet" in ffcl("--help")[1]


@pytest.mark.parametrize(
    ("name", "owner"),
    [
        ("run", "ffcl itself"),
        ("tuned", "ffcl itself"),
        ("leaderboard", "plugin 'leaderboard' (ffcl_leaderboard of ffcl"),
    ],
)
def test_a_command_that_is_taken_names_both_culprits(
    ffcl: Command, registry_with: Callable[..., Registry], monkeypatch: pytest.MonkeyPatch, name: str, owner: str
) -> None:
    adding(registry_with, monkeypatch, name, lambda: print("mine"))
    code, output, errors = ffcl(name)
    assert (code, output) == (2, "")
    assert f"Error: The command {name!r} is taken twice: by {owner}" in errors
    assert "and by plugin 'stranger' (stranger of stranger-dist 1.0). Uninstall one." in errors


def test_a_command_that_cannot_be_built_is_listed_and_stops_nobody(
    ffcl: Command, registry_with: Callable[..., Registry], monkeypatch: pytest.MonkeyPatch
) -> None:
    def greet(name: int | str) -> None: ...

    adding(registry_with, monkeypatch, "greet", greet)
    code, output, _ = ffcl("list")
    assert code == 0
    broken = "Broken plugin 'stranger' (stranger of stranger-dist 1.0): its commands cannot be built: AssertionError: "
    assert broken in output
    assert ffcl("show", "ff")[0] == 0
    assert ffcl("greet")[0] == 2


def test_texts_of_plugins_are_shown_as_they_are(
    ffcl: Command, registry_with: Callable[..., Registry], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Square brackets in them are no markup."""

    @dataclass(frozen=True, kw_only=True)
    class Odd(Parameters):
        kind: Annotated[Literal["[b]", "[/c]"], "the [red]kind[/]"] = "[/c]"
        width: Annotated[float, FloatDistribution(0, 1), "width", OnlyIf("kind", "[b]")] = 1.0

    path = tmp_path / "bracketed.toml"
    path.write_text('summary = "images [of birds]"\n[stream]\nkind = "split"\ndataset = "[/x].npz"\nclasses = 4\n')
    odd = LearnerSpec("odd", "learns [a[/]", Odd, "nowhere:Nothing")
    registry = registry_with(learners=[odd], scenarios=[path])
    monkeypatch.setattr("ffcl.registry.installed", lambda: registry)
    code, output, errors = ffcl("list")
    assert code == 0, errors
    assert "learns [a[/]" in output
    assert "images [of birds]" in output
    code, output, errors = ffcl("show", "odd")
    assert code == 0, errors
    assert "one of [b], [/c]" in output
    assert "the [red]kind[/]" in output
    assert "only if kind=[b]" in output
    assert "[/x].npz" in ffcl("show", "bracketed")[1]


def interrupted(*arguments: object, **options: object) -> None:
    raise KeyboardInterrupt


def test_ctrl_c_while_plugins_are_loaded_ends_cleanly(ffcl: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ffcl.registry.installed", interrupted)
    assert ffcl("list") == (130, "", "\nStopped.\n")


@pytest.mark.parametrize(
    ("options", "then"),
    [
        ((), "the same command goes on from here."),
        (("--rerun",), "the same command begins again, for --rerun is given."),
    ],
)
def test_what_the_same_command_does_after_ctrl_c_is_told(
    ffcl: Command, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], then: str
) -> None:
    monkeypatch.setattr("ffcl.progress.run_plan", interrupted)
    code, _, errors = ffcl("run", "bp", "--seeds", "1", *options)
    assert code == 130
    assert errors == f"\nStopped. Nothing that was done is lost; {then}\n"
