"""What is counted is what is computed, and counting changes nothing."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from ffcl import execute as execute_module
from ffcl.execute import execute
from ffcl.operations import Operations, TrainingOperations
from ffcl.plan import make_plan
from ffcl.records import Record
from ffcl.registry import installed
from ffcl.strategy_memory import strategy_bytes

HIDDEN, INPUT = 200, 64


def run(learner: str, strategy: str = "none", scenario: str = "split-digits", **settings: object) -> Record:
    changes = {name.replace("__", "."): value for name, value in settings.items()}
    (planned,) = make_plan(installed(), [learner], [strategy], [scenario], [0], changes).runs
    record = execute(planned, installed(), Path("nowhere"))
    assert record.failure is None, record.failure
    return record


def test_operations_are_those_of_torchs_own_counter() -> None:
    net = torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.ReLU(), torch.nn.Linear(16, 4))
    x = torch.randn(32, 8)
    with Operations() as ours:
        net(x).sum().backward()
    with FlopCounterMode(display=False) as theirs:
        net(x).sum().backward()
    by_hand = 2 * 32 * (3 * 16 * 4 + 2 * 8 * 16)  # forward and backward, without the gradient of the input
    assert ours.count == theirs.get_total_flops() == by_hand


def test_products_with_a_vector_count_too() -> None:
    matrix, vector = torch.ones(3, 5), torch.ones(5)
    with Operations() as operations:
        matrix @ vector
        vector @ vector
        torch.addmv(torch.zeros(3), matrix, vector)
    assert operations.count == 2 * (15 + 5 + 15)


@pytest.mark.parametrize(
    ("learner", "strategy"),
    [("bp", "none"), ("bp", "ewc"), ("bp", "gem"), ("ff", "replay"), ("ff", "si"), ("hebbian", "lwf"), ("oja", "none")],
)
def test_counting_changes_no_result(learner: str, strategy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    counted = run(learner, strategy)
    monkeypatch.setattr(TrainingOperations, "around", lambda self, plugins: plugins)
    plain = run(learner, strategy)
    assert plain.train_flops == 0 < (counted.train_flops or 0)
    assert (counted.parameters_sha256, counted.accuracy) == (plain.parameters_sha256, plain.accuracy)


@pytest.mark.parametrize("batch_size", [32, 144, 256])  # of about 288 samples: the second can be a small rest
def test_the_estimate_is_near_the_count_of_every_step(batch_size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    settings: dict[str, object] = {"split-digits__batch_size": batch_size, "split-digits__epochs": 4}
    estimate = run("bp", "replay", **settings)

    class Everything(TrainingOperations):
        def begin_step(self, samples: int) -> None:
            super().begin_step(samples)
            if self._counted is None:
                self._counted = self._counting.enter_context(Operations())

    monkeypatch.setattr(execute_module, "TrainingOperations", Everything)
    assert estimate.train_flops == pytest.approx(run("bp", "replay", **settings).train_flops, rel=0.01)


def test_pieces_that_are_not_counted_stand_for_those_that_are() -> None:
    online = run("bp", scenario="split-digits-online")
    whole = run("bp")
    assert online.train_flops == pytest.approx(
        (whole.train_flops or 0) * online.train_samples / whole.train_samples, rel=0.25
    )


def test_scoring_a_sample_takes_its_matrix_products() -> None:
    record = run("bp")
    assert record.inference_flops == 2 * (INPUT * HIDDEN + HIDDEN * HIDDEN + HIDDEN * 10)


def test_a_step_that_fails_leaves_no_count_open() -> None:
    operations = TrainingOperations()

    def fail() -> None:
        with operations:
            operations.begin_experience()
            operations.begin_piece()
            operations.begin_step(16)
            raise ValueError("boom")

    with pytest.raises(ValueError, match="boom"):
        fail()
    with Operations() as outer:
        torch.ones(2, 2) @ torch.ones(2, 2)
    assert outer.count == 16
    before = operations.total
    torch.ones(2, 2) @ torch.ones(2, 2)
    assert operations.total == before


SAMPLE = INPUT * 4 + 8 + 8
"""Bytes of a stored digit: its pixels, its label and its task."""


def test_what_a_strategy_keeps_is_counted() -> None:
    """A step is enough to see; the learner is as large as it gets."""
    names = ("none", "joint", "ewc", "lwf", "der", "mas", "si", "gem", "agem")
    of = {name: run("bp", name, **{"split-digits__epochs": 1}) for name in names}
    of["replay"] = run("bp", "replay", replay__buffer=100)
    parameters = 4 * of["none"].n_parameters
    kept = {name: record.strategy_bytes for name, record in of.items()}
    assert kept["none"] == 0
    assert kept["replay"] == 100 * SAMPLE + 100 * 4  # and the number by which each was drawn
    assert kept["ewc"] == kept["mas"] == 2 * parameters  # importances and old values
    assert kept["si"] == 3 * parameters  # and the sums of path integrals, without a clip
    assert kept["gem"] == kept["agem"] == 500 * SAMPLE  # gradients are of a step
    assert kept["lwf"] == parameters  # the old learner
    assert kept["der"] == 500 * (SAMPLE + 10 * 4)  # and the scores of each
    n = of["none"].train_samples
    assert kept["joint"] is not None
    assert n * SAMPLE <= kept["joint"] <= n * SAMPLE + parameters


class Kept:
    def __init__(self) -> None:
        self.samples = deque([torch.zeros(3, 5)])
        self.labels = np.zeros(3, dtype=np.int64)


class Keeping:
    def __init__(self) -> None:
        self.policy = Kept()


def test_what_a_strategy_keeps_in_classes_of_its_own_is_counted() -> None:
    own, expected = Kept.__module__.partition(".")[0], 3 * 5 * 4 + 3 * 8
    assert strategy_bytes([Keeping()], torch.nn.Linear(2, 2), "somebody_elses") == expected  # made where the plugin is
    held = SimpleNamespace(policy=Kept())
    assert strategy_bytes([held], torch.nn.Linear(2, 2), own) == expected
    assert strategy_bytes([held], torch.nn.Linear(2, 2), "somebody_elses") == 0


def test_the_samples_scored_are_those_of_classes_seen() -> None:
    record = run("bp")
    sizes = _test_sizes()
    # once untrained with the first classes' room, then after each experience all that were seen
    assert record.evaluated_samples == sizes[0] + sum(sum(sizes[:i]) for i in range(1, 6))


def _test_sizes() -> list[int]:
    from ffcl.execute import build_stream

    (planned,) = make_plan(installed(), ["bp"], ["none"], ["split-digits"], [0]).runs
    return [len(e.test) for e in build_stream(planned, installed(), Path("nowhere")).experiences]


def test_choices_are_the_labels_that_may_be_given() -> None:
    assert run("bp").choices == [[2] * 5, [2] * 5, [4] * 5, [6] * 5, [8] * 5, [10] * 5]
    assert run("bp", scenario="split-digits-task").choices[-1] == [2] * 5
    assert run("bp", scenario="split-digits-domain").choices == [[2] * 5] * 6


def test_peak_memory_and_commit_are_told_where_they_are_known() -> None:
    from ffcl.environment import PeakMemory, git_commit

    record = run("bp")
    if PeakMemory().bytes is not None:
        assert 50e6 < (record.peak_memory_bytes or 0) < 100e9
    assert record.versions.get("git", "") == git_commit()
    assert replace(record, peak_memory_bytes=None).run.key == record.run.key
