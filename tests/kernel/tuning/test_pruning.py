"""Trials that are given up: which, when, and what the search makes of them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from optuna.distributions import FloatDistribution
from optuna.trial import FrozenTrial, TrialState, create_trial

from ffcl.tuning.search import FINALISTS, Outcome, Search
from ffcl.tuning.space import Space
from ffcl.tuning.trials import with_values
from searches import carry_out, matrix, plan


def test_trials_that_came_through_by_chance_do_not_attract() -> None:
    """The first batch is not given up, however bad it is; where better trials were given up is the better place."""
    space = Space({f"x.{name}": FloatDistribution(0.0, 1.0) for name in "abc"}, {f"x.{name}": 0.9 for name in "abc"})
    search = Search(replace(plan(), space=space), 60)
    waiting = search.wanted()
    while waiting:
        run = waiting.pop(0)
        at = run.learner.settings
        top = all(value == 0.9 for value in at.values())
        height = 0.9 if top else 0.6 if at["x.a"] > 0.7 else 0.2
        search.take(run, Outcome(matrix(height), 1.0))
        waiting += search.wanted()
    assert search.count(TrialState.PRUNED) > 50
    assert sum(trial.params["x.a"] > 0.7 for trial in search.told[20:]) > 30


def test_a_trial_that_was_given_up_counts_as_far_from_the_best_as_on_the_same_seeds() -> None:
    """The first seeds are easy: the mean of those it got to alone would be above the best."""

    def trial(state: TrialState, *of_seeds: float) -> FrozenTrial:
        mean = sum(of_seeds) / len(of_seeds)
        value = {TrialState.COMPLETE: mean, TrialState.PRUNED: of_seeds[-1]}.get(state)  # as Optuna tells them
        return create_trial(state=state, value=value, intermediate_values=dict(enumerate(of_seeds)))

    told = [
        trial(TrialState.COMPLETE, 0.9, 0.9, 0.9, 0.5, 0.3),
        trial(TrialState.COMPLETE, 0.4, 0.4, 0.4, 0.0, 0.0),
        trial(TrialState.PRUNED, 0.8, 0.85, 0.75),
        trial(TrialState.FAIL, 0.9),
    ]
    assert [(t, pytest.approx(value)) for t, value in with_values(told)] == [
        (told[0], 0.7),
        (told[1], 0.24),
        (told[2], 0.6),
    ]


def test_what_is_clearly_worse_is_given_up_early_and_only_with_five_seeds() -> None:
    search = Search(plan(), 30)
    done = carry_out(search)
    pruned = [t for t in search.told if t.state == TrialState.PRUNED]
    assert pruned
    assert all(len(t.intermediate_values) in (3, 4) for t in pruned)
    assert len(pruned[0].intermediate_values) == 3
    assert pruned[0].values == [pruned[0].intermediate_values[2]]
    spent = sum(len(t.intermediate_values) for t in search.told)
    assert len(done) <= spent + 5 * (FINALISTS + 1)
    few = Search(plan(seeds=4), 30)
    carry_out(few)
    assert few.count(TrialState.COMPLETE) == 30


def test_a_trial_that_was_given_up_is_not_complete_because_the_best_has_changed_in_its_batch() -> None:
    """Trial 3 is worse than trial 0 on all three seeds, and in the mean better there than trial 2, the next best."""
    heights = [
        (0.90, 0.91, 0.60, 0.60, 0.61),
        (0.10, 0.10, 0.10, 0.10, 0.10),
        (0.60, 0.61, 0.95, 0.95, 0.96),
        (0.70, 0.71, 0.59, 0.00, 0.00),
    ]
    search = Search(replace(plan(), batch=2), 4)
    waiting = search.wanted()
    while waiting:
        run = waiting.pop(0)
        number = [t.params for t in search.optuna.get_trials()].index(run.learner.settings)
        height = heights[number][run.seed % 100]
        search.take(run, Outcome(matrix(height, learned=height), 1.0))
        waiting += search.wanted()
    assert [t.state for t in search.told] == [TrialState.COMPLETE] * 3 + [TrialState.PRUNED]
    assert list(search.told[3].intermediate_values.values()) == [0.70, 0.71, 0.59]
    assert search.told[3].user_attrs["mean"] == pytest.approx(2 / 3)
    assert search.winner is not None
    assert search.winner.trial == 2
