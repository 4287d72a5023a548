from __future__ import annotations

import math

import numpy as np
import pytest
from avalanche.evaluation.metrics.forgetting_bwt import forgetting_to_bwt
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ffcl import metrics
from ffcl.metrics import METRICS

# Rows: untrained, after experience 1, 2, 3. Worked out by hand below.
A = [
    [0.10, 0.20, 0.30],
    [0.80, 0.25, 0.30],
    [0.90, 0.70, 0.50],
    [0.40, 0.60, 1.00],
]


def test_by_hand() -> None:
    assert metrics.final_accuracy(A) == pytest.approx((0.40 + 0.60 + 1.00) / 3)
    assert metrics.accuracy_seen(A).tolist() == pytest.approx([0.80, 0.80, 2.00 / 3])
    assert metrics.average_incremental_accuracy(A) == pytest.approx((0.80 + 0.80 + 2.00 / 3) / 3)
    assert metrics.learning_accuracy(A) == pytest.approx((0.80 + 0.70 + 1.00) / 3)
    # experience 1 was best after experience 2 (0.9), experience 2 after itself (0.7)
    assert metrics.forgetting(A) == pytest.approx(((0.90 - 0.40) + (0.70 - 0.60)) / 2)
    assert metrics.backward_transfer(A) == pytest.approx(((0.40 - 0.80) + (0.60 - 0.70)) / 2)
    assert metrics.forward_transfer(A) == pytest.approx(((0.25 - 0.20) + (0.50 - 0.30)) / 2)


def test_forgetting_may_be_negative() -> None:
    """The last row takes no part in the maximum (Chaudhry et al. 2018)."""
    assert metrics.forgetting([[0.5, 0.0], [0.5, 0.0], [0.9, 1.0]]) == pytest.approx(-0.4)


def test_a_learner_that_never_learned_forgets_nothing_and_its_learning_accuracy_shows_it() -> None:
    never = [[0.0, 0.0]] * 3
    assert metrics.forgetting(never) == 0.0
    assert metrics.learning_accuracy(never) == 0.0


def test_one_experience_leaves_transfer_undefined() -> None:
    joint = [[0.1], [0.9]]
    assert metrics.final_accuracy(joint) == metrics.average_incremental_accuracy(joint) == 0.9
    for name in ("forgetting", "BWT", "FWT"):
        assert math.isnan(METRICS[name](joint))


MATRICES = st.integers(2, 6).flatmap(lambda t: arrays(np.float64, (t + 1, t), elements=st.floats(0, 1)))


@given(MATRICES)
def test_against_avalanche(a: np.ndarray) -> None:
    """Avalanche's stream forgetting is the mean of first minus last accuracy: -BWT, not Chaudhry's forgetting."""
    last = a.shape[1]
    first_minus_last = {j: a[j + 1, j] - a[last, j] for j in range(last - 1)}
    theirs = np.mean([forgetting_to_bwt(f) for f in first_minus_last.values()])
    assert metrics.backward_transfer(a) == pytest.approx(theirs, abs=1e-12)


@given(MATRICES)
def test_what_always_holds(a: np.ndarray) -> None:
    assert metrics.forgetting(a) >= -metrics.backward_transfer(a) - 1e-12
    assert -1 <= metrics.forgetting(a) <= 1
    assert a.min() - 1e-12 <= metrics.average_incremental_accuracy(a) <= a.max() + 1e-12
    assert metrics.accuracy_seen(a)[-1] == pytest.approx(metrics.final_accuracy(a))
    # ACC = LA + BWT (T - 1) / T, since the last experience is measured once
    t = a.shape[1]
    assert metrics.final_accuracy(a) == pytest.approx(
        metrics.learning_accuracy(a) + metrics.backward_transfer(a) * (t - 1) / t, abs=1e-12
    )


@given(MATRICES, st.integers(0, 10**6))
def test_only_the_future_columns_of_old_rows_are_ignored(a: np.ndarray, seed: int) -> None:
    """What a learner scores on experiences to come changes FWT at most."""
    changed = a.copy()
    rng = np.random.default_rng(seed)
    for i in range(a.shape[1]):
        changed[i, i + 1 :] = rng.random(a.shape[1] - i - 1)
    for name in ("ACC", "AIA", "LA", "forgetting", "BWT"):
        assert METRICS[name](changed) == pytest.approx(METRICS[name](a))


@pytest.mark.parametrize("shape", [(2, 2), (3, 3), (4,), (1, 0), (5, 3)])
def test_another_shape_is_no_accuracy_matrix(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="T \\+ 1 rows and T columns"):
        metrics.final_accuracy(np.zeros(shape))


@given(st.integers(1, 5).flatmap(lambda t: arrays(np.float64, (3, t + 1, t), elements=st.floats(0, 1))))
def test_a_stack_of_matrices_gives_the_value_of_each(stack: np.ndarray) -> None:
    choices = np.full(stack.shape[1:], 2)
    functions = [
        *METRICS.values(),
        lambda a: metrics.retention(a, choices),
        lambda a: metrics.never_learned(a, choices),
    ]
    for function in functions:
        np.testing.assert_array_equal(function(stack), [function(a) for a in stack])
    np.testing.assert_array_equal(
        metrics.intransigence(stack, stack[::-1]),
        [metrics.intransigence(*pair) for pair in zip(stack, stack[::-1], strict=True)],
    )


# Two classes an experience, every class seen may be chosen.
CHOICES = np.array([[2, 2, 2], [2, 2, 2], [4, 4, 4], [6, 6, 6]])


def test_skill_is_what_is_left_of_accuracy_beyond_guessing() -> None:
    s = metrics.skill([[0, 0, 0], [0.75, 0, 0], [0.25, 1, 0], [1 / 3, 0.1, 0.6]], CHOICES)
    assert s[1, 0] == pytest.approx((0.75 - 0.5) / 0.5)
    assert s[2].tolist() == pytest.approx([0, 1, 0])
    assert s[3].tolist() == pytest.approx([(1 / 3 - 1 / 6) / (5 / 6), 0, (0.6 - 1 / 6) / (5 / 6)])
    assert metrics.skill([[0.3], [1.0]], [[1], [1]]).tolist() == [[0.0], [0.0]]  # one label: nothing to know


def test_retention_is_the_share_of_skill_kept_of_what_was_learned() -> None:
    a = [[0, 0, 0], [0.75, 0, 0], [0.25, 0.26, 0], [1 / 3, 0.1, 0.6]]
    # experience 1: from 0.5 to 0.2; experience 2 never got above the floor; the last one has had no time to be lost
    assert metrics.retention(a, CHOICES) == pytest.approx(0.2 / 0.5)
    assert metrics.never_learned(a, CHOICES) == 1


def test_retention_of_nothing_learned_is_undefined_and_shown_so() -> None:
    never = [[0.5, 0, 0], [0.5, 0, 0], [0.25, 0.25, 0], [1 / 6, 1 / 6, 1 / 6]]
    assert math.isnan(metrics.retention(never, CHOICES))
    assert metrics.never_learned(never, CHOICES) == 3
    assert metrics.forgetting(never) > 0  # which is only the growing number of classes
    assert math.isnan(metrics.retention([[0.5], [1.0]], [[2], [2]]))


def test_an_experience_learned_late_is_not_never_learned() -> None:
    a = [[0, 0], [0.5, 0], [0.9, 0.9]]
    assert metrics.never_learned(a, [[2, 2], [2, 2], [4, 4]]) == 0


def test_intransigence_is_what_joint_training_reaches_beyond_it() -> None:
    assert metrics.intransigence(A, np.minimum(np.add(A, 0.1), 1)) == pytest.approx((0.1 + 0.1 + 0.0) / 3)
    assert metrics.intransigence(A, A) == 0
