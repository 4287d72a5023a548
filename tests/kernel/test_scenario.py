from __future__ import annotations

from pathlib import Path

import pytest

from ffcl.errors import UsageError
from ffcl.registry import installed
from ffcl.scenario import read_scenario

GOOD = 'summary = "s"\n[stream]\nkind = "split"\ndataset = "digits"\nexperiences = 5\n[training]\nepochs = 3\n'


def read(tmp_path: Path, text: str) -> object:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    return read_scenario(path, installed().stream_specs)


def test_every_key_is_read(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(GOOD)
    scenario = read_scenario(path, installed().stream_specs)
    assert scenario.name == "mine"
    assert scenario.training.epochs == 3
    assert scenario.to_mapping()["stream"]["experiences"] == 5
    assert len(scenario.outline(0)) == 5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GOOD.replace("summary", "sumary"), "Did you mean 'summary'?"),
        (GOOD.replace("epochs", "epoch"), "Unknown parameter of"),
        (GOOD.replace("experiences = 5", "experience = 5"), "Did you mean 'experiences'?"),
        (GOOD.replace('"split"', '"splitt"'), "Did you mean 'split'?"),
        (GOOD.replace('"digits"', '"digit"'), "[stream]: 'digit'. Did you mean 'digits'?"),
        (GOOD.replace("= 3", '= "three"'), "epochs must be an integer from 1 to 10000, got 'three'"),
        (GOOD.replace('kind = "split"\n', ""), "needs a `kind` in [stream]"),
        (GOOD.replace('"split"', '["split"]'), "split, got ['split']."),
        (GOOD.replace('dataset = "digits"\n', ""), "needs a value for dataset"),
        ('summary = "s"\nstream = 3\n', "[stream] must be a table"),
        ('default = "yes"\n' + GOOD, "`default` must be true or false"),
        ("summary = \n", "is not valid TOML"),
        ("[stream]\n", "needs a one-line text `summary`"),
    ],
)
def test_a_mistake_is_named_with_its_file(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UsageError) as error:
        read(tmp_path, text)
    assert message in str(error.value)
    assert "mine.toml" in str(error.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"Cannot read the scenario file .*no\.toml: No such file"):
        read_scenario(tmp_path / "no.toml", installed().stream_specs)


def test_settings_of_stream_and_training_can_be_changed() -> None:
    scenario = installed().scenarios["split-digits"].item.with_changes({"experiences": "2", "epochs": "7"})
    assert scenario.training.epochs == 7
    assert [len(classes) for classes in scenario.outline(0)] == [5, 5]
    with pytest.raises(UsageError, match=r"Unknown parameter of split-digits 'epoch'\. Did you mean 'epochs'"):
        scenario.with_changes({"epoch": "7"})


def test_classes_that_cannot_be_dealt_out_evenly_are_refused() -> None:
    scenario = installed().scenarios["split-digits"].item.with_changes({"experiences": 3})
    with pytest.raises(UsageError, match="cannot be dealt out evenly over 3 experiences; use 1, 2, 5 or 10"):
        scenario.outline(0)
