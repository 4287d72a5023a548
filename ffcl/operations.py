"""Floating-point operations, counted as they happen.

While a dispatch mode is active torch takes other formulas for a few gradients (that of ``prod``, say), which may differ
in the last digit. The rules that ffcl ships are not concerned: tests hold some of them, with and without the count.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry


def _matrix_by_vector(matrix: Tensor, *_: Any, **__: Any) -> int:
    return 2 * matrix.numel()


def _added_matrix_by_vector(_: Tensor, matrix: Tensor, *__: Any, **___: Any) -> int:
    return 2 * matrix.numel()


FORMULAS: dict[Any, Callable[..., int]] = {
    **flop_registry,
    torch.ops.aten.mv: _matrix_by_vector,
    torch.ops.aten.dot: _matrix_by_vector,
    torch.ops.aten.addmv: _added_matrix_by_vector,
    torch.ops.aten.addmv_: _added_matrix_by_vector,
}
"""Those of torch, and of products with a vector, which it leaves out."""


class Operations(TorchDispatchMode):
    """Inside ``with Operations() as operations`` the matrix products and convolutions are counted.

    A multiplication and an addition are two; what is done element by element is not counted. The formulas are those of
    `torch.utils.flop_counter`, and products with a vector; its own mode is not used: it takes operations apart as well.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.count = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        formula: Callable[..., int] | None = FORMULAS.get(func.overloadpacket)
        if formula is not None:
            self.count += formula(*args, **kwargs, out_val=result)
        return result


class TrainingOperations:
    """Estimates the operations of all training steps, by counting in few of them.

    Of the steps with the same number of samples in a call of Avalanche's ``train`` the first two are counted, and the
    second stands for those that follow: a step of the first experience may find a buffer empty that the next one does
    not. Of an experience in many pieces the counts are made anew in pieces 1, 2, 4, 8 and so on. Work between
    experiences, such as the importances of EWC, is not in it. Leaving the ``with`` block ends what a step that failed
    has left open.

    Attributes:
        total: operations of all steps so far.
    """

    def __init__(self) -> None:
        self.total = 0
        self._piece = 0
        self._counts: dict[int, list[int]] = {}  # operations of the steps counted, by the samples in them
        self._alike: list[int] = []  # of those with as many samples as the current one
        self._counting = ExitStack()
        self._counted: Operations | None = None

    def around(self, plugins: list[Any]) -> list[Any]:
        """The plugins of a training, with the count begun before and ended after all of theirs."""
        return [_Begin(self), *plugins, _End(self)]

    def begin_experience(self) -> None:
        """The next piece is the first of an experience."""
        self._piece = 0

    def begin_piece(self) -> None:
        """The next step is the first of a piece."""
        self._piece += 1
        if self._piece & (self._piece - 1) == 0:
            self._counts.clear()

    def begin_step(self, samples: int) -> None:
        """A training step begins, with so many samples."""
        self._alike = self._counts.setdefault(samples, [])
        if len(self._alike) < 2:
            self._counted = self._counting.enter_context(Operations())

    def end_step(self) -> None:
        """A training step has ended."""
        self._counting.close()
        if self._counted is not None:
            self._alike.append(self._counted.count)
            self._counted = None
        self.total += self._alike[-1]

    def __enter__(self) -> TrainingOperations:
        return self

    def __exit__(self, *_: object) -> None:
        self._counting.close()  # a step that failed has left it open


class _Begin:
    """Avalanche calls whatever has its callbacks by their names: no base class is needed."""

    def __init__(self, operations: TrainingOperations) -> None:
        self._operations = operations

    def before_training_exp(self, strategy: Any, **kwargs: Any) -> None:
        self._operations.begin_piece()

    def before_training_iteration(self, strategy: Any, **kwargs: Any) -> None:
        self._operations.begin_step(len(strategy.mb_y))


class _End:
    def __init__(self, operations: TrainingOperations) -> None:
        self._operations = operations

    def after_training_iteration(self, strategy: Any, **kwargs: Any) -> None:
        self._operations.end_step()
