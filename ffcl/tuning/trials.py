"""What trials say that are over, those given up early among them."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

import optuna
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial, Trial, TrialState, create_trial

from ffcl.tuning.samplers import quiet


def reached(trial: FrozenTrial) -> float | None:
    """The first metric of a trial, over the seeds it got to; None if it failed."""
    if trial.values:
        return float(trial.values[0])
    return fmean(trial.intermediate_values.values()) if trial.intermediate_values else None


def feasible(trial: FrozenTrial) -> bool:
    """Whether a trial learns as much as is asked for."""
    return all(violation <= 0 for violation in (trial.constraints or {}).values())


def scored(
    told: Sequence[FrozenTrial], running: Sequence[Trial] = (), sampler: BaseSampler | None = None
) -> optuna.Study:
    """Trials as a study in which those given up count with what they reached.

    It is what samplers look at, since Optuna's take any trial that came through for better than any that was given up,
    and what importances are of: most trials are given up, and the others are too much alike.

    Args:
        told: trials that are over.
        running: trials that are not.
        sampler: what the study proposes with.
    """
    with quiet():
        study = optuna.create_study(direction="maximize", sampler=sampler)
        for trial in told:
            if (value := reached(trial)) is not None:
                study.add_trial(create_trial(params=trial.params, distributions=trial.distributions, value=value))
        for asked in running:
            study.add_trial(
                create_trial(state=TrialState.RUNNING, params=asked.params, distributions=asked.distributions)
            )
    return study
