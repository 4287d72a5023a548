"""The spiking Hebbian learner."""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn

from ffcl.hypotheses import LabelCodes, wrong_labels
from ffcl.learner import Learner, as_gradient
from ffcl_hebbian import rule
from ffcl_hebbian.hyperparameters import HebbianHyperparameters
from ffcl_hebbian.neurons import lif_parameters, run_layers


class Hebbian(Learner[HebbianHyperparameters]):
    """Layers of LIF neurons that learn by modulator x presynaptic activity x postsynaptic trace.

    The first layer gets the input and the code of a label as a constant current, every further layer the
    spikes of the one before, step by step. A neuron's trace is its firing rate times ``gain``; a layer's
    goodness is the squared length of its traces. The modulator, one number a sample (two in the symmetric
    form), is all that a synapse knows of the label; nothing is differentiated, and nothing crosses a layer.

    Deviations from arXiv 2406.16479: a constant current in place of Bernoulli spikes, the update once after
    the presentation in place of at every late step, both phases of a sample in every batch, and no update of
    a neuron that fires at every step, whose rate cannot follow.
    """

    def __init__(self, input_shape: tuple[int, ...], hyperparameters: HebbianHyperparameters) -> None:
        super().__init__(input_shape, hyperparameters)
        hp = hyperparameters
        self.codes = LabelCodes(hp.code_bits)
        self.features = torch.Size(input_shape).numel()
        self.neurons = lif_parameters(hp.leak, hp.threshold)
        sizes = [self.features + hp.code_bits, *[hp.hidden] * hp.layers]
        self.layers = nn.ModuleList(nn.Linear(n_in, n_out) for n_in, n_out in pairwise(sizes))

    @property
    def stack(self) -> list[nn.Linear]:
        """The layers, from the input up."""
        return cast("list[nn.Linear]", self.layers)

    def begin_experience(self, classes: tuple[int, ...]) -> None:
        """Draw the label codes of new classes."""
        self.codes.grow(max(classes) + 1)

    @torch.no_grad()
    def forward(self, x: Tensor) -> Tensor:
        """Log-odds summed over the layers, for every label hypothesis at once: (batch, classes seen)."""
        of_input, of_code = self.stack[0].weight.split([self.features, self.codes.bits], dim=1)
        from_input = torch.addmm(self.stack[0].bias, x.flatten(1), of_input.T)
        from_codes = self._code_currents(slice(None)) @ of_code.T
        current = (from_input.unsqueeze(1) + from_codes).flatten(0, 1)
        log_odds = torch.stack([self._log_odds(rate) for rate in self._rates(current)]).sum(0)
        return log_odds.view(len(x), len(self.codes))

    @torch.no_grad()
    def loss(self, x: Tensor, y: Tensor, allowed: Tensor | None) -> Tensor:
        """Sum of the layers' cross-entropies, whose gradients are the Hebbian updates."""
        wrong, exists = wrong_labels(y, len(self.codes), allowed)
        labels = torch.cat([y, wrong])
        target = torch.cat([torch.ones_like(exists), torch.zeros_like(exists)]).to(x)
        weight = torch.cat([torch.ones_like(exists), exists]).to(x)
        weight = weight / weight.sum()

        pre = torch.cat([x.flatten(1).repeat(2, 1), self._code_currents(labels)], dim=1)
        value = torch.zeros(())
        updates: dict[Tensor, Tensor] = {}
        for layer, rate in zip(self.stack, self._rates(self.stack[0](pre)), strict=True):
            value = value + (weight * rule.cross_entropy(self._log_odds(rate), target)).sum()
            post = self.hyperparameters.gain * rate
            responsive = post * (rate < 1)
            of_weights, of_biases = rule.three_factor_update(self._modulator(post, target), pre, responsive, weight)
            updates[layer.weight], updates[layer.bias] = of_weights, of_biases
            pre = post
        with torch.enable_grad():
            return as_gradient(value, updates)

    def _code_currents(self, labels: Tensor | slice) -> Tensor:
        return self.hyperparameters.code_amplitude * self.codes.codes[labels]

    def _rates(self, current: Tensor) -> list[Tensor]:
        hp = self.hyperparameters
        further = [partial(self._current, layer) for layer in self.stack[1:]]
        return run_layers(current, further, hp.steps, self.neurons)

    def _current(self, layer: nn.Linear, spikes: Tensor) -> Tensor:
        current: Tensor = layer(self.hyperparameters.gain * spikes)
        return current

    def _log_odds(self, rate: Tensor) -> Tensor:
        hp, trace = self.hyperparameters, self.hyperparameters.gain * rate
        if hp.probability == "symmetric":
            return rule.symmetric_log_odds(trace, hp.epsilon)
        return rule.sigmoid_log_odds(trace, hp.theta, hp.alpha)

    def _modulator(self, trace: Tensor, target: Tensor) -> Tensor:
        hp = self.hyperparameters
        if hp.probability == "symmetric":
            return rule.symmetric_modulator(trace, target, hp.epsilon)
        return rule.sigmoid_modulator(trace, target, hp.theta, hp.alpha)
