"""Norse's leaky integrate-and-fire neurons: step by step, and as a table of what they answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import torch
from norse.torch.functional.lif_box import (
    LIFBoxFeedForwardState,
    LIFBoxParameters,
    lif_box_feed_forward_step,
)
from norse.torch.functional.reset import reset_subtract
from torch import Tensor


def lif_parameters(leak: float, threshold: float) -> LIFBoxParameters:
    """Neurons with v <- leak v + (1 - leak) I, a spike above ``threshold``, which is then subtracted.

    With dt = 1 the inverse time constant is 1 - leak. Nothing is differentiated, so the spike is a plain step
    function, without a surrogate gradient.
    """
    return LIFBoxParameters(
        tau_mem_inv=1.0 - leak,
        v_th=threshold,
        v_leak=0.0,
        v_reset=0.0,
        method="heaviside",
        reset_method=reset_subtract,
    )


@torch.no_grad()
def spike_trains(
    currents: Iterator[Tensor], further: Sequence[Callable[[Tensor], Tensor]], neurons: LIFBoxParameters
) -> Iterator[list[Tensor]]:
    """Run a stack of layers step by step; a layer's spikes reach the one above within the step.

    Args:
        currents: the first layer's input current at each time step (n, neurons).
        further: for each further layer, from the spikes below (n, neurons) to its current (n, neurons).
        neurons: their parameters.

    Yields:
        At each time step the spikes, 0 or 1, of each layer (n, neurons).
    """
    states: list[LIFBoxFeedForwardState | None] = [None] * (len(further) + 1)
    for current in currents:
        spikes: list[Tensor] = []
        for k in range(len(states)):
            layer_current = current if k == 0 else further[k - 1](spikes[-1])
            state = states[k] or LIFBoxFeedForwardState(v=torch.zeros_like(layer_current))
            fired, states[k] = lif_box_feed_forward_step(layer_current, state, neurons, dt=1.0)
            spikes.append(fired)
        yield spikes


def firing_rates(
    current: Tensor, further: Sequence[Callable[[Tensor], Tensor]], steps: int, neurons: LIFBoxParameters
) -> list[Tensor]:
    """The rate, 0 to 1 spikes a step, of each layer's neurons (n, neurons) under a constant current (n, neurons)."""
    total: list[Tensor] = []
    for spikes in spike_trains((current for _ in range(steps)), further, neurons):
        total = [a + b for a, b in zip(total, spikes, strict=True)] if total else spikes
    return [count / steps for count in total]


AT_ONCE = 2**16
"""Currents that are looked up together: they should stay in the processor's cache."""


class Response:
    """What the neurons answer to a constant current, measured once on Norse and looked up ever after.

    From rest, the number of spikes in ``steps`` steps is a function of the current alone. There are only 65,536
    currents in bfloat16: each has its entry in a table. For wider numbers the function is a staircase of ``steps``
    steps, whose edges are found by bisection down to neighbouring floats; in float32 the upper half of a current's
    bits says which of 65,536 cells it lies in, and the lower half on which side of the cell's edge. Every way the
    answer is the simulation's own. A current that is not finite is answered by NaN.

    Args:
        neurons: parameters of the neurons.
        steps: time steps of a presentation.
    """

    def __init__(self, neurons: LIFBoxParameters, steps: int) -> None:
        self.neurons = neurons
        self.steps = steps
        self._table: Tensor | None = None
        self._cells: Tensor | None = None
        self._edges: dict[torch.dtype, Tensor] = {}

    def rate(self, current: Tensor) -> Tensor:
        """Firing rates, 0 to 1 spikes a step, for constant currents of any shape."""
        if current.dtype == torch.bfloat16:
            if self._table is None:
                self._table = self._measure_table()
            entry = current.contiguous().view(torch.int16).to(torch.int32).add_(2**15)
            self._table = self._table.to(current.device)
            return self._table.index_select(0, entry.view(-1)).view(current.shape)
        if current.dtype not in self._edges:
            self._edges[current.dtype] = self._find_edges(current.dtype)
            if current.dtype == torch.float32:
                self._cells = _cells(self._edges[torch.float32], self.steps)
        if current.dtype == torch.float32 and self._cells is not None:
            return self._rate_by_cells(current.contiguous())
        spikes = torch.bucketize(current, self._edges[current.dtype].to(current.device), right=True, out_int32=True)
        return spikes.to(current) / self.steps + 0.0 * current

    def _rate_by_cells(self, current: Tensor) -> Tensor:
        assert self._cells is not None
        self._cells = self._cells.to(current.device)
        rates = torch.arange(self.steps + 2, dtype=torch.float32, device=current.device) / self.steps
        rates[-1] = torch.nan
        found = torch.empty_like(current)
        parts = current.view(torch.int32).view(-1).split(AT_ONCE), found.view(-1).split(AT_ONCE)
        for bits, rate in zip(*parts, strict=True):
            sums = self._cells.index_select(0, (bits >> 16).add_(2**15)).add_(bits & 0xFFFF)
            torch.index_select(rates, 0, sums.bitwise_right_shift_(16), out=rate)
        return found

    def _measure_table(self) -> Tensor:
        """The rate at each bfloat16, in the order of its bits read as an integer."""
        bits = torch.arange(-(2**15), 2**15, dtype=torch.int32).to(torch.int16)
        current = bits.view(torch.bfloat16).float()
        (rate,) = firing_rates(current, [], self.steps, self.neurons)
        return torch.where(current.isfinite(), rate, torch.nan).bfloat16()

    def _find_edges(self, dtype: torch.dtype) -> Tensor:
        """The least currents (steps,) that make 1, 2, ... spikes."""
        integer = torch.int64 if dtype == torch.float64 else torch.int32
        wanted = torch.arange(1, self.steps + 1)
        below = torch.zeros(self.steps, dtype=integer)  # positive floats are ordered as their bits
        above = torch.full((self.steps,), 1e30, dtype=dtype).view(integer)
        while bool((above - below > 1).any()):
            middle = below + (above - below) // 2
            (rate,) = firing_rates(middle.view(dtype), [], self.steps, self.neurons)
            enough = (rate * self.steps).round() >= wanted
            above, below = torch.where(enough, middle, above), torch.where(enough, below, middle)
        return above.view(dtype)


def _cells(edges: Tensor, steps: int) -> Tensor | None:
    """The staircase as a table over the upper 16 bits of a float32, read as an integer (65536,).

    An entry is 65536 times the spikes at the lower end of its cell, plus, in a cell with an edge, what the lower bits
    lack to reach it: entry + lower bits, shifted right by 16, is the number of spikes. ``steps`` + 1 stands for not
    finite.

    Returns:
        The table, or None if a cell has several edges.
    """
    bits = edges.view(torch.int32)
    cells = bits >> 16
    if len(cells.unique()) < len(cells):
        return None
    table = torch.zeros(2**16, dtype=torch.int32)  # from -2^15: the negative currents first, which make no spikes
    spikes = torch.bucketize(torch.arange(2**15, dtype=torch.int32), cells, out_int32=True)
    table[2**15 :] = spikes << 16
    table[2**15 + cells] += 2**16 - (bits & 0xFFFF)
    infinity = 0x7F80  # the upper bits of it; beyond are the numbers that are none
    table[2**15 + infinity :] = (steps + 1) << 16
    table[infinity : 2**15] = (steps + 1) << 16  # the same with a sign
    return table
