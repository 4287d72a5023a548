"""One run: build the stream, train the learner through it, measure, and return the record."""

from __future__ import annotations

import hashlib
import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from ffcl.configuration import Run
from ffcl.environment import PeakMemory, hardware, library_versions
from ffcl.errors import DataError, FfclError, PluginError, StreamError
from ffcl.evaluation import accuracy_row, n_choices, n_scored
from ffcl.fingerprints import note_imported
from ffcl.index_sets import write_index_set
from ffcl.operations import Operations, TrainingOperations
from ffcl.plan import parts_of, scenario_of
from ffcl.randomness import RandomSequence, reproducible
from ffcl.records import Failure, Record
from ffcl.registry import Registry
from ffcl.seeding import derive_seed
from ffcl.specs import resolve
from ffcl.strategy_memory import strategy_bytes
from ffcl.stream import Stream, breach
from ffcl.trained import build_learner, write_learner
from ffcl.training import Training, avalanche_train_stream
from ffcl.within import Within

INFERENCE_BATCH = 100

Report = Callable[[int, int, list[float]], None]
"""Called with (experiences learned, experiences in all, the new row of the accuracy matrix)."""


def _nothing(done: int, total: int, row: list[float]) -> None:
    pass


def build_stream(run: Run, registry: Registry, data_root: Path) -> Stream:
    """Build the stream of a run.

    Raises:
        DataError: its data is missing, damaged or cannot be downloaded.
        UsageError: its parameters do not go together with its data, or with its seed.
    """
    scenario = scenario_of(run, registry)
    stream: Stream = resolve(scenario.spec.build)(scenario.stream, run.seed, data_root)
    return stream


def execute(
    run: Run,
    registry: Registry,
    data_root: Path,
    report: Report = _nothing,
    keep: Path | None = None,
    index_sets: Path | None = None,
) -> Record:
    """Run to the end; whatever the learner raises becomes a failed record.

    The trained learner is written to ``keep`` if that is given, the stream's index sets into the results folder
    ``index_sets``. torch's global state is left as it was found.

    Raises:
        DataError: the data is missing, or the stream cannot be built; that is no fault of the learner and leaves no
            record.
    """
    started = datetime.now(UTC).isoformat(timespec="seconds")
    versions, machine = library_versions(), hardware()
    try:
        with reproducible(derive_seed(run.seed, "samples")):
            stream = _stream(run, registry, data_root)
            training = _training(run, registry, stream)
            _check_code(run, registry)
            result = _train_and_measure(run, training, stream, registry, report)
            if keep is not None:
                write_learner(keep, training.learner, stream, own_scores=training.scorer is None)
            if index_sets is not None:
                for index_set in stream.index_sets.values():
                    write_index_set(index_sets, index_set)
            result["note"] = registry.learners[run.learner.name].item.note
    except DataError:
        raise
    except Exception as error:
        failure = Failure(type(error).__name__, str(error), traceback.format_exc())
        return Record(run, "failed", started, versions=versions, hardware=machine, failure=failure)
    return Record(run, "done", started, versions=versions, hardware=machine, **result)


def _stream(run: Run, registry: Registry, data_root: Path) -> Stream:
    try:
        stream = build_stream(run, registry, data_root)
    except DataError:
        raise
    except FfclError as error:
        raise StreamError(f"The stream of seed {run.seed} cannot be built: {error}") from error
    if reason := breach(stream):
        raise StreamError(f"The stream of kind {run.scenario.settings['kind']!r} cannot be used: {reason}.")
    if run.scenario.settings["training"].get("shift") and len(stream.input_shape) != 3:
        raise StreamError(
            f"`shift` moves images (channels, height, width); these samples are of the shape {stream.input_shape}."
        )
    return stream


def _train_and_measure(
    run: Run, training: Training, stream: Stream, registry: Registry, report: Report
) -> dict[str, Any]:
    total, matrix = len(stream.experiences), []
    classes_seen: list[int] = []  # by row of the matrix
    train_seconds = evaluation_seconds = 0.0
    strategy, offer = list(training.plugins), registry.strategies[run.strategy.name]
    within = _within(run, stream)
    operations, memory = TrainingOperations(), PeakMemory()
    training.plugins[:] = operations.around(training.plugins)
    if within is not None:
        training.plugins.append(within)  # outside of what is counted

    for index, pieces in enumerate(avalanche_train_stream(stream)):
        if index == 0:  # row 0 is the learner that has room for the first classes and has seen nothing
            training.begin(pieces[0])
            classes_seen.append(training.n_classes)
            begun = time.perf_counter()
            matrix.append(_measure(run, training, stream))
            evaluation_seconds += time.perf_counter() - begun
            report(0, total, matrix[0])
        if within is not None:
            within.begin(index + 1)
        operations.begin_experience()
        begun = time.perf_counter()
        with operations:
            for piece in pieces:
                training.train(piece)
        trained = time.perf_counter()
        classes_seen.append(training.n_classes)
        matrix.append(_measure(run, training, stream))
        train_seconds += trained - begun
        evaluation_seconds += time.perf_counter() - trained
        report(index + 1, total, matrix[-1])
    apart = within.seconds if within is not None else 0.0
    scored = sum(n_scored(stream, n) for n in classes_seen) + (within.scored if within is not None else 0)
    return {
        "accuracy": matrix,
        "experiences": [[int(c) for c in classes] for classes in stream.outline],
        "choices": [n_choices(stream, n) for n in classes_seen],
        "n_parameters": sum(p.numel() for p in training.learner.parameters()),
        "state_bytes": sum(t.numel() * t.element_size() for t in training.learner.state_dict().values()),
        "within": within.snapshots if within is not None else [],
        "train_samples": _train_samples(run, stream),
        "train_seconds": round(train_seconds - apart, 4),
        "evaluation_seconds": round(evaluation_seconds + apart, 4),
        "evaluated_samples": scored,
        "strategy_bytes": strategy_bytes(strategy, training.learner, offer.plugin.module.partition(".")[0]),
        "train_flops": operations.total,
        "inference_flops": _inference_flops(run, training, stream),
        "peak_memory_bytes": memory.bytes,
        "parameters_sha256": state_digest(training.learner),
        "data_sha256": stream.data_sha256,
        "index_sets": {name: index_set.sha256 for name, index_set in stream.index_sets.items()},
    }


def _training(run: Run, registry: Registry, stream: Stream) -> Training:
    learner_spec = registry.get("learner", run.learner.name, registry.learners).item
    strategy_spec = registry.get("strategy", run.strategy.name, registry.strategies).item
    strategy_settings = strategy_spec.hyperparameters.from_mapping(run.strategy.settings, run.strategy.name)
    randomness = RandomSequence(derive_seed(run.seed, "learner"))
    with randomness:
        learner = build_learner(run, stream.input_shape, registry)
    return Training(
        learner=learner,
        randomness=randomness,
        plugins=resolve(strategy_spec.plugins)(strategy_settings),
        allowed=stream.allowed,
        scored=strategy_spec.scored,
        observes=learner_spec.rule == "observe",
        **run.scenario.settings["training"],
    )


def _check_code(run: Run, registry: Registry) -> None:
    """Make sure that what has just been imported is what the run was planned with, hours ago perhaps.

    Raises:
        PluginError: the code has been edited in between.
    """
    for component, offer in parts_of(run, registry):
        if offer and note_imported(offer.packages) != component.code:
            raise PluginError(f"The code of {component.name} was edited after this run was planned; run it again.")


def _measure(run: Run, training: Training, stream: Stream) -> list[float]:
    with RandomSequence(derive_seed(run.seed, "evaluation")):
        return accuracy_row(training.learner, stream, training.n_classes, training.score)


def _inference_flops(run: Run, training: Training, stream: Stream) -> int:
    """Operations of scoring one sample, the mean over a batch of the last experience's test samples."""
    samples = stream.experiences[-1].test
    batch = torch.arange(min(INFERENCE_BATCH, len(samples)))
    learner = training.learner
    was_training = learner.training
    learner.eval()
    try:
        with RandomSequence(derive_seed(run.seed, "evaluation")), torch.no_grad(), Operations() as operations:
            training.score(samples.inputs(batch))
    finally:
        learner.train(was_training)
    count: int = operations.count
    return count // len(batch)


def _within(run: Run, stream: Stream) -> Within | None:
    """The evaluation within experiences, if the scenario asks for it."""
    settings = run.scenario.settings["evaluation"]
    return Within(stream, run.seed, **settings) if settings["every"] else None


def _train_samples(run: Run, stream: Stream) -> int:
    budget = run.scenario.settings["training"]
    if not budget["iterations"]:
        return int(budget["epochs"] * sum(len(e.train) for e in stream.experiences))
    total = 0
    for n in (len(piece) for e in stream.experiences for piece in e.pieces()):
        epochs, rest = divmod(budget["iterations"], -(-n // budget["batch_size"]))
        total += epochs * n + rest * budget["batch_size"]
    return total


def state_digest(learner: torch.nn.Module) -> str:
    """SHA-256 of every parameter and buffer: equal for bit-equal states."""
    digest = hashlib.sha256()
    for name, tensor in learner.state_dict().items():
        digest.update(name.encode() + b"\0" + str(tuple(tensor.shape)).encode())
        raw = tensor.detach().cpu().contiguous().view(-1).view(torch.uint8)  # NumPy knows no bfloat16
        digest.update(raw.numpy().tobytes())
    return digest.hexdigest()
