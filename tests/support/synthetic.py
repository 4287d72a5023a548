"""Made-up records in any number: a results folder as large campaigns leave it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ffcl.configuration import Component, Run
from ffcl.records import Record, record_path


def campaign(learners: int, strategies: int, scenarios: int, seeds: int, experiences: int = 5) -> Iterator[Record]:
    """A record for each learner x strategy x scenario x seed; the same for the same arguments."""
    grid = itertools.product(range(learners), range(strategies), range(scenarios), range(seeds))
    for learner, strategy, scenario, seed in grid:
        rng = np.random.default_rng([learner, strategy, scenario, seed])
        skill = 0.95 - 0.01 * learner - 0.005 * rng.random()
        keeps = 0.3 + 0.1 * strategy + 0.02 * (scenario % 5)
        matrix = np.zeros((experiences + 1, experiences))
        for i, j in itertools.product(range(1, experiences + 1), range(experiences)):
            if j < i:
                matrix[i, j] = skill * keeps ** (0.3 * (i - 1 - j)) - 0.02 * rng.random()
        stream = {"kind": "split", "dataset": "mnist", "type": "class-incremental", "experiences": experiences}
        run = Run(
            _part(f"learner-{learner:02}", {"lr": 0.001, "hidden": 200, "layers": 2, "schedule": "constant"}),
            _part("none" if strategy == 0 else f"strategy-{strategy}", {"size": 500} if strategy else {}),
            _part(
                f"scenario-{scenario:02}",
                {
                    "stream": {**stream, "mixing": 0.0},
                    "training": {"epochs": 1, "batch_size": 64},
                    "evaluation": {"every": 0},
                },
            ),
            seed,
            "0.1.0",
        )
        yield Record(
            run,
            "done",
            f"2026-01-01T00:00:{seed:02}+00:00",
            [[round(float(a), 6) for a in row] for row in matrix.clip(0, 1)],
            experiences=[[2 * i, 2 * i + 1] for i in range(experiences)],
            n_parameters=199_210,
            state_bytes=796_840,
            train_samples=60_000,
            train_seconds=1.0 + 0.1 * strategy + 0.01 * seed,
            evaluation_seconds=0.5,
            parameters_sha256="0" * 64,
            data_sha256="1" * 64,
            versions={"python": "3.13.1", "ffcl": "0.1.0", "torch": "2.14.1", "numpy": "2.4.6"},
            hardware={"system": "Linux x86_64", "processor": "made-up", "cores": "2"},
        )


def write_campaign(results: Path, *size: int) -> int:
    """Write the records of a `campaign`, without the care for crashes that a real one takes; return their number."""
    number = 0
    for number, record in enumerate(campaign(*size), start=1):  # noqa: B007
        path = record_path(results, record.run)
        path.parent.mkdir(parents=True)
        path.write_text(record.to_json())
    return number


def _part(name: str, settings: dict[str, object]) -> Component:
    return Component(name, settings, "made-up", "1.0", "c0c0c0c0c0c0")
