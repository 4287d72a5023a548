"""Every learner that ffcl ships keeps the contract, in every form it has."""

from __future__ import annotations

import pytest

from ffcl.testing import Check, learner_checks

FORMS: list[tuple[str, dict[str, object]]] = [
    ("bp", {}),
    ("ff", {}),
    ("ff", {"probability": "sigmoid", "layers": 1}),
    ("hebbian", {}),
    ("hebbian", {"probability": "sigmoid", "layers": 2, "threshold": 0.1}),
]
CHECKS = [(check, form) for name, form in FORMS for check in learner_checks(name, **form)]


@pytest.mark.parametrize("check", [c for c, _ in CHECKS], ids=[f"{c}{list(form.values()) or ''}" for c, form in CHECKS])
def test_the_contract(check: Check) -> None:
    check()
