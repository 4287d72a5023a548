"""What trials say that are over, those given up early among them."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

import optuna
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial, Trial, TrialState, create_trial

from ffcl.tuning.samplers import quiet


def with_values(told: Sequence[FrozenTrial]) -> list[tuple[FrozenTrial, float]]:
    """The trials that did not fail, each with its first metric.

    One that was given up is as far from the best as on the seeds it got to: its mean over these would say how easy they
    are beside the others.
    """
    complete = [t for t in told if t.state == TrialState.COMPLETE]  # those given up have their last seed as value
    best = max(complete, key=lambda t: t.values[0], default=None)
    found = []
    for trial in told:
        if trial.state == TrialState.COMPLETE:
            found.append((trial, float(trial.values[0])))
        elif trial.state == TrialState.PRUNED and best is not None:
            differences = [value - best.intermediate_values[s] for s, value in trial.intermediate_values.items()]
            found.append((trial, float(best.values[0]) + fmean(differences)))
    return found


def feasible(trial: FrozenTrial) -> bool:
    """Whether a trial learns as much as is asked for."""
    return all(violation <= 0 for violation in (trial.constraints or {}).values())


def scored(
    told: Sequence[FrozenTrial], running: Sequence[Trial] = (), sampler: BaseSampler | None = None
) -> optuna.Study:
    """Trials as a study in which those given up count as well, see `with_values`.

    It is what samplers look at, since Optuna's take any trial that came through for better than any that was given up,
    and what importances are of: most trials are given up, and the others are too much alike.

    Args:
        told: trials that are over.
        running: trials that are not.
        sampler: what the study proposes with.
    """
    with quiet():
        study = optuna.create_study(direction="maximize", sampler=sampler)
        for trial, value in with_values(told):
            study.add_trial(
                create_trial(
                    params=trial.params,
                    distributions=trial.distributions,
                    value=value,
                    constraints=trial.constraints,
                )
            )
        for asked in running:
            study.add_trial(
                create_trial(state=TrialState.RUNNING, params=asked.params, distributions=asked.distributions)
            )
    return study
