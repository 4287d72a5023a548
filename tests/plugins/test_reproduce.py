from __future__ import annotations

import io
import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from rich.console import Console
from typer.testing import CliRunner

import ffcl.cli
from ffcl.randomness import reproducible
from ffcl.registry import installed
from ffcl_reproduce import command, latents, neohebbian
from ffcl_reproduce.agreement import agreements
from ffcl_reproduce.configurations import CONFIGURATIONS, EXPLANATION, published
from ffcl_reproduce.equivalence import BOUND, equivalences
from ffcl_reproduce.report import Section, compared, interval, write_report


def test_the_gradient_is_the_three_factor_update() -> None:
    generator = torch.Generator().manual_seed(0)
    found = list(equivalences({"random": 0.3 * torch.rand(40, 30, generator=generator)}, neurons=20))
    assert len(found) == 8
    assert all(e.holds and max(e.weights, e.biases) < BOUND for e in found)


def test_a_wrong_update_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    import ffcl_reproduce.equivalence as module

    monkeypatch.setattr(module, "modulated", lambda post, modulator: post * modulator)  # the 2 is missing
    assert not any(e.holds for e in equivalences({"random": torch.rand(40, 30)}, neurons=20))


def test_longer_presentations_bring_the_spiking_update_closer_to_the_analog_one() -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(2, 40, 1, 8, 8, generator=generator) * (torch.rand(2, 40, 1, 8, 8, generator=generator) < 0.4)
    batches = [(images, torch.arange(40) % 10) for images in x]
    with reproducible(0):
        found = list(agreements(installed(), batches, steps=(4, 64)))
    cosine = {(a.encoding, a.leak, a.probability, a.steps): a.cosine for a in found}
    assert cosine["current", 0.99, "symmetric", 64] > 0.98
    assert cosine["current", 0.99, "sigmoid", 64] > 0.98
    assert cosine["bernoulli", 0.99, "symmetric", 64] > 0.8
    for (encoding, leak, probability, steps), value in cosine.items():
        if steps == 64:
            assert value > cosine[encoding, leak, probability, 4]


def test_hoyer_by_hand() -> None:
    one, all_alike = torch.tensor([[0.0, 3.0, 0.0, 0.0]]), torch.ones(1, 4)
    assert latents.hoyer(one) == pytest.approx(1.0, abs=1e-3)
    assert latents.hoyer(all_alike) == pytest.approx(0.0, abs=1e-3)
    half = torch.tensor([[1.0, 1.0, 0.0, 0.0]])
    assert latents.hoyer(half) == pytest.approx((2 - math.sqrt(2)) / 1, abs=1e-3)


def test_active_and_silent_neurons_by_hand() -> None:
    h = torch.tensor([[0.0, 1.0, 0.0, 2.0], [0.0, 0.0, 0.0, 3.0]])
    assert latents.active_share(h) == pytest.approx(3 / 8)
    assert latents.silent_share(h) == pytest.approx(2 / 4)


def test_separability_by_hand() -> None:
    """Two far clusters of three and three; then one sample of each is labelled as the other."""
    h = torch.tensor([[0.0], [0.1], [0.3], [9.0], [9.1], [9.3]])
    y = torch.tensor([0, 0, 0, 1, 1, 1])
    assert latents.separability(h, y, k=2) == 1.0
    assert latents.separability(h, torch.tensor([0, 0, 1, 0, 1, 1]), k=2, batch=4) == pytest.approx(4 / 12)


def test_an_interval_is_half_a_t_interval() -> None:
    assert interval([1.0, 2.0, 3.0], 2) == "2.00 ±2.48"
    assert interval([1.5]) == "1.5"


def test_ours_is_above_below_or_about_the_printed_value() -> None:
    values = [1.0, 2.0, 3.0]
    assert compared(values, 3.0, 1) == ("2.0 ±2.5", "3", "inside")
    assert compared(values, 5.0, 1)[2] == "below"
    assert compared(values, -1.0, 1)[2] == "above"
    assert compared([2.0], 1.99, 1) == ("2.0", "1.99", "")  # one seed tells nothing apart
    assert compared(values, None, 1) == ("2.0 ±2.5", "-", "")


def test_every_configuration_has_published_values_and_valid_settings() -> None:
    assert {c.name for c in CONFIGURATIONS} == {*published(), EXPLANATION}
    for configuration in CONFIGURATIONS:
        plan = configuration.plan(installed(), "joint-digits", 1, range(2))
        assert len(plan.runs) == 2
    for values in published().values():
        assert set(values) == {"accuracy", "hoyer", "separability"}


def test_the_command_knows_every_part() -> None:
    assert tuple(neohebbian.PARTS) == command.PARTS  # named twice, so that --help imports no torch


def test_the_report_is_markdown_with_relative_figures(tmp_path: Path) -> None:
    section = Section("A claim", ("a", "b"), [("1", "2")], ["It holds."], [tmp_path / "figure.png"])
    text = write_report(tmp_path, "Title", "Words.", [section]).read_text()
    assert text == (
        "# Title\n\nWords.\n\n## A claim\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n\nIt holds.\n\n![figure](figure.png)\n"
    )


def test_a_label_with_a_bar_stays_in_its_cell(tmp_path: Path) -> None:
    section = Section("A claim", ("of|what", "b"), [("lr=0.1|adam", "2")])
    assert "| of\\|what | b |\n| --- | --- |\n| lr=0.1\\|adam | 2 |\n" in section.to_markdown(tmp_path)


def test_a_title_is_printed_as_it_is() -> None:
    """It holds labels and paths of the user's, with brackets perhaps."""
    console = Console(file=io.StringIO(), width=80)
    Section("MNIST [/old] [bold]", ("a column as wide as the title",), [("1",)]).show(console)
    assert "MNIST [/old] [bold]" in console.file.getvalue()  # type: ignore[attr-defined]


def test_the_command_writes_its_report_and_goes_on_from_what_is_done(tmp_path: Path) -> None:
    def command() -> str:
        result = CliRunner().invoke(
            ffcl.cli.app,
            (
                "reproduce neohebbian --part equivalence --part training --scenario joint-digits --epochs 1 --seeds 1 "
                f"--online-seeds 0 --workers 0 --results {tmp_path}"
            ).split(),
        )
        assert result.exit_code == 0, result.output
        return result.output

    list(installed().call("ffcl_commands", app=ffcl.cli.app))
    first = command()
    assert "16 of 16 comparisons hold" in first
    assert "analog symmetric" in first
    folder = tmp_path / "neohebbian"
    assert {p.name for p in folder.iterdir()} >= {"report.md", "activity.png", "activity.svg", "embedding.png"}
    times = [path.stat().st_mtime_ns for path in sorted((tmp_path / "runs").glob("*/record.json"))]
    assert len(times) == 5
    for path in (tmp_path / "runs").glob("*/record.json"):
        assert json.loads(path.read_text())["status"] == "done"
    command()
    assert times == [path.stat().st_mtime_ns for path in sorted((tmp_path / "runs").glob("*/record.json"))]


def test_a_scenario_file_of_more_classes_than_digits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    y = np.arange(120) % 12
    x = np.random.default_rng(0).random((120, 6, 6), dtype=np.float32)
    np.savez(tmp_path / "dozen.npz", x_train=x, y_train=y, x_test=1 - x, y_test=y)
    (tmp_path / "my.toml").write_text(
        'summary = "mine"\n[stream]\nkind = "split"\n'
        f'dataset = "{tmp_path}/dozen.npz"\nclasses = 12\ntype = "class-incremental"\nexperiences = 1\n'
    )
    monkeypatch.chdir(tmp_path)
    list(installed().call("ffcl_commands", app=ffcl.cli.app))
    options = f"--epochs 1 --seeds 1 --workers 0 --results {tmp_path}"
    result = CliRunner().invoke(
        ffcl.cli.app,
        f"reproduce neohebbian --part equivalence --part trade-off --scenario ./my.toml {options}".split(),
    )
    assert result.exit_code == 0, result.exception
    report = (tmp_path / "neohebbian" / "report.md").read_text()
    assert "16 of 16 comparisons hold" in report
    assert "120 samples with a right and a wrong label" in report
    assert "sigmoid, pairs | 0.01 | 1" in report
    for configuration in CONFIGURATIONS:
        assert len(configuration.plan(installed(), "./my.toml", 1, range(2)).runs) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["neohebian"], "Did you mean 'neohebbian'"),
        (["neohebbian", "--part", "trainig"], "Did you mean 'training'"),
        (["neohebbian", "--scenario", "split-digits"], "must have one experience"),
    ],
)
def test_wrong_names_are_said(arguments: list[str], message: str) -> None:
    list(installed().call("ffcl_commands", app=ffcl.cli.app))
    result = CliRunner().invoke(ffcl.cli.app, ["reproduce", *arguments])
    assert message in str(result.exception)
