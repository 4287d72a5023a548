from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from ffcl import LearnerSpec, Parameters, StreamSpec
from ffcl.configuration import Run
from ffcl.errors import DataError, StreamError
from ffcl.execute import build_stream, execute, state_digest
from ffcl.fingerprints import code_fingerprint
from ffcl.plan import make_plan
from ffcl.records import Record
from ffcl.registry import Registry, installed
from ffcl.specs import resolve
from ffcl.stream import Stream
from ffcl_bp.hyperparameters import BPHyperparameters
from ffcl_bp.learner import BP


@pytest.mark.parametrize("learner", ["bp", "ff", "hebbian"])
@pytest.mark.parametrize("strategy", ["none", "replay"])
def test_a_seed_gives_the_same_record_bit_for_bit(
    run_of: Callable[..., Run], data_root: Path, comparable: Callable[..., object], learner: str, strategy: str
) -> None:
    run, threads = run_of(learner, strategy), torch.get_num_threads()
    first = execute(run, installed(), data_root)
    torch.rand(3)  # the state of the process in between does not matter
    torch.set_num_threads(threads + 1)
    second = execute(run, installed(), data_root)
    torch.set_num_threads(threads)
    assert first.status == "done", first.failure
    assert comparable(first) == comparable(second)
    assert first.parameters_sha256
    other = execute(run_of(learner, strategy, seed=1), installed(), data_root)
    assert other.parameters_sha256 != first.parameters_sha256


def test_torch_is_left_as_it_was_found(run_of: Callable[..., Run], data_root: Path) -> None:
    torch.manual_seed(11)
    before = torch.get_rng_state()
    threads = torch.get_num_threads()
    execute(run_of("ff"), installed(), data_root)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.get_num_threads() == threads
    assert not torch.are_deterministic_algorithms_enabled()


def test_a_record_holds_the_whole_matrix_and_what_it_was_made_with(run_of: Callable[..., Run], data_root: Path) -> None:
    calls: list[tuple[int, int]] = []
    run = run_of("bp", bp__hidden=5)
    record = execute(run, installed(), data_root, lambda done, total, row: calls.append((done, total)))
    assert calls == [(i, 5) for i in range(6)]
    assert record.accuracy is not None
    assert [len(row) for row in record.accuracy] == [5] * 6
    assert record.experiences == [list(c) for c in installed().scenarios["split-digits"].item.outline(0)]
    assert record.n_parameters == (64 * 5 + 5) + (5 * 5 + 5) + (5 * 10 + 10)
    assert record.state_bytes == 4 * record.n_parameters
    assert record.note == ""
    assert record.train_samples == 1442
    assert set(record.versions) >= {"python", "torch", "avalanche-lib", "ffcl"}
    assert record.run.learner.settings["hidden"] == 5
    # in class-incremental learning, nothing about classes to come can be right
    assert all(record.accuracy[i][j] == 0 for i in range(6) for j in range(i, 5) if j >= max(1, i))


@pytest.mark.parametrize("budget", [{"iterations": 25}, {"iterations": 3, "piece": 40}, {"epochs": 2}])
def test_every_training_sample_is_counted(
    registry_with: Callable[..., Registry], run_of: Callable[..., Run], data_root: Path, budget: dict[str, int]
) -> None:
    seen = []

    class Counts(BP):
        def loss(self, x: Tensor, y: Tensor, allowed: Tensor | None) -> Tensor:
            seen.append(len(y))
            return super().loss(x, y, allowed)

    registry = registry_with(learners=[LearnerSpec("counts", "x", BPHyperparameters, Counts)])
    changes = {f"split-digits__{name}": value for name, value in budget.items()}
    record = execute(run_of("counts", registry=registry, **changes), registry, data_root)
    assert record.train_samples == sum(seen)


class KeepsHalfPrecision(BP):
    def __init__(self, input_shape: tuple[int, ...], hyperparameters: BPHyperparameters) -> None:
        super().__init__(input_shape, hyperparameters)
        self.register_buffer("trace", torch.zeros(3, dtype=torch.bfloat16))


def test_a_learner_may_keep_what_numpy_has_no_type_for(
    registry_with: Callable[..., Registry], run_of: Callable[..., Run], data_root: Path
) -> None:
    registry = registry_with(learners=[LearnerSpec("half", "x", BPHyperparameters, KeepsHalfPrecision)])
    record = execute(run_of("half", registry=registry), registry, data_root)
    assert record.status == "done", record.failure
    layer = torch.nn.Linear(3, 2)
    values = b"".join(
        name.encode() + b"\0" + str(tuple(values.shape)).encode() + values.detach().numpy().tobytes()
        for name, values in layer.named_parameters()
    )
    assert state_digest(layer) == hashlib.sha256(values).hexdigest()  # as ever


class Raises(BP):
    def loss(self, x: Tensor, y: Tensor, allowed: Tensor | None) -> Tensor:
        raise ZeroDivisionError("the rule is wrong")


def test_a_learner_that_raises_leaves_a_record_of_it(
    registry_with: Callable[..., Registry], run_of: Callable[..., Run], data_root: Path
) -> None:
    registry = registry_with(learners=[LearnerSpec("raises", "x", BPHyperparameters, Raises)])
    record = execute(run_of("raises", registry=registry), registry, data_root)
    assert record.status == "failed"
    assert record.accuracy is None
    assert record.failure is not None
    assert (record.failure.kind, record.failure.message) == ("ZeroDivisionError", "the rule is wrong")
    assert "in loss" in record.failure.traceback


def test_a_stream_may_name_its_classes_by_integers_of_numpy(
    registry_with: Callable[..., Registry], data_root: Path, tmp_path: Path
) -> None:
    split = installed().streams["split"].item

    def build(parameters: Parameters, seed: int, root: Path) -> Stream:
        stream = resolve(split.build)(parameters, seed, root)
        return replace(stream, outline=tuple(tuple(map(np.int64, classes)) for classes in stream.outline))

    path = tmp_path / "mine.toml"
    path.write_text('summary = "mine"\n[stream]\nkind = "mine-split"\ndataset = "digits"\n')
    registry = registry_with(streams=[replace(split, name="mine-split", build=build)])
    record = execute(make_plan(registry, ["bp"], ["none"], [str(path)], [0]).runs[0], registry, data_root)
    assert Record.from_json(record.to_json()) == record


@pytest.mark.parametrize("part", ["learner", "strategy", "scenario"])
def test_a_run_of_other_code_than_was_planned_is_no_result(
    run_of: Callable[..., Run], data_root: Path, part: str
) -> None:
    run = run_of("bp")
    planned = replace(run, **{part: replace(getattr(run, part), code="before")})
    record = execute(planned, installed(), data_root)
    assert record.failure is not None
    name = getattr(run, part).name
    assert record.failure.message == f"The code of {name} was edited after this run was planned; run it again."


def test_a_package_that_was_edited_between_the_imports_of_two_modules_is_no_code_of_any_run(
    registry_with: Callable[..., Registry],
    run_of: Callable[..., Run],
    data_root: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A worker has run one rule of it, and imports the other one after that was edited."""
    package = tmp_path / "ffcl_two_rules"
    package.mkdir()
    (package / "__init__.py").write_text("")
    for name in "ab":
        (package / f"{name}.py").write_text("from ffcl_bp.learner import BP as Rule\n")
    monkeypatch.syspath_prepend(tmp_path)
    registry = registry_with(
        learners=[LearnerSpec(name, "x", BPHyperparameters, f"ffcl_two_rules.{name}:Rule") for name in "ab"]
    )
    one, other = (run_of(name, registry=registry) for name in "ab")
    assert execute(one, registry, data_root).status == "done"
    with (package / "b.py").open("a") as file:
        file.write("# edited\n")
    code_fingerprint.cache_clear()
    for run in (other, run_of("b", registry=registry), one):  # planned before, and after
        record = execute(run, registry, data_root)
        assert record.failure is not None
        assert (record.failure.kind, "was edited after" in record.failure.message) == ("PluginError", True)


def test_missing_data_is_no_fault_of_the_learner(
    registry_with: Callable[..., Registry], run_of: Callable[..., Run], data_root: Path, tmp_path: Path
) -> None:
    def build(parameters: Parameters, seed: int, root: Path) -> None:
        raise DataError("the files are not there")

    toml = tmp_path / "gone.toml"
    toml.write_text('summary = "x"\n[stream]\nkind = "gone"\n')
    kind = StreamSpec("gone", "x", Parameters, lambda parameters, seed: ((0, 1),), build)  # type: ignore[arg-type]
    registry = registry_with(streams=[kind], scenarios=[toml])
    with pytest.raises(DataError, match="the files are not there"):
        execute(run_of("bp", "none", "gone", registry=registry), registry, data_root)


@pytest.fixture
def vectors(tmp_path: Path) -> Path:
    """A folder of data that are vectors, four samples of each of two classes."""
    x, y = np.zeros((8, 64), dtype=np.uint8), np.arange(8) % 2
    np.savez(tmp_path / "vectors.npz", x_train=x, y_train=y, x_test=x + np.uint8(1), y_test=y)
    return tmp_path


@pytest.mark.parametrize(
    ("kind", "settings", "message"),
    [
        ("rotated", "", r"The stream of seed 3 cannot be built: A rotated stream needs images .* of the shape \(64,\)"),
        ("permuted", "pad = 1", "The stream of seed 3 cannot be built: A stream with pad needs images"),
        ("recurring", "", "The stream of seed 3 cannot be built: Class 0 has 4 training samples, too few for the 10"),
        (
            "split",
            "experiences = 2\npart = 'tuning'",
            "cannot be built: A training set of 8 samples is too small",
        ),
        ("split", "experiences = 2\n[training]\nshift = 1", r"`shift` moves images .* are of the shape \(64,\)"),
    ],
)
def test_a_stream_that_cannot_be_built_is_no_fault_of_the_learner(
    vectors: Path, kind: str, settings: str, message: str
) -> None:
    toml = vectors / "mine.toml"
    toml.write_text(f'summary = "x"\n[stream]\nkind = "{kind}"\ndataset = "vectors.npz"\nclasses = 2\n{settings}\n')
    run = make_plan(installed(), ["bp"], ["none"], [str(toml)], [3]).runs[0]
    with pytest.raises(StreamError, match=message):
        execute(run, installed(), vectors)


def raw_labels(stream: Stream) -> Stream:
    first, *others = stream.experiences
    train = replace(first.train, y=first.train.y + 4)
    return replace(stream, experiences=(replace(first, train=train, classes=(4, 5)), *others))


def online_and_sorted_down(stream: Stream) -> Stream:
    first, *others = stream.experiences
    train = first.train.subset(first.train.y.argsort(descending=True))
    return replace(stream, experiences=(replace(first, train=train, piece=10), *others))


def classes_of_others(stream: Stream) -> Stream:
    first, second, *others = stream.experiences
    return replace(stream, experiences=(first, replace(second, classes=(0, 1)), *others))


def without_test_samples(stream: Stream) -> Stream:
    first, *others = stream.experiences
    none = first.test.subset(torch.arange(0))
    return replace(stream, experiences=(replace(first, test=none), *others))


def with_training_samples_in_the_test(stream: Stream) -> Stream:
    return replace(stream, index_sets={**stream.index_sets, "test": stream.index_sets["train"]})


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (raw_labels, "experience 1 brings the label 4 when 2 labels have been seen, which must be 0 to 1, numbered as"),
        (online_and_sorted_down, "experience 1 brings the label 1 when 1 labels have been seen, which must be 0 to 0"),
        (classes_of_others, r"the classes of experience 2 are \(0, 1\), and its training labels \(2, 3\)"),
        (without_test_samples, "experience 1 has no test sample"),
        (with_training_samples_in_the_test, "1442 training samples are test samples as well"),
    ],
)
def test_a_stream_that_breaks_its_promises_gives_no_result(
    registry_with: Callable[..., Registry],
    run_of: Callable[..., Run],
    data_root: Path,
    tmp_path: Path,
    broken: Callable[[Stream], Stream],
    message: str,
) -> None:
    split = installed().streams["split"].item
    mine = replace(split, name="mine-split", build=lambda *of: broken(resolve(split.build)(*of)))
    toml = tmp_path / "mine.toml"
    toml.write_text('summary = "x"\n[stream]\nkind = "mine-split"\ndataset = "digits"\n')
    registry = registry_with(streams=[mine], scenarios=[toml])
    with pytest.raises(StreamError, match=f"The stream of kind 'mine-split' cannot be used: {message}"):
        execute(run_of("bp", "none", "mine", registry=registry), registry, data_root)


def test_learners_of_a_seed_share_the_class_order(run_of: Callable[..., Run], data_root: Path) -> None:
    orders = {build_stream(run_of(name, seed=4), installed(), data_root).outline for name in ("bp", "ff", "hebbian")}
    assert len(orders) == 1
    assert orders != {build_stream(run_of("bp", seed=5), installed(), data_root).outline}


@pytest.mark.parametrize("scenario", ["split-digits-domain", "split-digits-task", "joint-digits"])
@pytest.mark.parametrize("learner", ["bp", "ff", "hebbian"])
@pytest.mark.parametrize("strategy", ["none", "replay"])
def test_every_learner_runs_every_kind_of_scenario(
    run_of: Callable[..., Run], data_root: Path, learner: str, strategy: str, scenario: str
) -> None:
    record = execute(run_of(learner, strategy, scenario, **{f"{scenario}.epochs": 3}), installed(), data_root)
    assert record.status == "done", record.failure
    assert record.accuracy is not None
    assert sum(record.accuracy[-1]) / len(record.accuracy[-1]) > (0.55 if scenario != "joint-digits" else 0.6)
