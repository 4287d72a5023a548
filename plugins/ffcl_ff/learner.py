"""The Forward-Forward learner."""

from __future__ import annotations

from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn

from ffcl.hypotheses import LabelCodes, wrong_labels
from ffcl.learner import Learner
from ffcl_ff import rule
from ffcl_ff.hyperparameters import FFHyperparameters


class FF(Learner[FFHyperparameters]):
    """Layers of ReLUs, each with its own loss; no gradient crosses a layer.

    The first layer sees the input beside the code of a label, every further layer the normalised output of
    the one before. Both phases of a sample, its right and a wrong label, are in every batch (arXiv 2406.16479
    draws one of the two). The prediction is the label whose goodness, summed over the layers, is highest.
    """

    def __init__(self, input_shape: tuple[int, ...], hyperparameters: FFHyperparameters) -> None:
        super().__init__(input_shape, hyperparameters)
        hp = hyperparameters
        self.codes = LabelCodes(hp.code_bits)
        features = torch.Size(input_shape).numel()
        sizes = [features + hp.code_bits, *[hp.hidden] * hp.layers]
        self.layers = nn.ModuleList(nn.Linear(n_in, n_out) for n_in, n_out in pairwise(sizes))

    @property
    def stack(self) -> list[nn.Linear]:
        """The layers, from the input up."""
        return cast("list[nn.Linear]", self.layers)

    def begin_experience(self, classes: tuple[int, ...]) -> None:
        """Draw the label codes of new classes."""
        self.codes.grow(max(classes) + 1)

    def forward(self, x: Tensor) -> Tensor:
        """Log-odds summed over the layers, for every label hypothesis at once: (batch, classes seen)."""
        from_input, from_codes = self._first_layer(x)
        h = torch.relu(from_input.unsqueeze(1) + from_codes)
        return torch.stack(self._log_odds(h)).sum(0)

    def loss(self, x: Tensor, y: Tensor, allowed: Tensor | None) -> Tensor:
        """Sum of the layers' local losses."""
        wrong, exists = wrong_labels(y, len(self.codes), allowed)
        from_input, from_codes = self._first_layer(x)
        h = torch.relu(torch.stack([from_input + from_codes[y], from_input + from_codes[wrong]]))
        losses = [rule.layer_loss(right, wrong, exists) for right, wrong in self._log_odds(h)]
        return torch.stack(losses).sum()

    def _first_layer(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The first layer's pre-activation, split: from the input (batch, hidden), from each code (classes, hidden)."""
        first = self.stack[0]
        x = x.flatten(1)
        of_input, of_code = first.weight.split([x.shape[1], self.codes.bits], dim=1)
        codes = self.hyperparameters.code_amplitude * self.codes.codes
        return torch.addmm(first.bias, x, of_input.T), codes @ of_code.T

    def _log_odds(self, h: Tensor) -> list[Tensor]:
        """Each layer's log-odds (...), given the first layer's output h (..., hidden)."""
        found = [self._probability(h)]
        for layer in self.stack[1:]:
            h = torch.relu(layer(rule.normalise(h.detach())))  # detached: the error stays in its layer
            found.append(self._probability(h))
        return found

    def _probability(self, h: Tensor) -> Tensor:
        hp = self.hyperparameters
        if hp.probability == "symmetric":
            return rule.symmetric_log_odds(h, hp.epsilon)
        return rule.sigmoid_log_odds(h, hp.theta, hp.alpha)
