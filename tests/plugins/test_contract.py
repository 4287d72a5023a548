"""Every learner that ffcl ships keeps the contract, in every form it has."""

from __future__ import annotations

import pytest

from ffcl.testing import Check, learner_checks

FORMS: list[tuple[str, dict[str, object]]] = [
    ("bp", {}),
    ("ff", {}),
    ("ff", {"probability": "symmetric", "contrast": "each", "negatives": "random", "layers": 1}),
    ("ff", {"precision": "float32", "layers": 3, "schedule": "cosine"}),
    ("ff", {"probability": "symmetric", "activation": "sigmoid", "winners": 10}),
    ("hebbian", {}),
    ("hebbian", {"probability": "symmetric", "contrast": "each", "layers": 2, "threshold": 0.1}),
    ("hebbian", {"encoding": "bernoulli", "intensity": 0.9, "threshold": 0.1}),
    ("oja", {}),
    ("oja", {"gain": "scalar", "encoding": "spikes"}),
    ("oja", {"features": "conv", "filter_size": 3, "pool": 2, "filters": 4, "neurons": 10, "filter_samples": 20}),
]
CHECKS = [(check, form) for name, form in FORMS for check in learner_checks(name, **form)]


@pytest.mark.parametrize("check", [c for c, _ in CHECKS], ids=[f"{c}{list(form.values()) or ''}" for c, form in CHECKS])
def test_the_contract(check: Check) -> None:
    check()
