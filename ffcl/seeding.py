"""One seed, several independent sequences of random numbers."""

from __future__ import annotations

import hashlib
import random


def derive_seed(seed: int, purpose: str) -> int:
    """Hash ``seed`` and ``purpose`` into an independent seed of 63 bits.

    Purposes in use: "classes" (their order in the stream), "samples" (their order in training, replay
    buffers), "learner" (initialisation and whatever its rule draws), "evaluation",
    "within" (which test samples are used within experiences), "parts" (which training samples are for tuning;
    always of seed 0).
    """
    digest = hashlib.sha256(f"ffcl:{purpose}:{seed}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def class_order(n_classes: int, seed: int) -> tuple[int, ...]:
    """The order in which the classes 0 .. n_classes - 1 arrive under ``seed``."""
    order = list(range(n_classes))
    random.Random(derive_seed(seed, "classes")).shuffle(order)
    return tuple(order)
