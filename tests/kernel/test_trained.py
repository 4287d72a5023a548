from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

import ffcl
from ffcl import LearnerSpec
from ffcl.configuration import Run
from ffcl.errors import RecordError
from ffcl.evaluation import accuracy_row
from ffcl.execute import build_stream, execute, state_digest
from ffcl.records import LEARNER, find_record, read_records, write_atomically
from ffcl.registry import Registry, installed
from ffcl.trained import read_learner
from ffcl_bp.hyperparameters import BPHyperparameters
from ffcl_bp.learner import BP

SMALL: dict[str, object] = {"split-digits.epochs": 1, "ff.hidden": 16}


def test_a_kept_learner_comes_back_as_it_was(tmp_path: Path) -> None:
    runs = ffcl.run(["bp", "ff", "hebbian"], seeds=1, settings=SMALL, results=tmp_path, workers=0, keep_learners=True)
    assert set(runs["status"]) == {"done"}
    for record in read_records(tmp_path)[0]:
        learner = ffcl.load(tmp_path / "runs" / record.run.key)
        assert state_digest(learner) == record.parameters_sha256
        assert not learner.training
        assert learner(torch.rand(3, 1, 8, 8)).shape == (3, 10)


class AddsAGain(BP):
    def begin_experience(self, classes: tuple[int, ...]) -> None:
        super().begin_experience(classes)
        self.register_parameter(f"gain_{len(self.state_dict())}", nn.Parameter(torch.ones(1)))


def test_a_learner_that_grows_with_every_piece_comes_back(
    registry_with: Callable[..., Registry], run_of: Callable[..., Run], data_root: Path, tmp_path: Path
) -> None:
    registry = registry_with(learners=[LearnerSpec("adds-a-gain", "x", BPHyperparameters, AddsAGain)])
    run = run_of("adds-a-gain", registry=registry, **{"split-digits__piece": 100})
    record = execute(run, registry, data_root, keep=tmp_path / LEARNER)
    assert record.status == "done", record.failure
    write_atomically(tmp_path / "record.json", record.to_json())
    learner = read_learner(tmp_path, registry)
    assert state_digest(learner) == record.parameters_sha256
    assert sum(name.startswith("gain") for name, _ in learner.named_parameters()) == 15


def test_a_run_without_its_learner_is_run_again_for_it_and_gives_the_same(tmp_path: Path) -> None:
    def run(keep: bool) -> None:
        ffcl.run("ff", seeds=1, settings=SMALL, results=tmp_path, workers=0, keep_learners=keep)

    run(keep=False)
    (first,) = read_records(tmp_path)[0]
    folder = tmp_path / "runs" / first.run.key
    assert not (folder / LEARNER).exists()
    with pytest.raises(RecordError, match="run it with --keep-learners"):
        ffcl.load(folder)
    run(keep=True)
    written = (folder / LEARNER).stat().st_mtime_ns
    second = find_record(tmp_path, first.run)
    assert second is not None
    assert second.parameters_sha256 == first.parameters_sha256
    run(keep=True)
    assert (folder / LEARNER).stat().st_mtime_ns == written


def test_a_damaged_learner_is_said_to_be(tmp_path: Path) -> None:
    ffcl.run("ff", seeds=1, settings=SMALL, results=tmp_path, workers=0, keep_learners=True)
    (record,) = read_records(tmp_path)[0]
    folder = tmp_path / "runs" / record.run.key
    (folder / LEARNER).write_bytes(b"no learner")
    with pytest.raises(RecordError, match=r"learner.pt cannot be read"):
        ffcl.load(folder)
    with pytest.raises(RecordError):
        ffcl.load(tmp_path / "nowhere")


def test_a_loaded_learner_has_the_accuracies_of_its_record_or_warns(tmp_path: Path) -> None:
    settings = {"split-digits.epochs": 1, "bp.hidden": 16}
    ffcl.run("bp", strategies="all", seeds=1, settings=settings, results=tmp_path, workers=0, keep_learners=True)
    warned = set()
    for record in read_records(tmp_path)[0]:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            learner = ffcl.load(tmp_path / "runs" / record.run.key)
        stream = build_stream(record.run, installed(), tmp_path)
        if any("scored by its strategy" in str(w.message) for w in caught):
            warned.add(record.run.strategy.name)
        else:
            assert accuracy_row(learner, stream, 10) == pytest.approx(record.accuracy[-1]), record.run.strategy.name
    assert warned == {"nearest-mean"}
