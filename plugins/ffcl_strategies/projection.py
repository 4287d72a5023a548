"""Gradient episodic memory of a fixed size."""

from __future__ import annotations

from typing import Any

from ffcl.avalanche_mends import GEMPlugin


class SharedMemoryGEM(GEMPlugin):
    """GEM with a memory that the experiences so far share equally, as in Hsu et al. 2018 (arXiv 1810.12488).

    Early experiences have more of it at first and give way to later ones; each keeps one sample at least.

    Args:
        buffer: samples stored in all.
        margin: how far a projected step leans towards the past.
    """

    def __init__(self, buffer: int, margin: float) -> None:
        super().__init__(buffer, margin)
        self.buffer = buffer

    def after_training_exp(self, strategy: Any, **kwargs: Any) -> None:
        """Store samples of the experience just learned, and make room for them."""
        share = max(1, self.buffer // (len(self.memory_x) + 1))
        for memory in (self.memory_x, self.memory_y, self.memory_tid):
            memory.update({experience: stored[:share].clone() for experience, stored in memory.items()})
        self.patterns_per_experience = share
        super().after_training_exp(strategy, **kwargs)
