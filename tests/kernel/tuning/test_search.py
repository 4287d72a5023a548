"""The search, on a landscape known in closed form: what it asks for, and what wins."""

from __future__ import annotations

from dataclasses import replace

from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.trial import TrialState

from ffcl.configuration import Run
from ffcl.tuning.search import FINALISTS, Outcome, Search
from ffcl.tuning.space import Space
from searches import SPACE, carry_out, landscape, matrix, plan, run_of, two_objectives


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


def test_it_finds_what_is_better_than_the_defaults() -> None:
    search = Search(plan(), 60)
    carry_out(search)
    assert search.winner is not None
    assert search.winner.settings["x.kind"] == "b"
    assert 3e-3 < search.winner.settings["x.lr"] < 3e-2
    defaults = search.of_seeds(SPACE.defaults, fresh=True)
    assert defaults is not None
    assert search.winner.values[0] > sum(defaults) / len(defaults) + 0.1


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
