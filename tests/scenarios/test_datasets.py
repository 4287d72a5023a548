"""Data files: read, checked, and complained about. They are made up here, in the data sets' own formats."""

from __future__ import annotations

import dataclasses
import gc
import hashlib
import pickle
import struct
import weakref
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from ffcl.errors import DataError
from ffcl.index_sets import IndexSet
from ffcl.parts import HELD_OUT, rows_of
from ffcl_scenarios.datasets import load, load_once
from ffcl_scenarios.images import padded
from ffcl_scenarios.parameters import N_CLASSES
from ffcl_scenarios.standard import Standard
from ffcl_scenarios.torchvision_data import MNIST_SHA256, SOURCES


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
    load_once.cache_clear()
    yield tmp_path
    load_once.cache_clear()


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


def no_network(self: object) -> None:
    raise RuntimeError("no network")


def needs_no_test_files(name: str, root: Path, gone: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the test files away, or cut them: for tuning nothing changes, for evaluation they are missed."""
    import torchvision

    source = SOURCES[name]
    monkeypatch.setattr(getattr(torchvision.datasets, source.name), "download", no_network)
    whole = load(name, root)
    load_once.cache_clear()
    for file in source.test_files:
        path = root / source.folder / file
        content = path.read_bytes()[:20]
        path.unlink()
        if not gone:
            path.write_bytes(content)
    for part in HELD_OUT:
        data = load(name, root, part=part)
        rows = rows_of(part, source.train)
        assert data.train_index == IndexSet(whole.train_index.of, source.train, rows.train)
        assert data.test_index == IndexSet(whole.train_index.of, source.train, rows.held_out)
        assert torch.equal(data.test_x, whole.train_x[torch.from_numpy(rows.held_out)])
        assert torch.equal(data.test_y, whole.train_y[torch.from_numpy(rows.held_out)])
    missed = "not found in .*no network" if gone else "damaged"
    for part in ("all", "evaluation", "rest"):
        with pytest.raises(DataError, match=missed):
            load(name, root, part=part)  # type: ignore[arg-type]


@pytest.mark.parametrize("gone", [True, False])
def test_tuning_needs_no_test_files_like_mnists(fashion: Path, gone: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    (fashion / "FashionMNIST").rename(fashion / "MNIST")
    for file in MNIST_SHA256:
        content = (fashion / "MNIST" / "raw" / file).read_bytes()
        monkeypatch.setitem(MNIST_SHA256, file, hashlib.sha256(content).hexdigest())
    needs_no_test_files("mnist", fashion, gone, monkeypatch)


@pytest.mark.parametrize("gone", [True, False])
def test_tuning_needs_no_test_files_like_emnists(letters: Path, gone: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    needs_no_test_files("emnist-letters", letters, gone, monkeypatch)


@pytest.mark.parametrize("gone", [True, False])
def test_tuning_needs_no_test_files_like_cifars(
    cifar: tuple[str, Path], gone: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, root = cifar
    needs_no_test_files(name, root, gone, monkeypatch)


def test_damaged_training_files_are_found_in_every_part(fashion: Path) -> None:
    folder = fashion / "FashionMNIST" / "raw"
    write_idx(folder / "train-labels-idx1-ubyte", np.arange(60_000) % 11)
    for part in HELD_OUT:
        with pytest.raises(DataError, match="do not hold 60000 images of 28 x 28 in 10 classes"):
            load("fashion-mnist", fashion, part=part)


def test_a_part_is_loaded_once_and_the_whole_is_not_copied() -> None:
    nowhere = Path("nowhere")
    assert load("digits", nowhere, part="tuning") is load("digits", nowhere, 0, 0, "tuning")
    assert load("digits", nowhere) is load("digits", nowhere, part="all")
    evaluation, whole = load("digits", nowhere, part="evaluation"), load("digits", nowhere)
    assert evaluation.sha256 == whole.sha256
    assert evaluation.test_index == whole.test_index
    assert len(evaluation.train_y) == 1442 - 721


def test_data_are_let_go_once_others_are_loaded() -> None:
    nowhere = Path("nowhere")
    load_once.cache_clear()
    earlier = weakref.ref(load("digits", nowhere, part="tuning"))
    assert load("digits", nowhere, part="tuning") is earlier()
    load("digits", nowhere, part="validation")
    gc.collect()
    assert earlier() is None


@pytest.mark.parametrize(("pad", "mean", "deviation"), [(0, 0.1307, 0.3081), (2, 0.1000, 0.2752)])
def test_standardised_mnist_has_the_constants_in_common_use(
    mnist_root: Path, pad: int, mean: float, deviation: float
) -> None:
    """Avalanche's constants, and those of Hsu et al. 2018, who pad to 32 x 32."""
    data = padded(load("mnist", mnist_root), pad)
    standard = Standard(data.train_x)
    assert standard.mean.item() == pytest.approx(mean, abs=5e-5)
    assert standard.deviation.item() == pytest.approx(deviation, abs=5e-5)
