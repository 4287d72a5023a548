"""The three-factor rule: its updates, one by one and in batches, and what they do."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch import Tensor
from torch.nn.functional import softplus

import ffcl_hebbian.learner
from ffcl.errors import UsageError
from ffcl.randomness import RandomSequence
from ffcl.rules.goodness import Evidence, modulated
from ffcl_hebbian.hyperparameters import HebbianHyperparameters
from ffcl_hebbian.learner import Hebbian

X, Y = torch.rand(6, 1, 4, 4, generator=torch.Generator().manual_seed(0)), torch.tensor([0, 1, 2, 0, 1, 2])
BERNOULLI: dict[str, object] = {
    "encoding": "bernoulli",
    "steps": 9,
    "settling": 5,
    "intensity": 0.9,
    "eligibility": 0.5,
}
RULES = list(itertools.product(("sigmoid", "symmetric"), ("each", "pair")))


def learner(**settings: object) -> Hebbian:
    with RandomSequence(0):
        hp = HebbianHyperparameters.from_mapping({"hidden": 12, "threshold": 0.1, **settings}, "hebbian")
        made = Hebbian((1, 4, 4), hp)
        made.begin_experience((0, 1, 2))
    return made


def updates_of(hebbian: Hebbian, seed: int = 1) -> dict[str, Tensor]:
    hebbian.zero_grad()
    with RandomSequence(seed):
        hebbian.loss(X, Y, None).backward()
    return {name: p.grad.clone() for name, p in hebbian.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("encoding", [{}, BERNOULLI])
def test_nothing_is_differentiated(encoding: dict[str, object], monkeypatch: pytest.MonkeyPatch) -> None:
    """The rule runs with autograd switched off, and only hands over what it computed."""
    seen = []

    def spy(*arguments: Tensor) -> Tensor:
        seen.append(torch.is_grad_enabled() or any(a.requires_grad for a in arguments))
        return modulated(*arguments)

    monkeypatch.setattr(ffcl_hebbian.learner, "modulated", spy)
    updates = updates_of(learner(layers=2, **encoding))
    assert seen == [False, False]
    assert set(updates) == {"of_input.weight", "of_input.bias", "of_code.weight", "further.0.weight"}
    assert all(u.abs().sum() > 0 for u in updates.values())


def slow_updates(hebbian: Hebbian, wrong: Tensor) -> dict[str, Tensor]:
    """The rule for a constant current, one sample, one phase and one synapse row at a time (one layer)."""
    hp = hebbian.hyperparameters
    evidence: Evidence = hebbian.evidence
    found = {name: torch.zeros_like(p) for name, p in hebbian.named_parameters()}
    n = len(X)
    for sample in range(n):
        x = X[sample].flatten() / X[sample].square().mean().sqrt()
        odds, states = [], []
        for label in (Y[sample], wrong[sample]):
            code = hp.code_amplitude * hebbian.codes.codes[label]
            current = hebbian.of_input.weight @ x + hebbian.of_code.weight @ code + hebbian.of_input.bias
            v, count = torch.zeros(hp.hidden), torch.zeros(hp.hidden)
            for _ in range(hp.steps):
                v = v + (1 - hp.leak) * (current - v)
                fired = (v > hp.threshold).float()
                v, count = v - hp.threshold * fired, count + fired
            trace = hp.gain * count / hp.steps
            goodness = evidence.goodness(trace)
            odds.append(evidence.log_odds(goodness))
            states.append((trace, goodness, code, count))
        for phase, (trace, goodness, code, count) in enumerate(states):
            if hp.contrast == "pair":
                error = torch.sigmoid(odds[1] - odds[0]) * (1 if phase else -1) / n
            else:
                error = (torch.sigmoid(odds[phase]) - (1 - phase)) / (2 * n)
            modulator = error * evidence.slope(goodness) + hp.rate_penalty / (2 * n)
            post = 2 * evidence.per_neuron(modulator, hp.hidden) * trace * (count < hp.steps)
            found["of_input.weight"] += torch.outer(post, x)
            found["of_code.weight"] += torch.outer(post, code)
            found["of_input.bias"] += post
    return found


@pytest.mark.parametrize(("probability", "contrast"), RULES)
@pytest.mark.parametrize("rate_penalty", [0.0, 0.3])
@torch.no_grad()
def test_the_batched_update_is_the_sum_over_samples(probability: str, contrast: str, rate_penalty: float) -> None:
    hebbian = learner(
        probability=probability, contrast=contrast, negatives="random", rate_penalty=rate_penalty, precision="float32"
    )
    with torch.enable_grad():
        updates = updates_of(hebbian)
    with RandomSequence(1):
        wrong = (Y + torch.randint(1, 3, Y.shape)) % 3  # as wrong_labels() draws them
    for name, expected in slow_updates(hebbian, wrong).items():
        assert expected.norm() > 0
        assert (updates[name] - expected).norm() < 1e-4 * expected.norm(), name


@pytest.mark.parametrize(("probability", "contrast"), RULES)
def test_the_gradient_of_scores_is_the_update(probability: str, contrast: str) -> None:
    """The layer's loss, written on the scores of the right and the wrong labels, asks for the same update."""
    hebbian = learner(probability=probability, contrast=contrast, negatives="random", precision="float32")
    expected = updates_of(hebbian)
    with RandomSequence(1):
        wrong = (Y + torch.randint(1, 3, Y.shape)) % 3  # as wrong_labels() draws them
    hebbian.zero_grad()
    scores = hebbian(X)
    right, other = (scores.gather(1, labels.unsqueeze(1)).squeeze(1) for labels in (Y, wrong))
    loss = softplus(other - right).mean() if contrast == "pair" else 0.5 * (softplus(-right) + softplus(other)).mean()
    loss.backward()
    for name, parameter in hebbian.named_parameters():
        assert parameter.grad is not None
        assert (parameter.grad - expected[name]).norm() < 1e-4 * expected[name].norm(), name


def test_features_are_rates_and_need_no_label() -> None:
    hebbian = learner()
    before = hebbian.features(X)
    assert before.shape == (len(X), 12)
    assert before.min() >= 0
    assert before.max() <= 1
    with RandomSequence(3):
        hebbian.begin_experience((3,))
    assert torch.equal(hebbian.features(X), before)


def scores_after_training(**settings: object) -> Tensor:
    hebbian = learner(precision="float32", **settings)
    optimizer = torch.optim.Adam(hebbian.parameters(), lr=hebbian.hyperparameters.lr)
    for step in range(20):
        updates_of(hebbian, step)
        optimizer.step()
    return hebbian(X).detach()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            {"threshold": 0.1, "initial_scale": 1.0, "lr": 1e-2},
            {"threshold": 0.4, "initial_scale": 4.0, "lr": 4e-2},
        ),
        ({"gain": 2.0, "alpha": 0.1, "theta": 3.5}, {"gain": 4.0, "alpha": 0.025, "theta": 14.0}),
        (
            {"gain": 2.0, "probability": "symmetric", "epsilon": 0.1},
            {"gain": 4.0, "probability": "symmetric", "epsilon": 0.4},
        ),
    ],
    ids=["threshold", "gain", "gain, symmetric"],
)
def test_threshold_and_gain_are_units_and_need_no_tuning(one: dict[str, object], other: dict[str, object]) -> None:
    """A learner of one layer is the same in other units."""
    before, learned = learner(**one)(X), scores_after_training(**one)
    assert not torch.equal(before, learned)
    torch.testing.assert_close(scores_after_training(**other), learned)
    assert not {"threshold", "gain"} & HebbianHyperparameters.space().keys()


def test_an_eligibility_trace_adds_up_what_is_left_of_each_moment() -> None:
    hebbian = learner(**BERNOULLI)
    factors = torch.rand(4, 3, 12)
    trace, total = torch.zeros(3, 12), torch.zeros(3, 12)
    for moment in factors:
        trace = 0.5 * trace + moment
        total = total + trace
    assert torch.allclose(hebbian._eligible(factors).sum(0), total)


def test_spikes_are_drawn_with_the_probability_of_the_input() -> None:
    hebbian = learner(**{**BERNOULLI, "steps": 200, "intensity": 0.5, "normalise_input": False, "code_amplitude": 1.0})
    with RandomSequence(0):
        shown, codes, _, _ = hebbian._first_layer(X)
    assert set(shown.unique().tolist()) == {0.0, 1.0}
    assert torch.allclose(shown.float().mean(0), 0.5 * X.flatten(1), atol=0.12)
    assert torch.allclose(codes.float().mean(0), 0.5 * hebbian.codes.codes, atol=0.12)


def test_a_neuron_that_fires_at_every_step_is_left_alone() -> None:
    hebbian = learner()
    with torch.no_grad():
        hebbian.of_input.bias[3] = 1000.0
    update = updates_of(hebbian)["of_input.weight"]
    assert update[3].abs().sum() == 0
    assert update.abs().sum() > 0


@pytest.mark.parametrize("leak", [0.0, 0.05])
def test_random_spikes_teach_neurons_of_any_leak(leak: float) -> None:
    """Without memory one spike makes a trace as high as firing at every step does: the neuron learns all the same."""
    hebbian = learner(**BERNOULLI, leak=leak)
    with RandomSequence(1):
        shown, codes, from_input, from_codes = hebbian._first_layer(X)
        (activity,) = hebbian._presented(Y, from_input, from_codes)
        error = torch.ones(1, len(activity.trace), len(X))
        update = hebbian._updates(shown, codes, Y, [activity], [error])[hebbian.of_input.bias]
    fired = activity.trace.amax((0, 1)) > 0
    assert fired.any()
    assert torch.equal(update != 0, fired)


def test_a_rate_penalty_silences() -> None:
    rates = []
    for rate_penalty in (0.0, 0.1):
        hebbian = learner(rate_penalty=rate_penalty, hidden=40)
        optimizer = torch.optim.Adam(hebbian.parameters(), lr=1e-2)
        with RandomSequence(2):
            for _ in range(100):
                optimizer.zero_grad()
                hebbian.loss(X, Y, None).backward()
                optimizer.step()
        with torch.no_grad():
            rates.append(hebbian.latents(X, Y)[0].mean().item())
    assert rates[1] < 0.5 * rates[0]


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize(("probability", "contrast"), RULES)
@pytest.mark.parametrize("encoding", [{}, BERNOULLI])
def test_all_hypotheses_at_once_are_one_after_the_other(
    layers: int, probability: str, contrast: str, encoding: dict[str, object]
) -> None:
    hebbian = learner(layers=layers, probability=probability, contrast=contrast, precision="float32", **encoding)
    with RandomSequence(5):
        scores = hebbian(X)
    columns = []
    with torch.no_grad():
        for label in range(3):
            with RandomSequence(5):
                _, _, from_input, from_codes = hebbian._first_layer(X, alike=True)
            activities = hebbian._activities(from_input + from_codes[:, label : label + 1], layers)
            columns.append(sum(hebbian._evidence(activity.trace) for activity in activities))
    assert torch.allclose(scores, torch.stack(columns, 1), rtol=1e-4, atol=1e-4)  # type: ignore[arg-type]


def test_a_presentation_must_outlast_its_settling() -> None:
    with pytest.raises(UsageError, match=r"hebbian.settling \(8\) must be less than hebbian.steps \(5\)"):
        HebbianHyperparameters(encoding="bernoulli", steps=5)
