"""Baselines: what is compared with what, and how a baseline is named."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import pytest

from ffcl.errors import UsageError
from ffcl.records import Record
from ffcl_leaderboard.cells import group
from ffcl_leaderboard.comparisons import baseline_name, comparisons_frame, summary_frame
from paired_runs import BASE, compared, runs


def test_a_learner_is_compared_under_the_same_strategy_with_the_same_settings() -> None:
    records = [
        *runs("bp", BASE),
        *runs("bp", BASE + 0.1, strategy="ewc", strategy_settings={"strength": 1.0}),
        *runs("bp", BASE + 0.2, strategy="ewc", strategy_settings={"strength": 2.0}),
        *runs("ff", BASE + 0.3, strategy="ewc", strategy_settings={"strength": 2.0}),
        *runs("ff", BASE + 0.3, strategy="replay"),  # without its like
        *runs("ff", BASE + 0.3, stream={"mixing": 0.5}),  # on another stream
    ]
    (row,) = compared(records)
    assert (row["learner"], row["strategy"], row["baseline"]) == ("ff", "ewc", "bp + ewc (ewc.strength=2.0)")
    assert row["difference"] == pytest.approx(0.1)


def test_tuned_is_compared_with_tuned_by_the_same_protocol() -> None:
    ewc: dict[str, Any] = {"strategy": "ewc"}
    records = [
        *runs("bp", BASE, lr=0.1, strategy_settings={"strength": 1.0}, **ewc),
        *runs("ff", BASE + 0.1, lr=0.1, strategy_settings={"strength": 1.0}, **ewc),
        *runs("bp", BASE + 0.2, lr=0.3, strategy_settings={"strength": 7.0}, tuned="disjoint", **ewc),
        *runs("ff", BASE + 0.4, lr=0.5, strategy_settings={"strength": 9.0}, tuned="disjoint", **ewc),
        *runs("oja", BASE + 0.4, lr=0.5, strategy_settings={"strength": 9.0}, tuned="same-stream", **ewc),
    ]
    rows = compared(records)
    assert [(row["learner"], row["variant"]) for row in rows] == [("ff", ""), ("ff", "tuned, disjoint")]
    assert [row["difference"] for row in rows] == pytest.approx([0.1, 0.2])


def test_one_cell_can_be_the_baseline_of_all() -> None:
    records = [*runs("bp", BASE), *runs("bp", BASE + 0.1, strategy="replay"), *runs("ff", BASE + 0.2)]
    rows = compared(records, "bp+replay")
    assert [(row["learner"], row["strategy"], row["baseline"]) for row in rows] == [
        ("bp", "none", "bp + replay"),
        ("ff", "none", "bp + replay"),
    ]
    assert [row["difference"] for row in rows] == pytest.approx([-0.1, 0.1])
    assert compared(records, " bp + replay ") == rows


def baselines(records: Sequence[Record], baseline: str | None = None, **defaults: Any) -> set[str]:
    named = {f"bp.{name}": value for name, value in defaults.items()}
    return set(comparisons_frame(group(records), baseline, named)["baseline"])


def test_of_several_baselines_it_is_the_one_with_most_seeds_then_the_defaults_then_the_least() -> None:
    small, large = runs("bp", BASE, hidden=200, lr=0.001), runs("bp", BASE + 0.1, hidden=1000, lr=0.001)
    records = [*small, *large, *runs("ff", BASE + 0.2)]
    assert baselines(records) == {"bp (hidden=200)"}
    assert baselines(records, hidden=1000, lr=0.001) == {"bp (hidden=1000)"}
    assert baselines(records, hidden=1000, lr=0.002) == {"bp (hidden=200)"}  # neither has the defaults
    assert baselines(records[1:], hidden=200, lr=0.001) == {"bp (hidden=200)"}  # 11 seeds are as good as 12
    assert baselines(records[3:], hidden=200, lr=0.001) == {"bp (hidden=1000)"}  # but 9 are not
    rates = [r for lr in (0.01, 1e-05, 0.002) for r in runs("bp", BASE, lr=lr)]
    assert baselines([*rates, *runs("ff", BASE)]) == {"bp (lr=1e-05)"}


@pytest.mark.parametrize(
    ("baseline", "name"), [("bp", "bp under the same strategy"), ("bp+none", "bp"), ("bp+replay", "bp + replay")]
)
def test_a_baseline_of_several_rows_is_called_what_it_is(baseline: str, name: str) -> None:
    """Of each stream another row, whose labels differ."""
    records = [
        r
        for mixing, learner, strategy in itertools.product((0.0, 0.5), ("bp", "ff"), ("none", "replay"))
        for r in runs(learner, BASE[:2], strategy=strategy, stream={"mixing": mixing})
    ]
    cells = group(records)
    by_configuration = {cell.first.run.configuration: cell for cell in cells}
    assert baseline_name(comparisons_frame(cells, baseline), by_configuration) == name


def test_of_several_settings_of_a_baseline_some_can_be_named() -> None:
    records = [*runs("bp", BASE, hidden=200, lr=1), *runs("bp", BASE + 0.1, hidden=1000, lr=1), *runs("ff", BASE)]
    for named in (
        "bp (hidden=1000)",
        "bp (hidden=1000, lr=1)",
        "bp+none (hidden=1000)",
        "bp + none (lr=1, hidden=1000)",
    ):
        assert baselines(records, named) == {"bp (hidden=1000)"}
    assert baselines(records, "bp (lr=1)") == {"bp (hidden=200)"}
    records += runs("bp", BASE, hidden=1000, strategy="replay") + runs("ff", BASE, strategy="replay")
    assert baselines(records, "bp (hidden=1000)") == {"bp (hidden=1000)", "bp + replay"}
    with pytest.raises(UsageError, match=r"Did you mean 'bp\+none \(hidden=1000\)'\?"):
        baselines(records, "bp+none (hidden=100)")


def test_without_a_wish_the_baseline_is_bp_or_the_first_by_name() -> None:
    ours = [*runs("aaa", BASE), *runs("ff", BASE)]
    assert [row["baseline"] for row in compared(ours)] == ["aaa"]
    assert [row["baseline"] for row in compared([*ours, *runs("bp", BASE)])] == ["bp", "bp"]


def test_what_does_not_exist_is_refused_with_the_nearest_name() -> None:
    cells = group([*runs("hebbian", BASE), *runs("ff", BASE)])
    with pytest.raises(UsageError, match=r"Unknown baseline 'hebian'\. Did you mean 'hebbian'\?"):
        comparisons_frame(cells, "hebian")
    with pytest.raises(UsageError, match=r"Unknown baseline 'ff\+nome'\. Did you mean 'ff\+none'\?"):
        summary_frame(cells, "ff+nome")
