"""A trained learner on disk: its state, and what is needed to build the learner that the state fits."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import Any

import torch

from ffcl.configuration import Run
from ffcl.errors import RecordError
from ffcl.learner import Learner
from ffcl.records import LEARNER, read_record, write_atomically
from ffcl.registry import Registry, installed
from ffcl.specs import resolve
from ffcl.stream import Stream


def build_learner(run: Run, input_shape: tuple[int, ...], registry: Registry) -> Learner[Any]:
    """The learner of a run, as it is before the first experience."""
    spec = registry.get("learner", run.learner.name, registry.learners).item
    settings = spec.hyperparameters.from_mapping(run.learner.settings, run.learner.name)
    learner: Learner[Any] = resolve(spec.learner)(input_shape, settings)
    return learner


def write_learner(path: Path, learner: Learner[Any], stream: Stream, *, own_scores: bool) -> None:
    """Write a learner that has been through a stream; the file holds tensors and numbers, nothing executable.

    The classes are those of each piece, as the learner was told of them; ``own_scores`` says whether the learner was
    measured by its own scores, not by those of the strategy.
    """
    content = {
        "own_scores": own_scores,
        "input_shape": list(stream.input_shape),
        "classes": [piece.y.unique().tolist() for experience in stream.experiences for piece in experience.pieces()],
        "state": learner.state_dict(),
    }
    buffer = io.BytesIO()
    torch.save(content, buffer)
    write_atomically(path, buffer.getvalue())


def read_learner(folder: Path, registry: Registry | None = None) -> Learner[Any]:
    """The trained learner of the run in ``folder``, in evaluation mode.

    Warns where the strategy's scores were measured, not the learner's.

    Raises:
        RecordError: there is no record, or no learner was kept, or it does not fit the installed code.
    """
    registry = registry or installed()
    run = read_record(folder / "record.json").run
    path = folder / LEARNER
    if not path.exists():
        raise RecordError(f"{folder} holds no trained learner; run it with --keep-learners.")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        learner = build_learner(run, tuple(content["input_shape"]), registry)
        for classes in content["classes"]:
            learner.begin_experience(tuple(classes))
        learner.load_state_dict(content["state"])
    except Exception as error:  # damaged, or written by other code
        raise RecordError(f"{path} cannot be read: {type(error).__name__}: {error}") from error
    if not content.get("own_scores", True):
        warnings.warn(
            f"The run in {folder} was scored by its strategy, {run.strategy.name}, which is not kept: "
            "the learner's own scores, which you get here, have other accuracies than the record.",
            stacklevel=3,
        )
    return learner.eval()
