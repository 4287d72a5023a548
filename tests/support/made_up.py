"""Made-up records of few seeds, and of what they are parts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ffcl.configuration import Component, Run
from ffcl.records import Failure, Record


def run(learner: str = "bp", strategy: str = "none", scenario: str = "toy", seed: int = 0, code: str = "c0") -> Run:
    part = {"distribution": "made-up", "version": "1.0", "code": code}
    stream = {"kind": "split", "stream": {"experiences": 2}, "training": {"epochs": 1}, "evaluation": {"every": 0}}
    return Run(
        Component(learner, {"lr": 0.1}, **part),
        Component(strategy, {}, **part),
        Component(scenario, stream, **part),
        seed,
        "0.1.0",
    )


def done(of: Run, accuracy: float = 0.8, **changes: Any) -> Record:
    """A finished run of two experiences that ends at this accuracy on both."""
    matrix = np.array([[0.0, 0.0], [0.9, 0.0], [accuracy, accuracy]])
    made = Record(
        of,
        "done",
        "2026-01-01T00:00:00+00:00",
        matrix.tolist(),
        parameters_sha256="a" * 64,
        data_sha256="d" * 64,
        hardware={"system": "Linux x86_64", "processor": "made-up"},
        versions={"torch": "2.14.1"},
    )
    return replace(made, **changes)


def failed(of: Run) -> Record:
    return Record(of, "failed", "2026-01-01T00:00:00+00:00", failure=Failure("ValueError", "boom", "Traceback"))
