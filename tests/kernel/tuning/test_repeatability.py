"""Searches that are stopped, go on or end their runs in another order make the same trials."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest
from optuna.distributions import CategoricalDistribution

from ffcl.configuration import Run
from ffcl.tuning.samplers import SAMPLERS
from ffcl.tuning.search import Outcome, Search
from ffcl.tuning.space import Space
from searches import SPACE, carry_out, matrix, plan


def trials(search: Search) -> list[Any]:
    return [(t.params, t.state, t.values, t.intermediate_values) for t in search.told]


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_the_order_in_which_runs_end_changes_no_trial(sampler: str) -> None:
    reference = Search(plan(sampler), 14)
    carry_out(reference)
    assert len(reference.told) == 14
    for seed in range(3):
        other = Search(plan(sampler), 14)
        carry_out(other, random.Random(seed))
        assert trials(other) == trials(reference)
        assert other.winner == reference.winner


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_search_that_is_stopped_anywhere_goes_on_as_if_it_had_not(sampler: str) -> None:
    reference = Search(plan(sampler), 10)
    everything = carry_out(reference)
    known: dict[str, Outcome] = {}
    for stop in (1, 7, 20, 3):
        known |= carry_out(Search(plan(sampler), 10, known), random.Random(stop), stop)
    final = Search(plan(sampler), 10, known)
    more = carry_out(final)
    assert not known.keys() & more.keys()  # nothing is done twice
    assert trials(final) == trials(reference)
    assert final.winner == reference.winner
    assert {**known, **more}.keys() == everything.keys()


@pytest.mark.parametrize("seed", [0, 39])  # where one does
def test_a_search_goes_on_alike_where_a_trial_given_up_comes_again_and_is_run_on_more_seeds(seed: int) -> None:
    def uneven(run: Run) -> Outcome:
        height = random.Random(f"{seed} {run.key}").random()
        return Outcome(matrix(height, learned=height), 1.0)

    space = Space({"x.kind": CategoricalDistribution(list("abcdef"))}, {"x.kind": "a"})
    same = replace(plan("random", seed=seed), space=space, batch=2)
    reference = Search(same, 16)
    again = Search(same, 16, carry_out(reference, of=uneven))
    carry_out(again, of=uneven)
    assert trials(again) == trials(reference)


def test_more_trials_go_on_from_those_that_are_there() -> None:
    few, many = Search(plan(), 8), Search(plan(), 16)
    carry_out(few)
    carry_out(many)
    assert trials(many)[:8] == trials(few)


def test_seeds_of_the_sampler_make_other_trials() -> None:
    a, b = Search(plan(seed=0), 8), Search(plan(seed=1), 8)
    carry_out(a)
    carry_out(b)
    assert trials(a)[0][0] == trials(b)[0][0] == SPACE.defaults
    assert trials(a)[1:] != trials(b)[1:]
