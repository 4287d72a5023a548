"""Letters: rows that share one are not told apart."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from ffcl.records import Record
from ffcl_leaderboard.cells import group
from ffcl_leaderboard.comparisons import comparisons_frame, groups
from paired_runs import BASE, NOISE, record, runs


def by_label(records: Sequence[Record]) -> dict[str, str]:
    cells = group(records)
    letters = groups(cells)
    return {cell.label: letters[cell.first.run.configuration] for cell in cells}


def test_cells_not_told_apart_share_a_letter_and_the_best_has_a() -> None:
    records = [
        *runs("bp", BASE),
        *runs("good", BASE + 0.2),
        *runs("alike", BASE + 0.2 + NOISE - NOISE.mean()),
        *runs("unsure", BASE + 0.1 + np.tile([0.3, -0.3], 6)),
        *runs("few", BASE[:9] + 0.3),
    ]
    letters = by_label(records)
    assert letters["good"] == letters["alike"] == "a"
    assert letters["bp"] == "b"
    assert letters["unsure"] == "ab"  # not told apart from any
    assert letters["few"] == ""


def test_letters_and_comparisons_tell_the_same_apart() -> None:
    rng = np.random.default_rng(2)
    records = [
        r
        for name, (k, learner) in itertools.product("abcd", enumerate(("bp", "ff", "oja", "stdp")))
        for r in runs(learner, BASE + 0.012 * k + rng.normal(0, 0.02, 12), scenario=name)
    ]
    records = [r for r in records if r.run.seed != 3 or r.run.learner.name != "ff"]  # seeds differ
    cells = group(records)
    letters = groups(cells)
    compared_pairs = 0
    for learner in ("bp", "ff", "oja", "stdp"):
        for row in comparisons_frame(cells, learner).to_dict("records"):
            shared = set(letters[row["configuration"]]) & set(letters[row["baseline_configuration"]])
            assert bool(shared) == (row["p_holm"] > 0.05)
            compared_pairs += bool(shared)
    assert 0 < compared_pairs < 48  # some of both kinds


def test_letters_are_of_one_stream() -> None:
    records = [*runs("bp", BASE, stream={"mixing": 0.0}), *runs("bp", BASE + 0.3, stream={"mixing": 1.0})]
    assert set(by_label(records).values()) == {"a"}


def test_letters_need_ten_common_seeds() -> None:
    later = [record("ff", 0.99, seed) for seed in range(3, 15)]
    assert set(by_label([*runs("bp", BASE), *later]).values()) == {"a"}  # of 9 common seeds
    assert set(by_label([*runs("bp", BASE), *later, record("ff", 0.99, 2)]).values()) == {"a", "b"}


def test_rows_without_a_common_seed_are_not_told_apart() -> None:
    later = [record("ff", value + 0.3, seed) for seed, value in enumerate(BASE, start=50)]
    assert by_label([*runs("bp", BASE), *later]) == {"bp": "a", "ff": "a"}
    # nor does their pair take the test of any other pair
    letters = by_label([*runs("bp", BASE), *runs("oja", BASE + 0.2), *later])
    assert not set(letters["bp"]) & set(letters["oja"])
    assert set(letters["ff"]) == set(letters["bp"]) | set(letters["oja"])
