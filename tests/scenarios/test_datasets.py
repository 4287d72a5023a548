"""Data files: read, checked, and complained about. FashionMNIST's files are made up here, in its own format."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ffcl.errors import DataError
from ffcl_scenarios.datasets import MNIST_SHA256, load


def write_idx(path: Path, array: np.ndarray) -> None:
    header = struct.pack(">HBB", 0, 8, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape)
    path.write_bytes(header + array.astype(np.uint8).tobytes())


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
    load.cache_clear()
    yield tmp_path
    load.cache_clear()


def test_idx_files_are_read(fashion: Path) -> None:
    data = load("fashion-mnist", fashion)
    assert data.train_x.shape == (60_000, 1, 28, 28)
    assert data.test_x.shape == (10_000, 1, 28, 28)
    assert data.train_x[13, 0, 0, 0] == 1.0
    assert data.train_x[13, 0, 1, 3] == pytest.approx(0.2)
    assert data.test_y[:12].tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]
    assert load("fashion-mnist", fashion) is data


def test_a_cut_file_is_damaged(fashion: Path) -> None:
    path = fashion / "FashionMNIST" / "raw" / "train-images-idx3-ubyte"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(DataError, match=r"The files of FashionMNIST in .* are damaged: .*Delete them"):
        load("fashion-mnist", fashion)


def test_a_file_with_other_contents_is_refused(fashion: Path) -> None:
    folder = fashion / "FashionMNIST" / "raw"
    write_idx(folder / "train-labels-idx1-ubyte", np.arange(60_000) % 11)
    with pytest.raises(DataError, match="do not hold 60000 images of 28 x 28 in 10 classes"):
        load("fashion-mnist", fashion)


def test_mnist_is_known_by_its_checksums(fashion: Path) -> None:
    (fashion / "FashionMNIST").rename(fashion / "MNIST")
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte is damaged: its SHA-256 is not MNIST's"):
        load("mnist", fashion)


def test_the_real_mnist_passes(mnist_root: Path) -> None:
    data = load("mnist", mnist_root)
    assert data.train_y[:5].tolist() == [5, 0, 4, 1, 9]
    assert len(MNIST_SHA256) == 4


def test_missing_files_that_cannot_be_downloaded_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torchvision

    def no_network(self: object) -> None:
        raise RuntimeError("Error downloading train-images-idx3-ubyte.gz")

    monkeypatch.setattr(torchvision.datasets.MNIST, "download", no_network)
    with pytest.raises(DataError) as error:
        load("mnist", tmp_path)
    message = str(error.value)
    assert "train-images-idx3-ubyte" in message
    assert "the download failed (Error downloading" in message
    assert "--data-root" in message
