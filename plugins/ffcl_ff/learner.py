"""The Forward-Forward learner."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ffcl.learner import as_gradient, with_gradient
from ffcl.rules.goodness import contrast, inverse_mean_square, modulated, normalise
from ffcl.rules.hypotheses import likely_wrong_labels, wrong_labels
from ffcl.rules.label_network import HYPOTHESES_AT_ONCE, LabelNetwork
from ffcl.rules.precision import product_dtype
from ffcl_ff.hyperparameters import FFHyperparameters
from ffcl_ff.winners import largest


@dataclass(frozen=True)
class Activity:
    """What the synapses of a layer see of n inputs.

    Attributes:
        pre: the layer's input (n, inputs); in the first layer its own output, the input being shared by phases.
        post: its output (n, neurons).
        goodness: that of its output, scaled (n, groups).
        scale: of the goodness (n,): input and output are yet to be multiplied by its square root, by which the
            input is normalised; the ReLU being homogeneous, that may wait.
    """

    pre: Tensor
    post: Tensor
    goodness: Tensor
    scale: Tensor

    @property
    def scaled(self) -> Tensor:
        """Its output (n, neurons), multiplied by what is yet to be."""
        return self.post.float() * self.scale.sqrt().unsqueeze(1)

    def of(self, rows: Tensor) -> Activity:
        """The activity under some of the inputs, chosen by a mask (n,)."""
        return Activity(self.pre[rows], self.post[rows], self.goodness[rows], self.scale[rows])


class FF(LabelNetwork[FFHyperparameters]):
    """Layers of ReLUs, or sigmoids, each with its own loss; no gradient crosses a layer.

    The first layer sees the input beside the code of a label, every further layer the output of the one before,
    scaled to mean square 1 so that it does not tell the goodness. The prediction is the label whose evidence,
    summed over the layers, is highest. Both phases of a sample, its right and a wrong label, are in every batch
    (arXiv 2406.16479 draws one of the two).

    The input's product with the first layer is made once a sample and shared by all label hypotheses and both
    phases. The further layers have no biases, so that their normalisation is one factor a sample, which is
    folded into goodness and modulator. Sigmoids would not let it through: their outputs, all between 0 and 1, go up
    as they are (as in arXiv 2409.07387).

    With ``winners`` only the k largest outputs of each group of neurons pass, the groups being those that have a
    goodness each: a layer, or its halves in the symmetric form (as in arXiv 2409.07387). What does not pass is 0,
    to the goodness and to the rule.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Evidence summed over the layers, for every label hypothesis at once: (batch, classes seen).

        Its gradient is as local as that of the loss: what is asked of a label's evidence modulates each layer's
        activity under that label, and nothing crosses layers.
        """
        if not torch.is_grad_enabled():
            _, from_input, from_codes = self._first_layer(x)
            parts = from_input.split(max(1, HYPOTHESES_AT_ONCE // len(from_codes)))
            weights = self._upper_weights(from_input.dtype)
            return torch.cat([self._scores(part, from_codes, weights) for part in parts]).to(self.of_input.weight.dtype)
        with torch.no_grad():
            shown, from_input, from_codes = self._first_layer(x)
            labels = torch.arange(len(from_codes), device=x.device).repeat_interleave(len(x))
            layers = self._shown(labels, from_input, from_codes)
            scores = self._evidence(layers).view(len(from_codes), len(x)).T.to(self.of_input.weight.dtype)

        def pullback(grad: Tensor) -> dict[Tensor, Tensor]:
            asked = (grad != 0).any(0)  # the evidence for other labels changes nothing
            asked[0] |= ~asked.any()
            rows = asked.repeat_interleave(len(x))
            of_asked = [layer.of(rows) for layer in layers]
            return self._updates(shown, labels[rows], of_asked, [grad.T[asked]] * len(layers))

        return with_gradient(scores, pullback, self.parameters())

    def _scores(self, from_input: Tensor, from_codes: Tensor, weights: Sequence[Tensor]) -> Tensor:
        h = self._outputs((from_input.unsqueeze(1) + from_codes).flatten(0, 1))
        return self._evidence(self._layers(h, weights)).view(len(from_input), len(from_codes))

    def _evidence(self, layers: Iterable[Activity]) -> Tensor:
        return torch.stack([self.evidence.log_odds(layer.goodness) for layer in layers]).sum(0)

    @torch.no_grad()
    def loss(self, x: Tensor, y: Tensor, allowed: Tensor | None) -> Tensor:
        """Sum of the layers' local losses, with their gradients in closed form."""
        x, from_input, from_codes = self._first_layer(x)
        wrong, exists = self._wrong_labels(from_input, from_codes, y, allowed)
        labels = torch.cat([y, wrong])
        layers = self._shown(labels, from_input, from_codes)
        log_odds = [self.evidence.log_odds(layer.goodness).view(2, -1) for layer in layers]
        values, errors = zip(*(contrast(self.hyperparameters.contrast, o, exists) for o in log_odds), strict=True)
        updates = self._updates(x, labels, layers, errors)
        with torch.enable_grad():
            return as_gradient(sum(values[1:], values[0]), updates, handed_over=True)

    @torch.no_grad()
    def features(self, x: Tensor) -> Tensor:
        """Each layer's output when no label is shown, side by side: (batch, layers x hidden)."""
        _, from_input, _ = self._first_layer(x)
        h = self._outputs(from_input + self.of_input.bias.to(from_input))
        return torch.cat([layer.scaled for layer in self._layers(h, self._upper_weights(h.dtype))], dim=1)

    @torch.no_grad()
    def latents(self, x: Tensor, labels: Tensor) -> list[Tensor]:
        """Each layer's output when these labels are shown with the inputs: (batch, hidden) each."""
        _, from_input, from_codes = self._first_layer(x)
        h = self._outputs(from_input + from_codes.index_select(0, labels))
        return [layer.scaled for layer in self._layers(h, self._upper_weights(h.dtype))]

    def _shown(self, labels: Tensor, from_input: Tensor, from_codes: Tensor) -> list[Activity]:
        """The layers when every sample is shown with each of its labels (phases x batch,)."""
        phases = from_codes.index_select(0, labels).view(-1, *from_input.shape)
        h = self._outputs(phases.add_(from_input).flatten(0, 1))
        return list(self._layers(h, self._upper_weights(h.dtype)))

    @torch.no_grad()
    def _updates(
        self, x: Tensor, labels: Tensor, layers: Sequence[Activity], errors: Sequence[Tensor]
    ) -> dict[Tensor, Tensor]:
        """The updates of all layers, each from its own activity and error.

        Args:
            x: the input (batch, features).
            labels: what it was shown with (phases x batch,).
            layers: the activity then.
            errors: for each layer the derivative of the loss by its log-odds (phases, batch).
        """
        factors = [self._factors(layer, error) for layer, error in zip(layers, errors, strict=True)]
        updates = self._first_updates(x, labels, factors[0])
        for upper, layer, factor in zip(self.upper, layers[1:], factors[1:], strict=True):
            updates[upper.weight] = (factor.T @ layer.pre).to(upper.weight)
        return updates

    def _factors(self, layer: Activity, error: Tensor) -> Tensor:
        """Modulator x post x slope of the neuron for a layer's synapses, from its own activity and error."""
        modulator = error.reshape(-1, 1) * self.evidence.slope(layer.goodness) * layer.scale.unsqueeze(1)
        post = layer.post if self._homogeneous else layer.post.square() * (1.0 - layer.post)
        return modulated(post, self.evidence.per_neuron(modulator, post.shape[1]))

    @property
    def _homogeneous(self) -> bool:
        """Whether the neurons let a factor through; the slope of one that is active is then 1."""
        return self.hyperparameters.activation == "relu"

    def _first_layer(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The input (batch, features) and what the first layer gets of it and of each code, before the ReLU.

        Returns:
            The input, its share (batch, hidden), and each class's share (classes, hidden), ready for products.
        """
        dtype = product_dtype(self.hyperparameters.precision, self.of_input.weight)
        x = x.flatten(1).to(self.of_input.weight.dtype)
        x = (normalise(x) if self.hyperparameters.normalise_input else x).to(dtype)
        from_codes = nn.functional.linear(self._shown_codes(), self.of_code.weight, self.of_input.bias)
        return x, x @ self.of_input.weight.to(dtype).T, from_codes.to(dtype)

    def _shown_codes(self) -> Tensor:
        return self.hyperparameters.code_amplitude * self.codes.codes

    def _wrong_labels(
        self, from_input: Tensor, from_codes: Tensor, y: Tensor, allowed: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        if self.hyperparameters.negatives == "random":
            return wrong_labels(y, len(self.codes), allowed)
        believed = [self.evidence.goodness(self._outputs(from_input + code)) for code in from_codes]
        return likely_wrong_labels(y, self.evidence.log_odds(torch.stack(believed, 1)), allowed)

    def _outputs(self, h: Tensor) -> Tensor:
        """A layer's outputs, in place of what it gets (n, hidden); what is larger before the neuron is so behind it."""
        k = self.hyperparameters.winners
        activate = Tensor.relu_ if self._homogeneous else Tensor.sigmoid_
        groups = self.evidence.groups(h)
        if not 0 < k < groups[0].shape[1]:
            return activate(h)
        if groups[0].shape == groups[-1].shape:  # all at once, each a row: a half alone is scattered over the memory
            groups = (h.view(-1, groups[0].shape[1]),)
        for rows in groups:
            values, where = largest(rows, k)
            rows.zero_().scatter_(1, where, activate(values))
        return h

    def _upper_weights(self, dtype: torch.dtype) -> list[Tensor]:
        return [upper.weight.to(dtype) for upper in self.upper]

    def _layers(self, h: Tensor, weights: Sequence[Tensor]) -> Iterator[Activity]:
        """Run up the layers from the first one's output h (n, hidden), with the weights of the others."""
        pre, scale = h, torch.ones(len(h), device=h.device, dtype=torch.promote_types(h.dtype, torch.float32))
        for weight in [None, *weights]:
            if weight is not None:
                pre, h = h, self._outputs(h @ weight.T)
            goodness = self.evidence.goodness(h) * scale.unsqueeze(1)
            yield Activity(pre, h, goodness, scale)
            if self._homogeneous:
                norm = goodness.sum(1)  # 0: what lies above a silent layer is silent on any scale
                scale = torch.where(norm > 0, scale * inverse_mean_square(norm, h.shape[1]), scale)

    def _first_updates(self, x: Tensor, labels: Tensor, factors: Tensor) -> dict[Tensor, Tensor]:
        """The first layer's updates: the phases of a sample share its input."""
        dtype = self.of_input.weight.dtype
        shown = nn.functional.one_hot(labels, len(self.codes)).to(factors.dtype)
        of_classes = (shown.T @ factors).to(dtype)
        of_inputs = factors.view(-1, len(x), factors.shape[1]).sum(0)
        return {
            self.of_input.weight: (of_inputs.T @ x).to(dtype),
            self.of_code.weight: of_classes.T @ self._shown_codes(),
            self.of_input.bias: of_classes.sum(0),
        }
