"""The spiking Hebbian learner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from ffcl.errors import LearnerError
from ffcl.learner import as_gradient, with_gradient
from ffcl.rules.goodness import contrast, modulated, normalise
from ffcl.rules.hypotheses import likely_wrong_labels, wrong_labels
from ffcl.rules.label_network import HYPOTHESES_AT_ONCE, LabelNetwork
from ffcl.rules.precision import product_dtype
from ffcl_hebbian.hyperparameters import HebbianHyperparameters
from ffcl_hebbian.neurons import Response, firing_rates, lif_parameters, spike_trains


@dataclass(frozen=True)
class Activity:
    """What the synapses of a layer see at each moment at which they may change.

    Attributes:
        pre: presynaptic activity (moments, n, inputs); empty for the first layer, whose input is known.
        trace: postsynaptic trace (moments, n, neurons).
    """

    pre: Tensor
    trace: Tensor


class Hebbian(LabelNetwork[HebbianHyperparameters]):
    """Layers of LIF neurons that learn by modulator x presynaptic activity x postsynaptic trace.

    Nothing is differentiated, and nothing crosses a layer: the modulator, one number a sample and layer (two in
    the symmetric form), is all that a synapse knows of the label.

    With the encoding ``current`` the first layer gets the input and the code of a label as a constant current. A
    neuron's trace is its firing rate times ``gain``, and synapses change once, after the presentation; those of a
    neuron that fires at every step do not, since its rate cannot follow. A single layer is then not simulated but
    looked up, see `ffcl_hebbian.neurons.Response`.

    With ``bernoulli``, the encoding of arXiv 2406.16479, input and code are spikes drawn at every step; the trace
    is a running average of the output spikes, times ``gain``, and synapses change at every step after the first
    ``settling``, by an eligibility trace of modulator x pre x post that decays by ``eligibility``. The changes
    of one presentation are summed and applied by the optimizer at its end. In evaluation every sample of a batch is
    encoded with the same random numbers, so that its scores do not depend on the batch.

    Both phases of a sample are in every batch, and see the same input spikes.
    """

    def __init__(self, input_shape: tuple[int, ...], hyperparameters: HebbianHyperparameters) -> None:
        super().__init__(input_shape, hyperparameters)
        self.neurons = lif_parameters(hyperparameters.leak, hyperparameters.threshold)
        self.response = Response(self.neurons, hyperparameters.steps)

    def forward(self, x: Tensor) -> Tensor:
        """Evidence summed over the layers, for every label hypothesis at once: (batch, classes seen).

        Its gradient is the Hebbian update too: what is asked of a label's evidence is the modulator of what fires
        under that label.
        """
        with torch.no_grad():
            shown, shown_codes, from_input, from_codes = self._first_layer(x, alike=True)
            parts = from_input.split(max(1, HYPOTHESES_AT_ONCE // len(self.codes)), dim=1)
            believed = [self._believed(part, from_codes, self.hyperparameters.layers) for part in parts]
            scores = torch.cat(believed).to(self.of_input.weight.dtype)
        if not torch.is_grad_enabled():
            return scores

        def pullback(grad: Tensor) -> dict[Tensor, Tensor]:
            labels = torch.arange(len(self.codes), device=x.device).repeat_interleave(len(x))
            activities = self._presented(labels, from_input, from_codes)
            errors = [(grad.T / len(a.trace)).unsqueeze(1).expand(-1, len(a.trace), -1) for a in activities]
            return self._updates(shown, shown_codes, labels, activities, errors)

        return with_gradient(scores, pullback, self.parameters())

    def _believed(self, from_input: Tensor, from_codes: Tensor, layers: int) -> Tensor:
        """Evidence for each label, summed over the first ``layers``: (batch, classes)."""
        current = (from_input.unsqueeze(2) + from_codes.unsqueeze(1)).flatten(1, 2)
        evidence = [self._evidence(activity.trace) for activity in self._activities(current, layers)]
        return torch.stack(evidence).sum(0).view(from_input.shape[1], from_codes.shape[1])

    @torch.no_grad()
    def loss(self, x: Tensor, y: Tensor, allowed: Tensor | None) -> Tensor:
        """Sum of the layers' losses, whose gradients are the Hebbian updates."""
        shown, shown_codes, from_input, from_codes = self._first_layer(x)
        wrong, exists = self._wrong_labels(from_input, from_codes, y, allowed)
        labels = torch.cat([y, wrong])
        activities = self._presented(labels, from_input, from_codes)
        values, errors = zip(*(self._local(activity.trace, exists) for activity in activities), strict=True)
        penalty = self.hyperparameters.rate_penalty
        updates = self._updates(shown, shown_codes, labels, activities, errors, penalty)
        with torch.enable_grad():
            return as_gradient(sum(values[1:], values[0]), updates, handed_over=True)

    def _local(self, trace: Tensor, exists: Tensor) -> tuple[Tensor, Tensor]:
        """One layer's loss, from its own trace (moments, n, neurons), and its derivative by the log-odds.

        Returns:
            A scalar, and the derivative (phases, moments, batch).
        """
        hp, moments = self.hyperparameters, len(trace)
        goodness = self.evidence.goodness(trace)
        phases = self.evidence.log_odds(goodness).view(moments, 2, -1).transpose(0, 1)
        value, error = contrast(hp.contrast, phases.flatten(1), exists.repeat(moments))
        if hp.rate_penalty:
            value = value + hp.rate_penalty * goodness.sum(-1).mean()
        return value, error.view(2, moments, -1)

    def _presented(self, labels: Tensor, from_input: Tensor, from_codes: Tensor) -> list[Activity]:
        """The activity when every sample is shown with each of its labels (phases x batch,)."""
        current = from_codes.index_select(1, labels).unflatten(1, (-1, from_input.shape[1]))
        return self._activities(current.add_(from_input.unsqueeze(1)).flatten(1, 2), self.hyperparameters.layers)

    @torch.no_grad()
    def _updates(
        self,
        shown: Tensor,
        codes: Tensor,
        labels: Tensor,
        activities: Sequence[Activity],
        errors: Sequence[Tensor],
        penalty: float = 0.0,
    ) -> dict[Tensor, Tensor]:
        """The updates of all layers, each from its own activity and error.

        Args:
            shown: frames of the input (frames, batch, features).
            codes: frames of the label codes (frames, classes, bits).
            labels: what the inputs were shown with (phases x batch,).
            activities: each layer's activity then.
            errors: for each layer the derivative of the loss by its log-odds (phases, moments, batch).
            penalty: of the mean goodness.
        """
        factors = [self._factors(a.trace, error, penalty) for a, error in zip(activities, errors, strict=True)]
        updates = self._first_updates(shown, codes, labels, factors[0])
        for layer, activity, factor in zip(self.upper, activities[1:], factors[1:], strict=True):
            pre = activity.pre.flatten(0, 1).to(factor)
            updates[layer.weight] = (factor.flatten(0, 1).T @ pre).to(layer.weight)
        return updates

    def _factors(self, trace: Tensor, error: Tensor, penalty: float) -> Tensor:
        """Modulator x post for a layer's synapses, from its own trace and error."""
        hp, moments = self.hyperparameters, len(trace)
        goodness = self.evidence.goodness(trace)
        modulator = error.transpose(0, 1).reshape(moments, -1, 1) * self.evidence.slope(goodness)
        if penalty:
            modulator = modulator + penalty / goodness[..., 0].numel()
        if hp.encoding == "current":  # a running average is as high after a single spike, if the leak is low
            trace = trace * (trace < 0.999 * hp.gain)
        return self._eligible(modulated(trace, self.evidence.per_neuron(modulator, hp.hidden)))

    @torch.no_grad()
    def latents(self, x: Tensor, labels: Tensor) -> list[Tensor]:
        """Each layer's firing rates when these labels are shown with the inputs: (batch, neurons) each."""
        _, _, from_input, from_codes = self._first_layer(x, alike=True)
        activities = self._activities(from_input + from_codes.index_select(1, labels), self.hyperparameters.layers)
        return [activity.trace.float().mean(0) / self.hyperparameters.gain for activity in activities]

    @torch.no_grad()
    def features(self, x: Tensor) -> Tensor:
        """Each layer's firing rates when no label is shown, side by side: (batch, layers x neurons)."""
        _, _, from_input, _ = self._first_layer(x, alike=True)
        activities = self._activities(from_input + self.of_input.bias.to(from_input), self.hyperparameters.layers)
        return torch.cat([activity.trace.float().mean(0) / self.hyperparameters.gain for activity in activities], dim=1)

    def _first_layer(self, x: Tensor, alike: bool = False) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """What is shown to the first layer, and the current it gets of it.

        With a constant current there is one frame, with Bernoulli spikes one a step. All samples of a batch see
        the same spikes of a class's code; if ``alike``, of equal inputs too.

        Returns:
            Frames of the input (frames, batch, features) and of the codes (frames, classes, bits); the currents
            of the input (frames, batch, neurons) and of the codes (frames, classes, neurons).

        Raises:
            LearnerError: an input is not finite.
        """
        hp, weight = self.hyperparameters, self.of_input.weight
        x = x.flatten(1).to(weight.dtype)
        if not torch.isfinite(x.sum()):
            raise LearnerError("The inputs hold values that are not finite; spikes would hide it.")
        x = normalise(x) if hp.normalise_input else x
        dtype = product_dtype(hp.precision, weight)
        shown, codes = x.unsqueeze(0), (hp.code_amplitude * self.codes.codes).unsqueeze(0)
        if hp.encoding == "bernoulli":
            noise = torch.rand(hp.steps, 1 if alike else len(x), x.shape[1], device=x.device)
            code_noise = torch.rand(hp.steps, *self.codes.codes.shape, device=x.device)
            shown, codes = (noise < hp.intensity * x).to(x), (code_noise < hp.intensity * codes).to(x)
        shown = shown.to(dtype)
        from_input = shown @ weight.to(dtype).T
        from_codes = nn.functional.linear(codes, self.of_code.weight, self.of_input.bias)
        return shown, codes, from_input, from_codes.to(dtype)

    def _wrong_labels(
        self, from_input: Tensor, from_codes: Tensor, y: Tensor, allowed: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        if self.hyperparameters.negatives == "random":
            return wrong_labels(y, len(self.codes), allowed)
        columns = [
            self._believed(from_input, codes, layers=1)
            for codes in from_codes.split(max(1, HYPOTHESES_AT_ONCE // len(y)), dim=1)
        ]
        return likely_wrong_labels(y, torch.cat(columns, 1), allowed)

    def _evidence(self, trace: Tensor) -> Tensor:
        """The mean log-odds (n,) over the moments of a trace (moments, n, neurons)."""
        return self.evidence.log_odds(self.evidence.goodness(trace)).mean(0)

    def _activities(self, current: Tensor, layers: int) -> list[Activity]:
        """The activity of the first ``layers``, given the first one's current (frames, n, neurons)."""
        hp = self.hyperparameters
        further = [partial(self._current, layer) for layer in self.upper[: layers - 1]]
        if hp.encoding == "bernoulli":
            return self._moments(current.float(), further)
        if further:
            rates = firing_rates(current[0].float(), further, hp.steps, self.neurons)
        else:
            rates = [self.response.rate(current[0])]
        traces = [hp.gain * rate.unsqueeze(0) for rate in rates]
        return [Activity(pre, trace) for pre, trace in zip([traces[0][:0], *traces], traces, strict=False)]

    def _moments(self, current: Tensor, further: list[partial[Tensor]]) -> list[Activity]:
        """Follow the spikes step by step, and the traces from ``settling`` on."""
        hp = self.hyperparameters
        traces: list[Tensor] = []
        moments: list[list[tuple[Tensor, Tensor]]] = []
        for step, spikes in enumerate(spike_trains(iter(current), further, self.neurons)):
            traces = [
                hp.leak * trace + (1.0 - hp.leak) * fired
                for trace, fired in zip(traces or [torch.zeros_like(s) for s in spikes], spikes, strict=True)
            ]
            if step >= hp.settling:
                below = [spikes[0][:0], *spikes[:-1]]
                moments.append([(hp.gain * pre, hp.gain * trace) for pre, trace in zip(below, traces, strict=True)])
        return [
            Activity(torch.stack([m[k][0] for m in moments]), torch.stack([m[k][1] for m in moments]))
            for k in range(len(moments[0]))
        ]

    def _eligible(self, factors: Tensor) -> Tensor:
        """What each moment adds in all, through an eligibility trace that decays until the presentation ends."""
        kept, moments = self.hyperparameters.eligibility, len(factors)
        if kept == 0.0 or moments == 1:
            return factors
        left = torch.arange(moments, 0, -1, device=factors.device)  # moments from this one to the last
        return factors * ((1.0 - kept**left) / (1.0 - kept)).to(factors).view(-1, 1, 1)

    def _first_updates(self, shown: Tensor, codes: Tensor, labels: Tensor, factors: Tensor) -> dict[Tensor, Tensor]:
        """The first layer's updates: the phases of a sample share its input."""
        weight = self.of_input.weight
        shown, codes, factors = shown[-len(factors) :], codes[-len(factors) :], factors.to(shown)
        who = nn.functional.one_hot(labels, len(self.codes)).to(factors)
        of_classes = (who.T @ factors).to(weight)  # (moments, classes, neurons)
        of_inputs = factors.unflatten(1, (-1, shown.shape[1])).sum(1)
        return {
            weight: (of_inputs.flatten(0, 1).T @ shown.flatten(0, 1)).to(weight),
            self.of_code.weight: of_classes.flatten(0, 1).T @ codes.flatten(0, 1),
            self.of_input.bias: of_classes.sum((0, 1)),
        }

    def _current(self, layer: nn.Linear, spikes: Tensor) -> Tensor:
        current: Tensor = layer(self.hyperparameters.gain * spikes.to(layer.weight))
        return current
