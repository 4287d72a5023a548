"""Coverage: which strategies work, fail or are refused on which learners."""

from __future__ import annotations

import itertools
from pathlib import Path

import pandas as pd

from ffcl.refusals import Refusal
from ffcl_leaderboard.build import build
from leaderboards import failed, record, shown

REFUSED = [Refusal("oja", name, "it acts on gradients") for name in ("ewc", "gem")] + [
    Refusal("tree", "ewc", "no loss")
]


def test_no_pair_is_left_out_of_the_coverage(tmp_path: Path) -> None:
    records = [
        *(record("bp", "ewc", scenario, seed=seed) for scenario in ("b", "a") for seed in range(2)),
        record("bp", "none"),
        record("oja", "none", seed=0),
        failed(learner="oja", strategy="none", seed=1),
        record("oja", "gem"),  # by code of a time when it was not refused
    ]
    build(records, tmp_path, "ACC", REFUSED)
    rows = pd.read_csv(tmp_path / "coverage.csv", keep_default_na=False).set_index(["learner", "strategy"])
    assert len(rows) == 3 * 3
    assert rows.loc[("bp", "ewc")].tolist() == ["works", 4, 0, "a, b", ""]
    assert rows.loc[("bp", "gem")].tolist() == ["not run", 0, 0, "", ""]
    assert rows.loc[("oja", "none")].tolist() == ["failed", 1, 1, "toy", "ValueError: boom, twice"]
    assert rows.loc[("oja", "gem")].tolist() == ["refused", 1, 0, "toy", "it acts on gradients"]
    assert rows.loc[("tree", "none")].tolist() == ["not run", 0, 0, "", ""]
    assert rows.loc[("tree", "ewc")].tolist() == ["refused", 0, 0, "", "no loss"]
    svg = (tmp_path / "plots" / "coverage.svg").read_text()
    assert svg.count(">refused<") == 3
    assert "✗ 1/2" in svg
    assert "✓ 4" in svg


def test_the_terminal_says_what_is_refused_and_why_each_reason_once() -> None:
    text = shown([record("bp", "none"), failed(learner="bp", strategy="ewc")], refusals=REFUSED)
    assert "refused: ewc, gem on oja: it acts on gradients" in text
    assert "refused: ewc on tree: no loss" in text
    assert "failed: ewc on bp: ValueError: boom, twice" in text
    assert "1/1 failed" in text
    assert text.count("it acts on gradients") == 1
    assert "refused" in shown([], refusals=REFUSED)


def test_one_strategy_for_all_needs_no_coverage_in_the_terminal() -> None:
    assert "each strategy" not in shown([record("bp"), record("ff")])
    assert "each strategy" in shown([record("bp"), record("ff", "replay")])


def test_the_coverage_of_many_learners_fits_a_narrow_terminal() -> None:
    learners, strategies = [f"a-learner-{k:02}" for k in range(12)], [f"a-strategy-{k:02}" for k in range(16)]
    records = [record(learner, strategy) for learner, strategy in itertools.product(learners, strategies[:-1])]
    refusals = [Refusal(learner, strategies[-1], "no") for learner in learners]
    text = shown(records, refusals=refusals).split("each strategy")[1]
    assert "…" not in text
    assert all(learner in text for learner in learners)
