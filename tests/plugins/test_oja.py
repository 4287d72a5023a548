"""The learner of Oja's rule: what it learns, and that its classes keep out of each other's way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from ffcl.errors import LearnerError
from ffcl.execute import execute, state_digest
from ffcl.registry import installed
from small_oja import SMALL_CONV, data, make

FORMS: list[dict[str, Any]] = [
    {"neurons": 5},
    {"neurons": 5, "gain": "scalar"},
    {"neurons": 5, "encoding": "spikes"},
    SMALL_CONV,
    {**SMALL_CONV, "encoding": "spikes"},
]
every_form = pytest.mark.parametrize("form", FORMS, ids=lambda form: "-".join(map(str, form.values())))


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
