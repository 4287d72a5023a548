"""Norse's leaky integrate-and-fire neurons, run over the time steps of one presentation."""

from __future__ import annotations

from collections.abc import Callable, Sequence

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

    With dt = 1 the inverse time constant is 1 - leak.
    """
    return LIFBoxParameters(
        tau_mem_inv=torch.tensor(1.0 - leak),
        v_th=torch.tensor(threshold),
        reset_method=reset_subtract,
    )


@torch.no_grad()
def run_layers(
    current: Tensor, further: Sequence[Callable[[Tensor], Tensor]], steps: int, neurons: LIFBoxParameters
) -> list[Tensor]:
    """Run a stack of layers on a constant input current, spike by spike.

    Args:
        current: the first layer's input current, constant over time (n, neurons).
        further: for each further layer, from the spikes below (n, neurons) to its current (n, neurons).
        steps: number of time steps.
        neurons: their parameters.

    Returns:
        For each layer the firing rate of its neurons, 0 to 1 spikes a step (n, neurons).
    """
    states: list[LIFBoxFeedForwardState | None] = [None] * (len(further) + 1)
    counts: list[Tensor] = [torch.zeros(())] * len(states)
    for _ in range(steps):
        layer_current = current
        for k in range(len(states)):
            state = states[k] or LIFBoxFeedForwardState(v=torch.zeros_like(layer_current))
            spikes, states[k] = lif_box_feed_forward_step(layer_current, state, neurons, dt=1.0)
            counts[k] = counts[k] + spikes
            if k < len(further):
                layer_current = further[k](spikes)
    return [count / steps for count in counts]
