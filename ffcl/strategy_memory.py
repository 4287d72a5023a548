"""How much a strategy keeps beside the learner."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any

import numpy as np
from avalanche.benchmarks.utils import AvalancheDataset
from torch import Tensor, nn

from ffcl.training import Training

OWNERS = ("avalanche.training", "avalanche.benchmarks.utils", "ffcl")
"""Packages whose objects are looked into, where a plugin holds some, as are those of the strategy's own package and of
those that its classes come from."""
WIDE = {"avalanche", "torch", "builtins"}
"""Packages that are too wide for that: their objects hold all kinds of things."""


def strategy_bytes(plugins: Iterable[object], learner: nn.Module, package: str) -> int:
    """Bytes of all that these plugins keep: stored samples, importances, old copies of the learner.

    A tensor that several things share counts once; the learner's own parameters and buffers do not count. A stored
    sample counts with its input, its label and its task, also where it is only referred to: it must be kept when the
    stream has gone.

    Args:
        plugins: what the strategy has added to the run.
        learner: the trained learner.
        package: the strategy's own, by whose classes it may keep things.
    """
    plugins = list(plugins)
    bases = {base.__module__.partition(".")[0] for plugin in plugins for base in type(plugin).__mro__}
    walk = _Walk(learner, tuple(f"{owner}." for owner in {*OWNERS, package, *bases - WIDE}))
    for plugin in plugins:
        walk.look_into(plugin)
    return walk.bytes


class _Walk:
    def __init__(self, learner: nn.Module, owners: tuple[str, ...]) -> None:
        self.bytes = 0
        self._owners = owners
        self._learner = learner
        self._seen = {t.data_ptr() for t in (*learner.parameters(), *learner.buffers())}
        self._visited: set[int] = set()
        self._kept: list[object] = []  # so that no id is used twice

    def visit(self, thing: object) -> None:
        """Count a thing that a plugin holds."""
        if thing is None or isinstance(thing, (str, bytes, int, float, type)) or id(thing) in self._visited:
            return
        if isinstance(thing, Tensor):
            self._tensor(thing)
            return
        self._visited.add(id(thing))
        self._kept.append(thing)
        if isinstance(thing, AvalancheDataset):
            self.bytes += _samples_bytes(thing)
        elif isinstance(thing, nn.Module):
            if all(module is not self._learner for module in thing.modules()):
                for tensor in (*thing.parameters(), *thing.buffers()):
                    self._tensor(tensor)
        elif isinstance(thing, Mapping):
            for value in thing.values():
                self.visit(value)
        elif isinstance(thing, np.ndarray):
            self.bytes += thing.nbytes
        elif isinstance(thing, (Sequence, Set)):  # lists, deques and the like
            for value in thing:
                self.visit(value)
        elif f"{type(thing).__module__}.".startswith(self._owners) and not isinstance(thing, Training):
            self.look_into(thing)

    def look_into(self, thing: object) -> None:
        """Count what the attributes of an object hold."""
        self._visited.add(id(thing))
        for value in vars(thing).values() if hasattr(thing, "__dict__") else ():
            self.visit(value)

    def _tensor(self, tensor: Tensor) -> None:
        pointer = tensor.data_ptr()
        if tensor.numel() and pointer not in self._seen:
            self._seen.add(pointer)
            self._kept.append(tensor)
            self.bytes += tensor.numel() * tensor.element_size()


def _samples_bytes(data: Any) -> int:
    """Bytes of the samples of a data set, as tuples of input, label and task."""
    if not len(data):
        return 0
    sample = data[0]
    return len(data) * sum(t.numel() * t.element_size() if isinstance(t, Tensor) else 8 for t in sample)
