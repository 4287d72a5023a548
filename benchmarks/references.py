"""What the learners are timed against, written plainly: back-propagation, autograd Forward-Forward, a spiking loop.

These are the formulations found in public code, not tuned beyond it, with one exception in their favour: all use
PyTorch's fused Adam, so that no ratio is owed to the optimizer. `rules.py` times them.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from norse.torch.functional.lif_box import LIFBoxFeedForwardState, lif_box_feed_forward_step
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, softplus

from ffcl_hebbian.neurons import lif_parameters

CLASSES, PIXELS = 10, 784


class MLP:
    """Back-propagation in bare PyTorch: ReLUs, cross-entropy, Adam; float32, or autocast to bfloat16."""

    def __init__(self, layers: int, hidden: int, bfloat16: bool = False) -> None:
        sizes = [PIXELS, *[hidden] * layers]
        body = [module for n_in, n_out in pairwise(sizes) for module in (nn.Linear(n_in, n_out), nn.ReLU())]
        self.network = nn.Sequential(nn.Flatten(), *body, nn.Linear(hidden, CLASSES))
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=1e-3, fused=True)
        self.bfloat16 = bfloat16

    def train(self, x: Tensor, y: Tensor) -> None:
        """One step of Adam."""
        self.optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=self.bfloat16):
            loss = cross_entropy(self.network(x), y)
        loss.backward()
        self.optimizer.step()

    @torch.no_grad()
    def scores(self, x: Tensor) -> Tensor:
        """Logits."""
        with torch.autocast("cpu", torch.bfloat16, enabled=self.bfloat16):
            scores: Tensor = self.network(x)
        return scores


class ReferenceFF:
    """Forward-Forward as it is commonly written (after Hinton 2022, arXiv 2212.13345), in float32.

    The label lies on the first ten pixels. Each layer normalises its input, has a goodness with a threshold, and
    its own backward() and Adam. A layer's outputs are handed on as they were before its update; code that
    computes them anew afterwards is slower still.
    """

    THRESHOLD = 2.0

    def __init__(self, layers: int, hidden: int) -> None:
        self.layers = [nn.Linear(n_in, n_out) for n_in, n_out in pairwise([PIXELS, *[hidden] * layers])]
        self.optimizers = [torch.optim.Adam(layer.parameters(), lr=1e-3, fused=True) for layer in self.layers]

    @staticmethod
    def overlaid(x: Tensor, labels: Tensor) -> Tensor:
        """Images with their labels on the first pixels."""
        x = x.flatten(1).clone()
        x[:, :CLASSES] = 0.0
        x[torch.arange(len(x)), labels] = 1.0
        return x

    @staticmethod
    def output(layer: nn.Linear, x: Tensor) -> Tensor:
        """What a layer makes of its input, normalised."""
        return torch.relu(layer(x / (x.norm(2, 1, keepdim=True) + 1e-4)))

    def train(self, x: Tensor, y: Tensor) -> None:
        """One step of each layer's Adam, with random wrong labels."""
        wrong = (y + torch.randint(1, CLASSES, y.shape)) % CLASSES
        positive, negative = self.overlaid(x, y), self.overlaid(x, wrong)
        for layer, optimizer in zip(self.layers, self.optimizers, strict=True):
            positive, negative = self.output(layer, positive), self.output(layer, negative)
            right, other = positive.square().mean(1), negative.square().mean(1)
            loss = softplus(torch.cat([self.THRESHOLD - right, other - self.THRESHOLD])).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            positive, negative = positive.detach(), negative.detach()

    @torch.no_grad()
    def scores(self, x: Tensor) -> Tensor:
        """Goodness summed over the layers, one pass a label."""
        columns = []
        for label in range(CLASSES):
            h, goodness = self.overlaid(x, torch.full((len(x),), label)), torch.zeros(len(x))
            for layer in self.layers:
                h = self.output(layer, h)
                goodness += h.square().mean(1)
            columns.append(goodness)
        return torch.stack(columns, 1)


class SpikingLoop:
    """Hebbian Forward-Forward as arXiv 2406.16479 describes it: time steps one by one, one label at a time.

    Image and label code are Bernoulli spikes, drawn anew at every step. From step 17 of 24 on each step adds
    modulator x postsynaptic trace x presynaptic spikes to an eligibility trace, and that to the weights. Of each
    sample one phase is shown, its right or a wrong label. A batch of one is the online form; a larger one shares
    the steps and the updates.
    """

    STEPS, SETTLING, BITS, LEAK, THRESHOLD, THETA, INTENSITY = 24, 16, 100, 0.85, 0.45, 3.5, 0.25

    def __init__(self, hidden: int) -> None:
        self.weight = torch.randn(hidden, PIXELS + self.BITS) * PIXELS**-0.5
        self.codes = (torch.rand(CLASSES, self.BITS) < 0.3).float()
        self.neurons = lif_parameters(self.LEAK, self.THRESHOLD)

    @torch.no_grad()
    def present(self, x: Tensor, labels: Tensor, sign: Tensor | None = None) -> Tensor:
        """The goodness (n,); with signs (n,), 1 for right labels and -1 for wrong ones, the weights learn."""
        drive = self.INTENSITY * torch.cat([x.flatten(1), self.codes[labels]], 1)
        state = LIFBoxFeedForwardState(v=torch.zeros(len(x), len(self.weight)))
        trace, goodness = torch.zeros(len(x), len(self.weight)), torch.zeros(len(x))
        eligibility = torch.zeros_like(self.weight)
        for step in range(self.STEPS):
            pre = (torch.rand_like(drive) < drive).float()
            fired, state = lif_box_feed_forward_step(pre @ self.weight.T, state, self.neurons, dt=1.0)
            trace = self.LEAK * trace + (1.0 - self.LEAK) * fired
            if step < self.SETTLING:
                continue
            latest = trace.square().sum(1)
            goodness += latest
            if sign is not None:
                modulator = sign * torch.sigmoid(sign * (self.THETA - latest)) / len(x)
                eligibility = self.LEAK * eligibility + (modulator.unsqueeze(1) * trace).T @ pre
                self.weight += 1e-2 * eligibility
        return goodness

    def train(self, x: Tensor, y: Tensor) -> None:
        """Present each sample once, with its right or a wrong label."""
        right = torch.rand(len(x)) < 0.5
        wrong = (y + torch.randint(1, CLASSES, y.shape)) % CLASSES
        self.present(x, torch.where(right, y, wrong), torch.where(right, 1.0, -1.0))

    def scores(self, x: Tensor) -> Tensor:
        """Goodness summed over the late steps, one presentation a label."""
        return torch.stack([self.present(x, torch.full((len(x),), label)) for label in range(CLASSES)], 1)
