"""Intransigence, against joint training of the same learner on the same stream."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ffcl_leaderboard.build import build
from made_up import done, run


def test_intransigence_is_measured_against_joint_training_of_the_same_learner() -> None:
    records = [done(run("bp", seed=s), 0.7) for s in range(3)]
    records += [done(run("bp", "joint", seed=s), 0.8) for s in range(2)]
    records += [done(run("ff", seed=s), 0.7) for s in range(3)]
    rows = build(records, None, "ACC").rows.set_index(["learner", "strategy"])
    # a[1, 1] is 0.9 in both, a[2, 2] is 0.8 against 0.7
    assert rows.loc[("bp", "none"), "intransigence"] == pytest.approx(0.05)
    assert rows.loc[("bp", "joint"), "intransigence"] == pytest.approx(0)
    assert rows["intransigence"].isna()[("ff", "none")]


def test_intransigence_is_no_difference_between_codes_or_data() -> None:
    """A learner or a stream that has been edited since its joint training leaves it undefined, as other data does."""
    joint = [done(run("bp", "joint", seed=s), 0.8) for s in range(3)]
    for edited in ("learner", "scenario"):
        of = [run("bp", seed=s) for s in range(3)]
        changed = [replace(r, **{edited: replace(getattr(r, edited), code="edited")}) for r in of]
        rows = build([*joint, *(done(r, 0.7) for r in changed)], None, "ACC").rows.set_index("strategy")
        assert np.isnan(rows.loc["none", "intransigence"])
        assert rows.loc["joint", "intransigence"] == 0
    on_others = [done(run("bp", seed=s), 0.7 - s / 10, data_sha256="de"[s % 2] * 64) for s in range(3)]
    rows = build([*joint, *on_others], None, "ACC").rows.set_index("strategy")
    # seed 1 is on other data; a*[2, 2] - a[2, 2] is 0.1 for seed 0 and 0.3 for seed 2
    assert rows.loc["none", "intransigence"] == pytest.approx((0.1 + 0.3) / 2 / 2)
