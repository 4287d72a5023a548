"""How the update of the spiking rule approaches that of the analog one as a presentation gets longer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ffcl.learner import Learner
from ffcl.registry import Registry
from ffcl.specs import resolve

STEPS = (4, 8, 16, 32, 64, 128, 256)
LEAKS = (0.85, 0.99)
INTENSITY = 0.25


@dataclass(frozen=True)
class Agreement:
    """The cosine between the two updates of the first layer's weights, mean and deviation over batches."""

    encoding: str
    leak: float
    probability: str
    steps: int
    cosine: float
    deviation: float


def agreements(
    registry: Registry, batches: Sequence[tuple[Tensor, Tensor]], steps: Sequence[int] = STEPS
) -> Iterator[Agreement]:
    """Compare on batches of (inputs, labels), with the same random weights, label codes and wrong labels.

    A neuron with the threshold (1 - leak) gain has, in the mean over a long presentation, a trace of about its
    current; so gain is set to hold the currents that occur. Bernoulli spikes carry a quarter of the input, so
    the spiking layer's weights are four times the analog ones there.
    """
    for probability in ("sigmoid", "symmetric"):
        analog, expected = _updates(registry, "ff", batches, {"probability": probability, "alpha": 0.3}, None)
        for encoding in ("current", "bernoulli"):
            for leak in LEAKS:
                for n in steps:
                    settings = {
                        "probability": probability,
                        "alpha": 0.3,
                        "encoding": encoding,
                        "intensity": INTENSITY,
                        "leak": leak,
                        "gain": GAIN,
                        "threshold": (1.0 - leak) * GAIN,
                        "steps": n,
                        "settling": (2 * n) // 3,
                    }
                    _, found = _updates(registry, "hebbian", batches, settings, analog)
                    cosine = torch.nn.functional.cosine_similarity(found, expected)
                    yield Agreement(encoding, leak, probability, n, float(cosine.mean()), float(cosine.std()))


GAIN = 3.0


def _updates(
    registry: Registry,
    name: str,
    batches: Sequence[tuple[Tensor, Tensor]],
    settings: dict[str, Any],
    weights: Learner[Any] | None,
) -> tuple[Learner[Any], Tensor]:
    """A learner with given weights (None: random ones), and its updates on the batches (batches, weights)."""
    common = {
        "layers": 1,
        "contrast": "each",
        "negatives": "random",
        "normalise_input": False,
        "code_amplitude": 1.0,
        "precision": "float32",
    }
    spec = registry.get("learner", name, registry.learners).item
    hyperparameters = spec.hyperparameters.from_mapping(common | settings, name)
    learner: Learner[Any] = resolve(spec.learner)(tuple(batches[0][0].shape[1:]), hyperparameters)
    n_classes = int(max(y.max() for _, y in batches)) + 1
    learner.begin_experience(tuple(range(n_classes)))
    if weights is not None:
        learner.load_state_dict(weights.state_dict())
        if settings["encoding"] == "bernoulli":
            with torch.no_grad():
                for name in ("of_input", "of_code"):
                    getattr(learner, name).weight /= INTENSITY
    found = []
    for x, y in batches:
        learner.zero_grad()
        learner.loss(x, y, _one_wrong_label(y, n_classes)).backward()
        found.append(learner.of_input.weight.grad.flatten().clone())  # type: ignore[union-attr, operator]
    return learner, torch.stack(found)


def _one_wrong_label(y: Tensor, n_classes: int) -> Tensor:
    """Allow the right label and the next one, so that both rules draw the same wrong label."""
    both = torch.stack([y, (y + 1) % n_classes], dim=1)
    return torch.zeros(len(y), n_classes, dtype=torch.bool).scatter(1, both, True)
