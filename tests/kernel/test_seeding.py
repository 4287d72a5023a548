from __future__ import annotations

import random

import numpy as np
import torch
import torch.utils.deterministic as torch_deterministic
from hypothesis import given
from hypothesis import strategies as st

from ffcl.randomness import RandomSequence, flushes_denormals, reproducible
from ffcl.seeding import class_order, derive_seed


@given(st.integers(0, 2**31), st.integers(1, 40))
def test_a_class_order_is_a_permutation_and_repeats(seed: int, n: int) -> None:
    assert sorted(class_order(n, seed)) == list(range(n))
    assert class_order(n, seed) == class_order(n, seed)


@given(st.integers(0, 2**31))
def test_purposes_get_independent_seeds(seed: int) -> None:
    seeds = {derive_seed(seed, purpose) for purpose in ("classes", "samples", "learner", "evaluation")}
    assert len(seeds) == 4
    assert all(0 <= s < 2**63 for s in seeds)


def test_derived_seeds_never_change() -> None:
    """Old records must stay reproducible; these numbers were computed when the function was written."""
    assert derive_seed(0, "classes") == 3001940481459391599
    assert derive_seed(1, "learner") == 2063684274304960265
    assert class_order(10, 0) == (2, 0, 4, 1, 7, 6, 9, 5, 8, 3)


def test_different_seeds_give_different_orders() -> None:
    assert len({class_order(10, seed) for seed in range(20)}) > 15


def test_a_private_sequence_neither_shifts_nor_is_shifted() -> None:
    torch.manual_seed(1)
    undisturbed = torch.rand(4)
    alone = RandomSequence(7)
    with alone:
        expected = torch.cat([torch.rand(2), torch.rand(2)])

    torch.manual_seed(1)
    sequence, drawn, outer = RandomSequence(7), [], []
    for _ in range(2):
        with sequence:
            drawn.append(torch.rand(2))
        outer.append(torch.rand(2))
    assert torch.equal(torch.cat(drawn), expected)
    assert torch.equal(torch.cat(outer), undisturbed)


def test_global_state_is_left_as_it_was_found() -> None:
    torch.manual_seed(5)
    np.random.seed(5)  # noqa: NPY002
    random.seed(5)
    states = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()  # noqa: NPY002
    threads, deterministic = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    try:
        with reproducible(0):
            torch.rand(3), np.random.rand(3), random.random()  # noqa: NPY002
            assert torch.get_num_threads() == 1
            assert not torch_deterministic.fill_uninitialized_memory
            assert flushes_denormals()
            raise ZeroDivisionError
    except ZeroDivisionError:
        pass
    assert torch.equal(torch.get_rng_state(), states[0])
    assert (np.random.get_state()[1] == states[1]).all()  # noqa: NPY002
    assert random.getstate() == states[2]
    assert torch.get_num_threads() == threads
    assert torch.are_deterministic_algorithms_enabled() == deterministic
    assert torch_deterministic.fill_uninitialized_memory  # as PyTorch has it
    assert not flushes_denormals()
    try:
        torch.use_deterministic_algorithms(True, warn_only=True)
        with reproducible(0):
            assert not torch.is_deterministic_algorithms_warn_only_enabled()
        assert torch.is_deterministic_algorithms_warn_only_enabled()
    finally:
        torch.use_deterministic_algorithms(deterministic)
