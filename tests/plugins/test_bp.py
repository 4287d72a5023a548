from __future__ import annotations

import torch

from ffcl.randomness import RandomSequence
from ffcl_bp.hyperparameters import BPHyperparameters
from ffcl_bp.learner import BP


def test_known_classes_keep_their_scores_when_others_arrive() -> None:
    learner = BP((1, 3, 3), BPHyperparameters(hidden=7, layers=2))
    x = torch.rand(4, 1, 3, 3)
    learner.begin_experience((0, 1))
    before = learner(x)
    learner.begin_experience((2, 3))
    assert learner(x).shape == (4, 4)
    assert torch.allclose(learner(x)[:, :2], before)
    assert learner.head is not None
    assert learner.head.out_features == 4


def test_a_head_with_rows_from_the_start_scores_the_classes_seen_and_stays_the_same_parameter() -> None:
    learner = BP((1, 3, 3), BPHyperparameters(hidden=7, head=5))
    learner.begin_experience((0, 1))
    assert learner.head is not None
    whole, x = learner.head.weight, torch.rand(4, 1, 3, 3)
    assert whole.shape == (5, 7)
    assert torch.equal(learner(x), learner.head(learner.features(x))[:, :2])
    learner.loss(x, torch.tensor([0, 1, 0, 1]), None).backward()
    assert whole.grad is not None
    assert whole.grad[:2].any()
    assert not whole.grad[2:].any()
    learner.begin_experience((2, 3))
    assert learner.head.weight is whole
    assert learner(x).shape == (4, 4)
    learner.begin_experience((6,))  # more than there was room for
    assert learner(x).shape == (4, 7)
    assert torch.equal(learner.head.weight[:5], whole)


def test_the_head_has_the_precision_of_the_body() -> None:
    learner = BP((1, 3, 3), BPHyperparameters(hidden=7)).double()
    for classes in ((0, 1), (2, 3)):
        learner.begin_experience(classes)
        assert learner(torch.rand(4, 1, 3, 3).double()).dtype == torch.float64


def test_forbidden_classes_take_no_part_in_the_loss() -> None:
    learner = BP((1, 3, 3), BPHyperparameters(hidden=7))
    learner.begin_experience((0, 1, 2))
    x, y = torch.rand(4, 1, 3, 3), torch.tensor([0, 1, 0, 1])
    allowed = torch.tensor([True, True, False]).expand(4, 3)
    assert torch.allclose(learner.loss(x, y, allowed), torch.nn.functional.cross_entropy(learner(x)[:, :2], y))


def test_the_optimizer_is_the_one_asked_for() -> None:
    parameters = BPHyperparameters(hidden=7, optimizer="sgd", lr=0.1, momentum=0.9)
    learner = BP((1, 3, 3), parameters)
    learner.begin_experience((0, 1))
    sgd = learner.optimizer()
    assert isinstance(sgd, torch.optim.SGD)
    assert (sgd.defaults["lr"], sgd.defaults["momentum"]) == (0.1, 0.9)
    assert isinstance(BP((1, 3, 3), BPHyperparameters(hidden=7)).optimizer(), torch.optim.Adam)


def test_products_in_bfloat16_are_close_and_weights_stay_float32() -> None:
    with RandomSequence(0):
        exact = BP((1, 3, 3), BPHyperparameters(hidden=64))
        exact.begin_experience((0, 1, 2))
    rounded = BP((1, 3, 3), BPHyperparameters(hidden=64, precision="bfloat16"))
    rounded.begin_experience((0, 1, 2))
    rounded.load_state_dict(exact.state_dict())
    x, y = torch.rand(50, 1, 3, 3), torch.arange(50) % 3
    assert rounded(x).dtype == torch.float32
    assert not torch.equal(rounded(x), exact(x))
    assert torch.allclose(rounded(x), exact(x), atol=0.02)
    rounded.loss(x, y, None).backward()
    assert all(p.dtype == torch.float32 and p.grad is not None for p in rounded.parameters())


def test_features_are_what_the_head_reads() -> None:
    learner = BP((1, 3, 3), BPHyperparameters(hidden=7))
    learner.begin_experience((0, 1))
    x = torch.rand(4, 1, 3, 3)
    assert learner.head is not None
    assert learner.features(x).shape == (4, 7)
    assert torch.allclose(learner.head(learner.features(x)), learner(x))
