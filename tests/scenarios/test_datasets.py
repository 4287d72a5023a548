"""Data files: read, checked, and complained about."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ffcl.errors import DataError
from ffcl_scenarios.datasets import load
from ffcl_scenarios.images import padded
from ffcl_scenarios.parameters import N_CLASSES
from ffcl_scenarios.standard import Standard
from ffcl_scenarios.torchvision_data import MNIST_SHA256, SOURCES
from idx_files import write_idx


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


def test_a_wrong_type_in_a_header_is_damage(fashion: Path) -> None:
    path = fashion / "FashionMNIST" / "raw" / "train-labels-idx1-ubyte"
    for kind in (3, 13):  # none, and floating-point numbers
        content = bytearray(path.read_bytes())
        content[2] = kind
        path.write_bytes(content)
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


def test_every_known_data_set_can_be_loaded_and_has_as_many_classes_as_said() -> None:
    assert {"digits", *SOURCES} == set(N_CLASSES)
    assert all(N_CLASSES[name] == source.classes for name, source in SOURCES.items())


def test_kmnist_is_read_like_mnist(fashion: Path) -> None:
    (fashion / "FashionMNIST").rename(fashion / "KMNIST")
    data = load("kmnist", fashion)
    assert data.train_x.shape == (60_000, 1, 28, 28)
    assert data.test_y.bincount().tolist() == [1000] * 10


def test_emnist_images_stand_upright_and_labels_start_from_0(letters: Path) -> None:
    data = load("emnist-letters", letters)
    assert data.train_x.shape == (52, 1, 28, 28)
    assert (data.train_x[:, 0, 13, 20] == 1.0).all()
    assert data.train_x.sum() == 52
    assert data.test_y.bincount().tolist() == [2] * 26


def test_emnist_with_other_labels_is_refused(letters: Path) -> None:
    write_idx(letters / "EMNIST/raw/emnist-letters-train-labels-idx1-ubyte", np.arange(52) % 26)
    with pytest.raises(DataError, match=r"files of EMNIST in .* do not hold 52 images of 28 x 28 in 26 classes"):
        load("emnist-letters", letters)


def test_cifar_is_read_with_channels_first(cifar: tuple[str, Path]) -> None:
    name, root = cifar
    data = load(name, root)
    n = N_CLASSES[name]
    assert data.train_x.shape == (SOURCES[name].train, 3, 32, 32)
    assert data.train_x[:, 2, 5, 7].unique().tolist() == [pytest.approx(0.2)]
    assert data.train_x.count_nonzero() == len(data.train_x)
    assert data.test_y.tolist() == list(range(n))


def test_damaged_and_missing_files_of_cifar_are_named(cifar: tuple[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    import torchvision

    name, root = cifar
    source = SOURCES[name]
    path = root / source.folder / source.train_files[0]
    path.write_bytes(b"cut")
    with pytest.raises(DataError, match=f"The files of {source.name} in .* are damaged"):
        load(name, root)
    path.unlink()

    def no_network(self: object) -> None:
        raise RuntimeError("no network")

    monkeypatch.setattr(getattr(torchvision.datasets, source.name), "download", no_network)
    with pytest.raises(
        DataError, match=rf"{source.train_files[0]} not found in .*download failed \(no network\).*--data-root"
    ):
        load(name, root)


@pytest.mark.parametrize(("pad", "mean", "deviation"), [(0, 0.1307, 0.3081), (2, 0.1000, 0.2752)])
def test_standardised_mnist_has_the_constants_in_common_use(
    mnist_root: Path, pad: int, mean: float, deviation: float
) -> None:
    """Avalanche's constants, and those of Hsu et al. 2018, who pad to 32 x 32."""
    data = padded(load("mnist", mnist_root), pad)
    standard = Standard(data.train_x)
    assert standard.mean.item() == pytest.approx(mean, abs=5e-5)
    assert standard.deviation.item() == pytest.approx(deviation, abs=5e-5)
