from __future__ import annotations

import torch

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


def test_forbidden_classes_take_no_part_in_the_loss() -> None:
    learner = BP((1, 3, 3), BPHyperparameters(hidden=7))
    learner.begin_experience((0, 1, 2))
    x, y = torch.rand(4, 1, 3, 3), torch.tensor([0, 1, 0, 1])
    allowed = torch.tensor([True, True, False]).expand(4, 3)
    assert torch.allclose(learner.loss(x, y, allowed), torch.nn.functional.cross_entropy(learner(x)[:, :2], y))
