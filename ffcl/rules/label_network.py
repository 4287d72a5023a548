"""What all networks that are shown a label beside their input have in common: layers and label codes."""

from __future__ import annotations

from typing import TypeVar, cast

import torch
from torch import nn

from ffcl.learner import Learner, step_size
from ffcl.rules.goodness import Evidence
from ffcl.rules.hypotheses import LabelCodes
from ffcl.rules.parameters import LabelNetworkParameters

HYPOTHESES_AT_ONCE = 1280
"""Pairs of a sample and a label that are scored together: their activity should stay in the processor's cache."""


H = TypeVar("H", bound=LabelNetworkParameters)


class LabelNetwork(Learner[H]):
    """The layers, without a rule: the first sees the input beside the code of a label, the others the one below.

    Attributes:
        codes: the label codes.
        evidence: how goodness speaks for a label.
        of_input: the first layer's weights of the input, and its biases.
        of_code: its weights of the code.
        further: the layers above the first; they have no biases.
    """

    def __init__(self, input_shape: tuple[int, ...], hyperparameters: H) -> None:
        super().__init__(input_shape, hyperparameters)
        hp = hyperparameters
        self.codes = LabelCodes(hp.code_bits)
        theta = hp.theta if hp.contrast == "each" else 0.0  # in a pair it would cancel out, but for rounding
        self.evidence = Evidence(hp.probability, theta, hp.alpha, hp.epsilon)
        features = torch.Size(input_shape).numel()
        self.of_input = nn.Linear(features, hp.hidden)
        self.of_code = nn.Linear(hp.code_bits, hp.hidden, bias=False)
        self.further = nn.ModuleList(nn.Linear(hp.hidden, hp.hidden, bias=False) for _ in range(hp.layers - 1))
        for layer in (self.of_input, self.of_code):
            nn.init.normal_(layer.weight, std=hp.initial_scale * features**-0.5)
        for layer in self.upper:
            nn.init.normal_(layer.weight, std=hp.initial_scale * hp.hidden**-0.5)
        nn.init.zeros_(self.of_input.bias)

    @property
    def upper(self) -> list[nn.Linear]:
        """The layers above the first."""
        return cast("list[nn.Linear]", list(self.further))

    def begin_experience(self, classes: tuple[int, ...]) -> None:
        """Draw the label codes of new classes."""
        self.codes.grow(max(classes) + 1)

    def step_size(self, progress: float) -> float:
        """The course of the step size, as ``schedule`` says."""
        return step_size(self.hyperparameters.schedule, progress)
