"""The learner contract as checks that any plugin can run.

With pytest, one test a check:

    import pytest
    from ffcl.testing import learner_checks

    @pytest.mark.parametrize("check", learner_checks("mine"), ids=str)
    def test_contract(check):
        check()

or all at once: ``check_learner("mine")``. A learner is checked on small made-up data with its default
hyper-parameters, or with those given.
"""

from __future__ import annotations

from dataclasses import dataclass

from ffcl.registry import installed
from ffcl.specs import LearnerSpec
from ffcl.testing.case import Case, ContractError, strictly_reproducible
from ffcl.testing.checks import CHECKS, CheckFunction

__all__ = ["CHECKS", "Case", "Check", "ContractError", "check_learner", "learner_checks"]


@dataclass(frozen=True)
class Check:
    """One part of the contract, applied to one learner; call it."""

    name: str
    function: CheckFunction
    case: Case

    def __call__(self) -> None:
        """Raise ContractError if the learner does not keep this part."""
        with strictly_reproducible(0):
            try:
                self.function(self.case)
            except ContractError as error:
                raise ContractError(f"{self.case.spec.name}: {self.name}: {error}") from error

    def __str__(self) -> str:
        return f"{self.case.spec.name}:{self.name}"


def learner_checks(learner: str | LearnerSpec, **hyperparameters: object) -> list[Check]:
    """Every check of the contract for a learner, given by its installed name or its spec.

    Raises:
        UsageError: no such learner, or hyper-parameters that do not fit.
    """
    if isinstance(learner, str):
        registry = installed()
        learner = registry.get("learner", learner, registry.learners).item
    case = Case(learner, learner.hyperparameters.from_mapping(hyperparameters, learner.name))
    return [Check(f.__name__, f, case) for f in CHECKS]


def check_learner(learner: str | LearnerSpec, **hyperparameters: object) -> None:
    """Run every check; report all that fail.

    Raises:
        ContractError: the learner does not keep the contract.
    """
    broken = []
    for check in learner_checks(learner, **hyperparameters):
        try:
            check()
        except Exception as error:
            broken.append(f"{check}: {type(error).__name__}: {error}")
    if broken:
        raise ContractError("\n".join(broken))
