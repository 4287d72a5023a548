"""Which runs evaluate what has been tuned; nothing is trained here."""

from __future__ import annotations

from ffcl.configuration import Tuning
from ffcl.registry import installed
from ffcl.tuning.plan import runs_of
from ffcl.tuning.tuned import Tuned


def tuned(scenario: str, study: str = "study", lr: float = 0.01) -> Tuned:
    tuning = Tuning(study, "disjoint", "AIA", 1, 0, 0, 5, "tpe", 0, "s", 0.1, {"bp.lr": 0.001}, [])
    return Tuned("bp", "none", scenario, {"bp.lr": lr}, {"part": "evaluation"}, 3, {"AIA": 0.9}, tuning)


def test_the_defaults_of_several_configurations_are_run_once() -> None:
    points = [tuned("split-digits", f"study#{n}", lr) for n, lr in ((3, 0.01), (7, 0.02))]
    runs = runs_of(installed(), [*points, points[0]], [0, 1])
    assert [(run.seed, run.learner.settings["lr"]) for run in runs] == [
        (seed, lr) for seed in (0, 1) for lr in (0.001, 0.01, 0.02)
    ]
