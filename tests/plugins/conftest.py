"""One thread for every rule, and a tiny set-up to reproduce."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from tiny_setup import TINY, VALUES


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """As in a run: many small products are slower on several threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., str]:
    """Write a set-up, changed by replacements, and its values; return its path."""

    def write(*changes: tuple[str, str], values: str | None = VALUES, toml: str = TINY) -> str:
        for old, new in changes:
            assert old in toml
            toml = toml.replace(old, new)
        path = tmp_path / "tiny.toml"
        path.write_text(toml)
        if values is not None:
            path.with_suffix(".csv").write_text(values)
        return str(path)

    return write
