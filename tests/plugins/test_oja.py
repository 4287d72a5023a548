from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch import Tensor

from ffcl.errors import LearnerError
from ffcl.execute import execute, state_digest
from ffcl.registry import installed
from ffcl_oja import rule
from ffcl_oja.frontend import ConvFrontEnd
from ffcl_oja.hyperparameters import OjaHyperparameters
from ffcl_oja.learner import Oja

SMALL_CONV = {"features": "conv", "filters": 6, "filter_size": 3, "pool": 3, "filter_samples": 20, "neurons": 5}
FORMS: list[dict[str, Any]] = [
    {"neurons": 5},
    {"neurons": 5, "gain": "scalar"},
    {"neurons": 5, "encoding": "spikes"},
    SMALL_CONV,
    {**SMALL_CONV, "encoding": "spikes"},
]
every_form = pytest.mark.parametrize("form", FORMS, ids=lambda form: "-".join(map(str, form.values())))


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """As in a run: many small products are slower on several threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def make(shape: tuple[int, ...] = (1, 8, 8), **hyperparameters: Any) -> Oja:
    return Oja(shape, OjaHyperparameters(**hyperparameters))


def data(n: int, classes: int, shape: tuple[int, ...] = (1, 8, 8), seed: int = 0) -> tuple[Tensor, Tensor]:
    """Samples in 0 to 1 of classes that differ in their mean and in the directions in which they vary."""
    fixed = torch.Generator().manual_seed(1)
    size = torch.Size(shape).numel()
    means = torch.rand(classes, size, generator=fixed)
    ways = torch.randn(classes, 3, size, generator=fixed)
    generator = torch.Generator().manual_seed(seed)
    y = torch.arange(n) % classes
    x = means[y] + 0.05 * torch.einsum("nk,nkf->nf", torch.randn(n, 3, generator=generator), ways[y])
    x += 0.02 * torch.randn(n, size, generator=generator)
    return x.clamp(0, 1).view(n, *shape), y


def overlap(weight: Tensor, x: Tensor) -> float:
    """Share of the subspace of the first principal components of ``x`` that lies in that of ``weight``: 1 if equal."""
    _, vectors = torch.linalg.eigh(x.T @ x)
    principal = vectors.flip(1)[:, : len(weight)]
    learned, _ = torch.linalg.qr(weight.T)
    return float((learned.T @ principal).square().sum() / len(weight))


def spread(n: int, features: int = 30) -> Tensor:
    """Gaussian samples with a falling spectrum, turned at random (n, features), float64."""
    generator = torch.Generator().manual_seed(0)
    turn, _ = torch.linalg.qr(torch.randn(features, features, generator=generator, dtype=torch.float64))
    scale = 0.7 ** torch.arange(features)
    return (torch.randn(n, features, generator=generator, dtype=torch.float64) * scale) @ turn


def test_one_update_by_hand() -> None:
    """W = [[1, 0, 0], [0, 2, 0]], d = (1, 1, 1): y = (1, 2), W^T y = (1, 4, 0), dW = 0.1 y (0, -3, 1)^T."""
    weight = torch.tensor([[1.0, 0.0, 0.0], [0.0, 2.0, 0.0]])
    after = rule.subspace_steps(weight, torch.ones(1, 3), rule.scalar_gain(torch.tensor([0.1])))
    torch.testing.assert_close(after, torch.tensor([[1.0, -0.3, 0.1], [0.0, 1.4, 0.2]]))


@pytest.mark.parametrize("cut", [1, 7, 40])
def test_a_batch_is_ojas_formula_sample_by_sample(cut: int) -> None:
    d, eta = spread(40), torch.linspace(0.5, 0.1, 40, dtype=torch.float64)
    plain = weight = torch.randn(4, 30, dtype=torch.float64) / 30**0.5
    for x, step in zip(d, eta, strict=True):
        y = plain @ x
        plain = plain + step * (torch.outer(y, x) - torch.outer(y, plain.T @ y))
    for part, steps in zip(d.split(cut), eta.split(cut), strict=True):
        weight = rule.subspace_steps(weight, part, rule.scalar_gain(steps))
    torch.testing.assert_close(weight, plain, rtol=0, atol=1e-12)


@pytest.mark.parametrize("recency", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("cut", [1, 7, 40])
def test_the_recursive_gain_inverts_the_correlations_of_the_outputs(recency: float, cut: int) -> None:
    """Against a plain inverse at every sample."""
    d = spread(40)
    plain = weight = torch.randn(4, 30, dtype=torch.float64) / 30**0.5
    correlations = 2.0 * torch.eye(4, dtype=torch.float64)
    inverse = torch.eye(4, dtype=torch.float64) / 2.0
    for t, x in enumerate(d, start=1):
        y = plain @ x
        correlations = (1 - recency / (t + recency)) * correlations + torch.outer(y, y)
        plain = plain + torch.outer(torch.linalg.solve(correlations, y), x - plain.T @ y)
    for index, part in enumerate(d.split(cut)):
        weight = rule.subspace_steps(weight, part, rule.recursive_gain(inverse, index * cut, recency))
    torch.testing.assert_close(weight, plain, rtol=0, atol=1e-10)
    torch.testing.assert_close(inverse, torch.linalg.inv(correlations), rtol=1e-8, atol=1e-10)


def test_the_recursive_gain_stays_symmetric_and_positive_in_single_precision() -> None:
    """Rounding would otherwise add up over the samples, until a step goes the wrong way."""
    inverse, weight = torch.eye(8), torch.randn(8, 30) / 30**0.5
    for index, part in enumerate(spread(6000).float().split(60)):
        weight = rule.subspace_steps(weight, part, rule.recursive_gain(inverse, 60 * index, recency=1.0))
    assert torch.equal(inverse, inverse.T)
    assert torch.linalg.eigvalsh(inverse.double()).min() > 0


@pytest.mark.parametrize("gain", ["recursive", "scalar"])
def test_the_rows_come_to_span_the_principal_subspace(gain: str) -> None:
    learner = make((30,), neurons=4, gain=gain).double()
    learner.begin_experience((0,))
    x = 1.0 + 0.1 * spread(4000)
    drawn = learner.weight[0].clone()
    for part in x.split(50):
        learner.observe(part, torch.zeros(len(part), dtype=torch.int64), None)
    features = rule.unit(x)
    centred = features - features.mean(0)
    assert overlap(drawn, centred) < 0.5
    assert overlap(learner.weight[0], centred) > 0.95
    torch.testing.assert_close(learner.mean[0], features.mean(0))
    gram = learner.weight[0] @ learner.weight[0].T
    torch.testing.assert_close(gram, torch.eye(4, dtype=torch.float64), rtol=0, atol=0.1)


def test_sangers_rows_become_the_principal_components_in_order() -> None:
    x = spread(4000)
    _, vectors = torch.linalg.eigh(x.T @ x)
    weight = torch.randn(3, 30, dtype=torch.float64) / 30**0.5
    for t, part in enumerate(x.repeat(3, 1).split(20)):
        weight = rule.generalised_hebbian_step(weight, part, 0.3 / (1 + t / 100))
    cosines = (weight * vectors.flip(1)[:, :3].T).sum(1).abs() / weight.norm(dim=1)
    assert cosines.min() > 0.95


def test_goodness_is_the_negative_residual() -> None:
    """Also of weights that are far from orthonormal."""
    x, mean = torch.randn(6, 12, dtype=torch.float64), torch.randn(3, 12, dtype=torch.float64)
    weight = torch.randn(3, 4, 12, dtype=torch.float64)
    plain = torch.empty(6, 3, dtype=torch.float64)
    for i in range(6):
        for c in range(3):
            d = x[i] - mean[c]
            plain[i, c] = -(d - weight[c].T @ (weight[c] @ d)).square().sum()
    torch.testing.assert_close(rule.goodness(x, weight, mean), plain)


def test_the_mean_runs_with_the_samples() -> None:
    x = torch.rand(10, 4, dtype=torch.float64)
    first, mean = rule.centre(x[:6], torch.zeros(4, dtype=torch.float64), torch.tensor(0))
    second, mean = rule.centre(x[6:], mean, torch.tensor(6))
    expected = torch.stack([x[t] - x[: t + 1].mean(0) for t in range(10)])
    torch.testing.assert_close(torch.cat([first, second]), expected)
    torch.testing.assert_close(mean, x.mean(0))


def test_scalar_steps_shrink_with_the_counter_and_no_sample_overthrows_the_weights() -> None:
    energy = torch.tensor([0.0, 2.0, 2.0, 100.0])
    eta = rule.step_sizes(energy, torch.tensor(20.0), torch.tensor(10), step=0.5, decay_samples=10)
    typical = torch.tensor([20 / 11, 2.0, 2.0, 100.0])
    torch.testing.assert_close(eta, 0.5 / torch.tensor([2.0, 2.1, 2.2, 2.3]) / typical)
    assert bool((eta * energy <= 0.5).all())


def test_spike_counts_are_those_of_integrate_and_fire_neurons() -> None:
    generator = torch.Generator().manual_seed(0)
    current = torch.randint(0, 33, (20, 5), generator=generator) / 32  # steps that floating point adds exactly
    potential = torch.randint(0, 32, (5,), generator=generator) / 32
    v, spikes = potential.expand_as(current).clone(), torch.zeros_like(current)
    for _ in range(16):
        v += current
        fired = v >= 1
        spikes += fired
        v -= fired.float()
    assert torch.equal(rule.spike_rates(current, potential, 16), spikes / 16)


def test_spikes_clamp_what_no_neuron_can_fire() -> None:
    rates = rule.spike_rates(torch.tensor([[-3.0, 0.0, 1.0, 7.0]]), torch.full((4,), 0.9), 8)
    assert rates.tolist() == [[0.0, 0.0, 1.0, 1.0]]


@every_form
def test_other_groups_stay_bit_for_bit(form: dict[str, Any]) -> None:
    learner = make(**form)
    x, y = data(200, 4)
    learner.begin_experience((0, 1))
    learner.observe(x[y < 2], y[y < 2], None)
    names = ("weight", "mean", "counts", "energies", "inverses")
    before = [getattr(learner, name)[:2].clone() for name in names]
    scores = learner(x)
    learner.begin_experience((2, 3))
    learner.observe(x[y > 1], y[y > 1], None)
    assert all(torch.equal(b, getattr(learner, name)[:2]) for b, name in zip(before, names, strict=True))
    torch.testing.assert_close(learner(x)[:, :2], scores)
    assert not torch.equal(learner.weight[2], learner.weight[3])


@pytest.mark.parametrize("form", FORMS[:3], ids=lambda form: "-".join(map(str, form.values())))
def test_class_by_class_is_joint_training(form: dict[str, Any]) -> None:
    """Whatever comes with whatever, in batches of whatever size: equal but for rounding, first weights included."""
    x, y = data(240, 4)
    x = x.double()
    states = []
    for experiences, size in (([(0, 1, 2, 3)], 60), ([(0, 1), (2, 3)], 16), ([(0,), (1,), (2,), (3,)], 1)):
        torch.manual_seed(5)
        learner = make(**form).double()
        for classes in experiences:
            learner.begin_experience(classes)
            mine = torch.isin(y, torch.tensor(classes))
            for part, labels in zip(x[mine].split(size), y[mine].split(size), strict=True):
                learner.observe(part, labels, None)
        states.append(learner.state_dict())
    for other in states[1:]:
        torch.testing.assert_close(other, states[0], rtol=0, atol=1e-9)


def test_the_order_of_the_classes_does_not_matter() -> None:
    x, y = data(240, 4)
    forward, backward = make(neurons=5).double(), make(neurons=5).double()
    forward.begin_experience((0, 1, 2, 3))
    backward.begin_experience((0, 1, 2, 3))
    backward.weight.copy_(forward.weight)
    for c in range(4):
        forward.observe(x[y == c], y[y == c], None)
        backward.observe(x[y == 3 - c], y[y == 3 - c], None)
    assert state_digest(forward) == state_digest(backward)


def test_filters_learn_at_the_start_and_are_then_frozen() -> None:
    learner = make(**SMALL_CONV)
    assert learner.frontend is not None
    x, y = data(64, 2)
    learner.begin_experience((0, 1))
    drawn = learner.frontend.weight.clone()
    learner.observe(x[:10], y[:10], None)
    assert not learner.frontend.frozen
    assert learner.counts.tolist() == [5, 5]
    learner.observe(x[10:20], y[10:20], None)  # the 20th: groups count anew, from this batch
    assert learner.frontend.frozen
    assert learner.counts.tolist() == [5, 5]
    frozen = learner.frontend.weight.clone()
    assert not torch.allclose(frozen, drawn)
    learner.observe(x[20:], y[20:], None)
    learner.begin_experience((2, 3))
    learner.observe(*data(64, 4), None)
    assert torch.equal(learner.frontend.weight, frozen)


def test_filters_are_frozen_when_the_next_experience_comes_early() -> None:
    learner = make(**SMALL_CONV)
    assert learner.frontend is not None
    learner.begin_experience((0,))
    learner.begin_experience((0,))  # nothing learned yet: they still may
    assert not learner.frontend.frozen
    x, y = data(5, 1)
    learner.observe(x, y, None)
    assert learner.counts.tolist() == [5]
    learner.begin_experience((1,))
    assert learner.frontend.frozen
    assert learner.counts.tolist() == [0, 0]  # what was seen through other filters does not count
    learner.observe(x, y, None)
    learner.begin_experience((0,))
    assert learner.counts.tolist() == [5, 0]  # frozen once


def test_filters_come_to_lie_along_the_principal_components_of_patches() -> None:
    """On images of waves of two directions, against exact eigenvectors."""
    generator = torch.Generator().manual_seed(0)
    phase = 6.28 * torch.rand(64, 1, 1, generator=generator)
    place = torch.arange(12.0)
    wave = torch.where(torch.arange(64).view(-1, 1, 1) % 2 == 0, place.view(1, -1, 1), 0.7 * place.view(1, 1, -1))
    images = (0.5 + 0.5 * torch.sin(wave + phase)).expand(64, 12, 12).unsqueeze(1)
    frontend = ConvFrontEnd((1, 12, 12), filters=4, size=5, pool=4, samples=64)
    for part in images.split(8):
        frontend.learn(part)
    patches = torch.nn.functional.unfold(images, 5).mT.flatten(0, 1)
    assert overlap(frontend.weight, patches - patches.mean(1, keepdim=True)) > 0.95
    assert frontend.frozen


@pytest.mark.parametrize("size", [2, 7])
def test_filters_learn_from_images_that_are_nearly_empty(size: int) -> None:
    """One stroke of 8 pixels on 64 x 64: patches taken together may hold many times the mean energy."""
    images = torch.zeros(8, 1, 64, 64)
    for index, image in enumerate(images[:, 0]):
        image[2 * index, index : index + 8] = 1.0
    torch.manual_seed(0)
    frontend = ConvFrontEnd((1, 64, 64), filters=16, size=size, pool=6, samples=8)
    frontend.learn(images)
    assert bool(torch.isfinite(frontend.weight).all())
    assert float(frontend.weight.norm(dim=1).max()) < 1.5


def test_features_do_not_depend_on_the_brightness_alone() -> None:
    """Divided by the local contrast: an image half as bright has nearly the features of the whole one."""
    frontend = ConvFrontEnd((3, 12, 12), filters=4, size=3, pool=4, samples=10)
    x = torch.rand(2, 3, 12, 12)
    torch.testing.assert_close(frontend(0.5 * x), frontend(x))
    frontend.learn(x)
    assert bool((frontend(0.5 * x) < frontend(x)).all())


@every_form
def test_strain(form: dict[str, Any]) -> None:
    """Few samples, none at all, zeros, one constant image, odd layouts, a hundred classes: the scores stay finite."""
    learner = make(**form)
    x, y = data(300, 100)
    learner.begin_experience((0,))
    assert learner(x).shape == (300, 1)
    learner.observe(x[:1], y[:1], None)
    learner.observe(torch.zeros(3, 1, 8, 8), torch.zeros(3, dtype=torch.int64), None)
    learner.begin_experience(tuple(range(100)))
    for _ in range(3):
        learner.observe(x, y, None)
    constant = torch.full((500, 1, 8, 8), 0.5)
    learner.observe(constant, torch.full((500,), 7), None)
    strange = torch.cat([x[:1], torch.zeros(1, 1, 8, 8), constant[:1], 1e3 * x[:1], -x[:1]])
    assert bool(torch.isfinite(learner(strange)).all())
    turned = x.transpose(2, 3).contiguous().transpose(2, 3)
    assert not turned.is_contiguous()
    torch.testing.assert_close(learner(turned), learner(x))
    assert all(bool(torch.isfinite(t).all()) for t in learner.state_dict().values())


@every_form
def test_a_few_samples_a_class_are_enough_for_easy_classes(form: dict[str, Any]) -> None:
    learner = make(**form)
    learner.begin_experience(tuple(range(10)))
    learner.observe(*data(10, 10), None)
    x, y = data(200, 10, seed=1)
    assert (learner(x).argmax(1) == y).float().mean() > 0.8
    learner.observe(*data(40, 10, seed=2), None)
    assert (learner(x).argmax(1) == y).float().mean() > 0.9


@every_form
def test_double_precision(form: dict[str, Any]) -> None:
    learner = make(**form).double()
    learner.begin_experience((0, 1))
    x, y = data(100, 2)
    learner.observe(x.double(), y, None)
    assert learner(x.double()).dtype == learner(x).dtype == torch.float64


@every_form
def test_no_sample_is_stored(form: dict[str, Any]) -> None:
    """What is kept is counted, and does not grow while samples stream by."""
    learner = make(**form)

    def stored_bytes() -> int:
        return sum(t.numel() * t.element_size() for t in learner.state_dict().values())

    empty = stored_bytes()
    learner.begin_experience((0, 1, 2))
    k, features = learner.weight.shape[1:]
    before = stored_bytes()
    learner.observe(*data(90, 3), None)
    assert stored_bytes() == before
    assert before - empty == 3 * (4 * (k * features + features + k * k + 1) + 8)


def test_colour_images_of_another_size() -> None:
    learner = make((3, 32, 32), features="conv")
    learner.begin_experience((0, 1))
    x, y = data(40, 2, (3, 32, 32))
    learner.observe(x, y, None)
    assert (learner(x).argmax(1) == y).all()


@pytest.mark.parametrize(
    ("shape", "settings", "message"),
    [
        ((784,), {"features": "conv"}, r"needs images \(channels, height, width\), got samples of shape \(784,\)"),
        ((1, 8, 8), {"features": "conv", "pool": 9}, "oja.pool must be at most 8 for images of 8 x 8 pixels, got 9"),
        ((1, 8, 8), {"features": "conv", "filter_size": 9}, "oja.filter_size must be at most 8"),
        ((1, 4, 5), {}, "oja.neurons must be fewer than the 20 features, got 20"),
    ],
)
def test_what_does_not_fit_is_said(shape: tuple[int, ...], settings: dict[str, Any], message: str) -> None:
    with pytest.raises(LearnerError, match=message):
        make(shape, **settings)


@pytest.mark.parametrize("encoding", ["analog", "spikes"])
def test_the_digits_two_by_two(encoding: str, run_of: Callable[..., Any], data_root: Any) -> None:
    """No replay, no task label; the other learners end at 20 %."""
    record = execute(run_of("oja", oja__encoding=encoding, oja__neurons=15), installed(), data_root)
    assert record.status == "done", record.failure
    final = record.accuracy[-1]
    assert sum(final) / len(final) > 0.95
