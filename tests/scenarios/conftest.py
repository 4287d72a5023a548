"""Data files, made up in the data sets' own formats."""

from __future__ import annotations

import dataclasses
import hashlib
import pickle
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ffcl_scenarios.datasets import load_once
from ffcl_scenarios.torchvision_data import SOURCES
from idx_files import write_idx


@pytest.fixture
def fashion(tmp_path: Path) -> Iterator[Path]:
    """A folder that holds files like FashionMNIST's."""
    folder = tmp_path / "FashionMNIST" / "raw"
    folder.mkdir(parents=True)
    for prefix, n in (("train", 60_000), ("t10k", 10_000)):
        labels = np.arange(n) % 10
        images = np.zeros((n, 28, 28), dtype=np.uint8)
        images[:, 0, 0] = 255
        images[np.arange(n), 1, labels] = 51
        write_idx(folder / f"{prefix}-images-idx3-ubyte", images)
        write_idx(folder / f"{prefix}-labels-idx1-ubyte", labels)
    load_once.cache_clear()
    yield tmp_path
    load_once.cache_clear()


@pytest.fixture
def letters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Two samples a letter, read by torchvision's own class; a letter's mark is right of the middle, as one sees it."""
    folder = tmp_path / "EMNIST" / "raw"
    folder.mkdir(parents=True)
    labels = np.arange(52) % 26 + 1
    images = np.zeros((52, 28, 28), dtype=np.uint8)
    images[:, 20, 13] = 255  # in the file rows are columns
    for part in ("train", "test"):
        write_idx(folder / f"emnist-letters-{part}-images-idx3-ubyte", images)
        write_idx(folder / f"emnist-letters-{part}-labels-idx1-ubyte", labels)
    small = dataclasses.replace(SOURCES["emnist-letters"], train=52, test=52)
    monkeypatch.setitem(SOURCES, "emnist-letters", small)
    load_once.cache_clear()
    yield tmp_path
    load_once.cache_clear()


@pytest.fixture(params=["cifar10", "cifar100"])
def cifar(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[tuple[str, Path]]:
    """Files like CIFAR's, small, with checksums of their own, read by torchvision's own class."""
    import torchvision

    source = SOURCES[request.param]
    kind = getattr(torchvision.datasets, source.name)
    folder = tmp_path / source.folder
    folder.mkdir()

    def write(name: str, content: dict[str, object]) -> list[str]:
        (folder / name).write_bytes(pickle.dumps(content))
        return [name, hashlib.md5((folder / name).read_bytes()).hexdigest()]

    n = source.classes
    pixels = np.zeros((n, 3, 32, 32), dtype=np.uint8)
    pixels[:, 2, 5, 7] = 51
    key = "labels" if n == 10 else "fine_labels"
    batch: dict[str, object] = {"data": pixels.reshape(n, -1), key: list(range(n))}
    monkeypatch.setattr(kind, "train_list", [write(name, batch) for name, _ in kind.train_list])
    monkeypatch.setattr(kind, "test_list", [write(name, batch) for name, _ in kind.test_list])
    name, md5 = write(kind.meta["filename"], {kind.meta["key"]: [str(c) for c in range(n)]})
    monkeypatch.setattr(kind, "meta", {**kind.meta, "filename": name, "md5": md5})
    small = dataclasses.replace(source, train=n * len(kind.train_list), test=n)
    monkeypatch.setitem(SOURCES, request.param, small)
    load_once.cache_clear()
    yield request.param, tmp_path
    load_once.cache_clear()
