"""The digits, and how their classes are spread over a stream."""

from __future__ import annotations

from pathlib import Path

import torch
from hypothesis import strategies as st
from torch import Tensor

from ffcl.stream import Experience, Stream
from ffcl_scenarios.datasets import load

NOWHERE = Path("nowhere")
DIGITS = load("digits", NOWHERE)
SEEDS = st.integers(0, 1000)


def originals(experience: Experience) -> Tensor:
    return DIGITS.train_y[experience.train.rows]


def counts(stream: Stream) -> Tensor:
    """How many training samples of each class each experience has, (experiences, 10)."""
    return torch.stack([originals(e).bincount(minlength=10) for e in stream.experiences])
