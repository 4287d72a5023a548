from __future__ import annotations

import pytest

from ffcl.errors import UsageError
from ffcl.registry import installed
from ffcl.scenario import Scenario
from ffcl.tuning.protocols import PROTOCOLS, make_protocol


def scenario(name: str) -> Scenario:
    return installed().scenario(name).item


def stream(view: Scenario) -> dict[str, object]:
    return view.stream.to_mapping()


def test_disjoint_takes_other_samples_of_the_same_data() -> None:
    protocol = make_protocol("disjoint", scenario("split-digits"))
    assert stream(protocol.tuning)["part"] == "tuning"
    assert stream(protocol.evaluation)["part"] == "evaluation"
    assert protocol.tuning.training == protocol.evaluation.training


def test_first_k_leaves_the_first_experiences_out_of_the_evaluation() -> None:
    protocol = make_protocol("first-k", scenario("split-digits"), k=2)
    assert (stream(protocol.tuning)["part"], stream(protocol.tuning)["first"]) == ("first", 2)
    assert (stream(protocol.evaluation)["part"], stream(protocol.evaluation)["first"]) == ("rest", 2)
    assert len(protocol.tuning.outline(0)) == 2
    assert len(protocol.evaluation.outline(0)) == 3
    tuned = {c for classes in protocol.tuning.outline(1_000_000) for c in classes}
    assert not tuned & {c for classes in protocol.evaluation.outline(3) for c in classes}


def test_two_phase_takes_another_data_set_and_all_else_from_the_scenario() -> None:
    protocol = make_protocol("two-phase", scenario("split-mnist"), other=scenario("split-fashion-mnist"))
    assert stream(protocol.tuning) == {
        **stream(scenario("split-mnist")),
        "dataset": "fashion-mnist",
        "part": "validation",
    }
    assert protocol.evaluation == scenario("split-mnist")


def test_same_stream_is_the_evaluation_itself_seeds_and_all() -> None:
    protocol = make_protocol("same-stream", scenario("split-digits"))
    assert protocol.tuning == protocol.evaluation == scenario("split-digits")
    assert list(protocol.seeds(5)) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("name", sorted(set(PROTOCOLS) - {"same-stream", "first-k", "two-phase"}))
def test_tuning_has_seeds_of_its_own_and_fresh_ones(name: str) -> None:
    protocol = make_protocol(name, scenario("split-digits"))
    assert not {*protocol.seeds(5), *protocol.fresh_seeds(5)} & set(range(1000))
    assert not set(protocol.seeds(5)) & set(protocol.fresh_seeds(5))
    assert list(protocol.seeds(3)) == list(protocol.seeds(5))[:3]


@pytest.mark.parametrize(
    ("name", "of", "k", "other", "message"),
    [
        ("disjiont", "split-digits", None, None, "Did you mean 'disjoint'"),
        ("first-k", "split-digits", None, None, "--first K"),
        ("disjoint", "split-digits", 2, None, "--first K"),
        ("first-k", "permuted-digits", 2, None, "kind split"),
        ("first-k", "split-digits", 5, None, "first"),
        ("two-phase", "split-digits", None, None, "--tune-on"),
        ("two-phase", "split-digits", None, "split-digits-task", "on digits as well"),
    ],
)
def test_what_does_not_fit_is_said(name: str, of: str, k: int | None, other: str | None, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        make_protocol(name, scenario(of), k, scenario(other) if other else None)
