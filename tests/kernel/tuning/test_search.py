"""The search, on a landscape known in closed form: nothing is trained here."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.trial import FrozenTrial, TrialState, create_trial

from ffcl.configuration import Component, Run
from ffcl.tuning.objective import Objective
from ffcl.tuning.plots import best_so_far, importances, parallel_coordinates, slices, trade_off
from ffcl.tuning.samplers import SAMPLERS
from ffcl.tuning.search import FINALISTS, Outcome, Search, SearchPlan
from ffcl.tuning.space import Space
from ffcl.tuning.trials import with_values

SPACE = Space(
    {
        "x.lr": FloatDistribution(1e-4, 1.0, log=True),
        "x.keep": FloatDistribution(0.0, 1.0),
        "x.kind": CategoricalDistribution(["a", "b"]),
    },
    {"x.lr": 1e-3, "x.keep": 0.5, "x.kind": "a"},
)


def run_of(settings: Mapping[str, Any], seed: int) -> Run:
    part = Component("x", dict(settings), "d", "1", "c")
    return Run(part, part, part, seed, "0")


def plan(sampler: str = "tpe", objective: str = "AIA", floor: float = 0.0, seeds: int = 5, seed: int = 0) -> SearchPlan:
    first, fresh = range(100, 100 + seeds), range(200, 200 + seeds)
    return SearchPlan(SPACE, Objective(objective, floor), sampler, seed, 4, first, fresh, run_of)


def matrix(final: float, learned: float = 1.0) -> list[list[float]]:
    return [[0.0, 0.0], [learned, 0.0], [final, learned]]


def landscape(run: Run) -> Outcome:
    """Best at lr = 0.01, kind b; seeds differ a little."""
    import math

    settings = run.learner.settings
    away = abs(math.log10(settings["x.lr"]) + 2) / 4 + (settings["x.kind"] == "a") / 4
    noise = random.Random(run.seed).uniform(-0.02, 0.02)
    return Outcome(matrix(max(0.0, min(1.0, 0.9 - away + noise))), seconds=1.0)


def carry_out(
    search: Search,
    order: random.Random | None = None,
    stop_after: int | None = None,
    of: Callable[[Run], Outcome] = landscape,
) -> dict[str, Outcome]:
    """Do what the search wants, in any order, as several workers would; return everything that was done."""
    done: dict[str, Outcome] = {}
    waiting = search.wanted()
    while waiting and (stop_after is None or len(done) < stop_after):
        run = waiting.pop(order.randrange(len(waiting)) if order else 0)
        done[run.key] = of(run)
        search.take(run, done[run.key])
        waiting += search.wanted()
    return done


def trials(search: Search) -> list[Any]:
    return [(t.params, t.state, t.values, t.intermediate_values) for t in search.told]


def test_trials_of_one_batch_may_be_of_one_configuration_and_are_run_once() -> None:
    space = Space({"x.kind": CategoricalDistribution(["a", "b"])}, {"x.kind": "a"})
    search = Search(replace(plan(), space=space, run_of=lambda s, seed: run_of({"x.lr": 0.01, **s}, seed)), 12)
    asked = []
    waiting = search.wanted()
    while waiting:
        asked.append(waiting.pop(0))
        search.take(asked[-1], landscape(asked[-1]))
        waiting += search.wanted()
    assert len(search.told) == 12
    assert len({run.key for run in asked}) == len(asked) <= 20
    assert search.winner is not None
    assert search.winner.settings == {"x.kind": "b"}


def test_without_the_defaults_in_the_space_the_first_two_trials_differ() -> None:
    space = Space({"x.lr": FloatDistribution(0.01, 1.0, log=True)}, {"x.lr": 1e-3})
    search = Search(replace(plan(), space=space, run_of=lambda s, seed: run_of({"x.kind": "b", **s}, seed)), 2)
    carry_out(search)
    one, other = (trial.params["x.lr"] for trial in search.told)
    assert one != other


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


def test_it_finds_what_is_better_than_the_defaults() -> None:
    search = Search(plan(), 60)
    carry_out(search)
    assert search.winner is not None
    assert search.winner.settings["x.kind"] == "b"
    assert 3e-3 < search.winner.settings["x.lr"] < 3e-2
    defaults = search.of_seeds(SPACE.defaults, fresh=True)
    assert defaults is not None
    assert search.winner.values[0] > sum(defaults) / len(defaults) + 0.1


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


def test_a_trial_that_fails_or_is_not_finite_is_told_so_and_the_search_goes_on() -> None:
    search = Search(plan(), 12)
    waiting = search.wanted()
    while waiting:
        run = waiting.pop(0)
        bad = run.learner.settings["x.lr"] > 0.05
        search.take(run, Outcome(None, 1.0, "LearnerError: not finite") if bad else landscape(run))
        waiting += search.wanted()
    failed = [t for t in search.told if t.state == TrialState.FAIL]
    assert failed
    assert all(t.params["x.lr"] > 0.05 and t.user_attrs["failure"] == "LearnerError: not finite" for t in failed)
    assert len(search.told) == 12
    assert search.winner is not None


def test_nothing_wins_if_everything_fails() -> None:
    search = Search(plan(), 4)
    waiting = search.wanted()
    while waiting:
        search.take(waiting.pop(), Outcome(None, 1.0, "ValueError: no"))
        waiting += search.wanted()
    assert search.finished
    assert search.winner is None
    assert search.count(TrialState.FAIL) == 4


def test_the_winner_is_chosen_on_fresh_seeds() -> None:
    """The first seeds favour one trial, the fresh ones another."""
    search = Search(plan(), 8)
    waiting = search.wanted()
    while waiting:
        run = waiting.pop(0)
        keep = run.learner.settings["x.keep"]
        search.take(run, Outcome(matrix(keep if run.seed < 200 else 1 - keep), 1.0))
        waiting += search.wanted()
    best = sorted((t for t in search.told if t.state == TrialState.COMPLETE), key=lambda t: -t.values[0])[:FINALISTS]
    rerun = [*best, search.told[0]]
    assert search.winner is not None
    assert search.winner.settings["x.keep"] == min(t.params["x.keep"] for t in rerun)


def two_objectives(floor: float, settings: Sequence[str] = ()) -> Search:
    """The more is kept the less is learned."""
    search = Search(plan(objective="AIA,forgetting", floor=floor), 40)
    waiting = search.wanted()
    while waiting:
        run = waiting.pop(0)
        keep = run.learner.settings["x.keep"]
        learned = 1 - keep / 2
        search.take(run, Outcome(matrix(learned * keep, learned), 1.0))
        waiting += search.wanted()
    return search


def test_of_two_metrics_the_trade_off_is_searched_and_learning_too_little_does_not_count() -> None:
    free, bound = two_objectives(0.0), two_objectives(0.8)
    assert free.optuna.directions == bound.optuna.directions
    assert all(t.state == TrialState.COMPLETE for t in free.told)  # nothing can be pruned here
    assert bound.winner is not None
    assert 1 - bound.winner.settings["x.keep"] / 2 >= 0.8
    assert min(1 - t.params["x.keep"] / 2 for t in bound.optuna.best_trials) >= 0.8
    assert min(1 - t.params["x.keep"] / 2 for t in free.optuna.best_trials) < 0.8
    assert {point.trial for point in bound.front} == {t.number for t in bound.optuna.best_trials}
    accuracies, forgetting = zip(*(point.values for point in bound.front), strict=True)
    assert list(accuracies) == sorted(accuracies, reverse=True)
    assert list(forgetting) == sorted(forgetting, reverse=True)


def test_trials_are_proposed_where_enough_is_learned() -> None:
    """The more is kept the better AIA is, and the less is learned; given up are trials that keep too little."""

    def more_is_kept(run: Run) -> Outcome:
        keep = run.learner.settings["x.keep"]
        return Outcome(matrix(keep, learned=1 - 0.2 * keep), 1.0)

    space = Space({"x.keep": FloatDistribution(0.0, 1.0)}, {"x.keep": 0.2})
    search = Search(replace(plan(floor=0.9), space=space), 40)
    carry_out(search, of=more_is_kept)
    late = [trial.params["x.keep"] for trial in search.told[20:]]
    assert sum(keep < 0.55 for keep in late) > 10
    assert search.winner is not None
    assert 0.49 < search.winner.settings["x.keep"] <= 0.5


def drawn(axes: Any) -> dict[str, int]:
    """How many points of each kind a panel has."""
    handles, labels = axes.get_legend_handles_labels()
    return {
        label: len(h.get_offsets() if hasattr(h, "get_offsets") else h.get_xdata())
        for h, label in zip(handles, labels, strict=True)
    }


def test_slices_show_given_up_trials_too_and_a_parameter_where_it_acts() -> None:
    space = replace(SPACE, conditions=(("x.keep", "x.kind", "b"),))
    search = Search(replace(plan(), space=space), 40)
    carry_out(search)
    panels = {
        axes.get_xlabel(): drawn(axes) for axes in slices(search, list(space.distributions)).axes if axes.get_visible()
    }
    pruned, complete = search.count(TrialState.PRUNED), search.count(TrialState.COMPLETE)
    assert pruned > 5
    assert panels["x.lr"] == {"given up early": pruned, "trial": complete - 1, "winner": 1}
    assert sum(panels["x.keep"].values()) == sum(t.params["x.kind"] == "b" for t in search.told) < 40
    assert set(importances(search)) == {"x.lr", "x.kind"}
    lines = parallel_coordinates(search, list(space.distributions)).axes[0].lines
    idle = [np.isnan(line.get_ydata()).any() for line in lines]
    assert idle.count(True) == sum(t.params["x.kind"] == "a" for t in search.told)
    assert len(lines) == 40
    points = drawn(best_so_far(search).axes[0])
    assert points["given up early"] == pruned
    assert points["trial"] == complete


def test_the_trade_off_tells_what_learns_too_little_from_what_is_dominated() -> None:
    search = two_objectives(0.8)
    (axes,) = trade_off(search).axes
    points = drawn(axes)
    assert points["LA below 80%"] == sum(1 - t.params["x.keep"] / 2 < 0.8 for t in search.told) > 0
    assert points["Pareto front"] == len(search.front)
    assert sum(points.values()) == len(search.told)


def test_importances_say_what_makes_a_trial_good() -> None:
    search = Search(plan(), 40)
    carry_out(search)
    shares = importances(search)
    assert list(shares)[-1] == "x.keep", shares  # has no effect
    assert sum(shares.values()) == pytest.approx(1)
