"""torch's random numbers: private sequences, and the global state left as it was found."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

import numpy as np
import torch
import torch.utils.deterministic
from torch import Tensor

DETERMINISTIC: Any = torch.utils.deterministic  # its one property is of the module, and PyTorch has no type for that


class RandomSequence:
    """A private sequence of torch's global random numbers: inside ``with sequence:`` torch draws from it.

    The learner lives inside one, so that what a rule draws does not shift the order of the samples, which all learners
    of a seed share. Outside are the gradients that a strategy's plugin takes by itself: a rule that draws while its
    gradient is made, not its loss, shifts the order there.
    """

    def __init__(self, seed: int) -> None:
        self._state: Tensor = torch.Generator().manual_seed(seed).get_state()
        self._outer: Tensor | None = None

    def __enter__(self) -> None:
        self._outer = torch.get_rng_state()
        torch.set_rng_state(self._state)

    def __deepcopy__(self, memo: object) -> RandomSequence:
        """A copy of a learner goes on drawing from the same sequence."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._outer is not None
        self._state = torch.get_rng_state()
        torch.set_rng_state(self._outer)


def flushes_denormals() -> bool:
    """Whether numbers too small to be written with full precision are taken for 0; PyTorch only lets one set it."""
    return torch.tensor(1e-38, dtype=torch.float32).mul(1e-3).item() == 0.0


@contextmanager
def reproducible(seed: int, *, fill_memory: bool = False) -> Iterator[None]:
    """Seed every global generator, use one thread and deterministic kernels; restore all of it afterwards.

    One thread: sums are then added up in one order, and several runs share the cores best. Numbers below 1e-38 are 0:
    processors are many times slower on them, and the optimizer of a learner that has nothing left to learn is full of
    them.

    Args:
        seed: of the generators.
        fill_memory: have every new tensor filled with NaN, so that code is found out that reads what it never wrote.
            PyTorch does so with deterministic kernels unless told otherwise; with large networks it takes a third of
            the time.
    """
    states = torch.get_rng_state(), np.random.get_state(), random.getstate()  # noqa: NPY002
    threads, deterministic = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
    flushed = flushes_denormals()
    filled = DETERMINISTIC.fill_uninitialized_memory
    dtype, grad = torch.get_default_dtype(), torch.is_grad_enabled()
    try:
        torch.set_num_threads(1)
        torch.use_deterministic_algorithms(True)
        DETERMINISTIC.fill_uninitialized_memory = fill_memory
        torch.set_flush_denormal(True)
        torch.set_default_dtype(torch.float32)
        torch.set_grad_enabled(True)
        torch.default_generator.manual_seed(seed)  # not torch.manual_seed: that also touches every device
        np.random.seed(seed % 2**32)  # noqa: NPY002
        random.seed(seed)
        yield
    finally:
        torch.set_grad_enabled(grad)
        torch.set_default_dtype(dtype)
        torch.set_flush_denormal(flushed)
        DETERMINISTIC.fill_uninitialized_memory = filled
        torch.use_deterministic_algorithms(deterministic, warn_only=warn_only)
        torch.set_num_threads(threads)
        torch.set_rng_state(states[0])
        np.random.set_state(states[1])  # noqa: NPY002
        random.setstate(states[2])
