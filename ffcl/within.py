"""Accuracy while an experience is being learned, on a fixed part of the test sets."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import torch

from ffcl.evaluation import accuracy_row, n_scored
from ffcl.randomness import RandomSequence
from ffcl.records import Snapshot
from ffcl.seeding import derive_seed
from ffcl.stream import Stream


class Within:
    """Takes a snapshot every so many steps of an experience; draws nothing from the training's random numbers.

    Avalanche calls whatever has its callbacks by their names: no base class is needed.

    Args:
        stream: the stream that is learned.
        seed: of the run; it decides which test samples are used.
        every: steps from one snapshot to the next.
        samples: test samples an experience, at most.

    Attributes:
        snapshots: those taken so far.
        seconds: time spent on them.
        scored: samples scored for them.
    """

    def __init__(self, stream: Stream, seed: int, every: int, samples: int) -> None:
        self.seed, self.every = seed, every
        generator = torch.Generator().manual_seed(derive_seed(seed, "within"))
        parts = [torch.randperm(len(e.test), generator=generator)[:samples] for e in stream.experiences]
        self.stream = replace(
            stream,
            experiences=tuple(
                replace(e, test=e.test.subset(part)) for e, part in zip(stream.experiences, parts, strict=True)
            ),
        )
        self.snapshots: list[Snapshot] = []
        self.seconds = 0.0
        self.scored = 0
        self._experience = self._step = 0

    def begin(self, experience: int) -> None:
        """Count the steps of this experience, numbered from 1."""
        self._experience, self._step = experience, 0

    def after_training_iteration(self, strategy: Any, **kwargs: Any) -> None:
        """Evaluate if it is time to."""
        self._step += 1
        if self._step % self.every:
            return
        begun = time.perf_counter()
        with RandomSequence(derive_seed(self.seed, "evaluation")):
            seen = replace(self.stream, experiences=self.stream.experiences[: self._experience])
            accuracy = accuracy_row(strategy.learner, seen, strategy.n_classes, strategy.score)
        self.scored += n_scored(seen, strategy.n_classes)
        self.snapshots.append(Snapshot(self._experience, self._step, accuracy))
        self.seconds += time.perf_counter() - begun
