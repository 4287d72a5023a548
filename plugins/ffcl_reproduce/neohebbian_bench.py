"""What claims are checked with: the data, the runs, and the trained learners."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ffcl.configuration import Run
from ffcl.errors import FfclError, UsageError
from ffcl.execute import build_stream
from ffcl.learner import Learner
from ffcl.plan import Plan, make_plan
from ffcl.progress import run_plan
from ffcl.randomness import reproducible
from ffcl.records import find_record, record_path
from ffcl.registry import Registry
from ffcl.seeding import derive_seed
from ffcl.stream import Stream
from ffcl.trained import read_learner
from ffcl_reproduce import latents
from ffcl_reproduce.configurations import EPOCHS, Configuration


@dataclass(frozen=True)
class Bench:
    """What the claims are checked with.

    Attributes:
        registry: the installed plugins.
        scenario: a stream of one experience.
        epochs: passes over it.
        seeds: number of seeds; of the online configurations ``online_seeds``.
        online_seeds: one sample a step is slow.
        results: where the runs go.
        data_root: where the data is.
        workers: worker processes.
        output: where the report and its figures go.
    """

    registry: Registry
    scenario: str
    epochs: int
    seeds: int
    online_seeds: int
    results: Path
    data_root: Path
    workers: int
    output: Path

    @property
    def as_printed(self) -> bool:
        """Whether the data and the passes over it are those of the source."""
        return self.scenario == "joint-mnist" and self.epochs == EPOCHS

    def check(self) -> None:
        """Make sure that the scenario fits.

        Raises:
            UsageError: it has several experiences, or is unknown.
        """
        outline = self.registry.scenario(self.scenario).item.outline(0)
        if len(outline) != 1:
            raise UsageError(
                f"The scenario must have one experience, such as joint-mnist; {self.scenario} has {len(outline)}."
            )

    def stream(self, seed: int = 0) -> Stream:
        """The data."""
        plan = make_plan(self.registry, ["ff"], ["none"], [self.scenario], [seed])
        with reproducible(derive_seed(seed, "samples")):
            return build_stream(plan.runs[0], self.registry, self.data_root)

    def train(self, plans: dict[str, Plan]) -> dict[str, list[Run]]:
        """Carry out the plans at once, keeping the learners; return each plan's runs.

        Raises:
            FfclError: a run failed.
        """
        runs = [run for plan in plans.values() for run in plan.runs]
        summary = run_plan(Plan(tuple(runs)), self.results, self.data_root, self.workers, keep=True)
        summary.raise_without_data()
        for run, message in summary.failures:
            raise FfclError(f"{run.key} failed: {message}")
        return {name: list(plan.runs) for name, plan in plans.items()}

    def accuracy(self, run: Run) -> float:
        """The accuracy (%) after the last experience."""
        record = find_record(self.results, run)
        assert record is not None
        assert record.accuracy is not None
        return 100.0 * float(np.mean(record.accuracy[-1]))

    def learner(self, run: Run) -> Learner[Any]:
        """The trained learner of a run."""
        return read_learner(record_path(self.results, run).parent, self.registry)

    def latents(self, run: Run) -> latents.Latents:
        """The first layer's activity on the test samples, with the run's own class order."""
        test = self.stream(run.seed).experiences[0].test
        x, y = test.inputs(torch.arange(len(test))), test.y
        with reproducible(0):
            return latents.first_layer(self.learner(run), x, y)

    def seeds_of(self, configuration: Configuration) -> int:
        """How many seeds a configuration gets."""
        return self.online_seeds if configuration.online else self.seeds
