"""Gradients projected with a memory that experiences share."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from ffcl.avalanche_mends import GEMPlugin
from ffcl_strategies.projection import SharedMemoryGEM
from small_training import weights
from strategy_training import GROWING, THREE, trained


@pytest.mark.parametrize(("buffer", "sizes"), [(25, [[25], [12, 12], [8, 8, 8]]), (2, [[2], [1, 1], [1, 1, 1]])])
def test_gems_memory_can_be_shared_by_the_experiences_so_far(buffer: int, sizes: list[list[int]]) -> None:
    found = []

    class Noting(SharedMemoryGEM):
        def after_training_exp(self, strategy: Any, **kwargs: Any) -> None:
            super().after_training_exp(strategy, **kwargs)
            found.append([len(x) for x in self.memory_x.values()])
            assert [len(y) for y in self.memory_y.values()] == found[-1]
            held = [x.untyped_storage().nbytes() for x in self.memory_x.values()]
            assert held == [x.nbytes for x in self.memory_x.values()]  # what gave way is not kept behind a view
            for t, y in self.memory_y.items():
                assert set(y.tolist()) <= set(THREE.experiences[t].classes)

    trained(THREE, [Noting(buffer, 0.5)])
    assert found == sizes


def test_a_shared_gem_projects_as_gem_does() -> None:
    """With two experiences, a memory of so many samples shared is one of so many samples an experience."""
    ours = trained(GROWING, [SharedMemoryGEM(12, 0.5)])
    assert torch.equal(weights(ours), weights(trained(GROWING, [GEMPlugin(12, 0.5)])))
    assert not torch.equal(weights(ours), weights(trained(GROWING, [])))
