"""The data sets, as tensors in memory: bundled with scikit-learn, or downloaded by torchvision and checked."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch
from filelock import FileLock
from torch import Tensor

from ffcl.errors import DataError

TEST_EVERY = 5
"""Of the digits, which come unsplit, every fifth sample of a class is a test sample."""

MNIST_SHA256 = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}


@dataclass(frozen=True)
class DataSet:
    """Images in 0 to 1, float32 (n, 1, height, width), and labels, int64 (n,)."""

    train_x: Tensor
    train_y: Tensor
    test_x: Tensor
    test_y: Tensor
    sha256: str


@cache
def load(name: str, data_root: Path) -> DataSet:
    """Load a data set, once a process.

    Args:
        name: one of ``ffcl_scenarios.parameters.N_CLASSES``.
        data_root: the folder that downloaded data sets are in, or are put into.

    Raises:
        DataError: files are missing and cannot be downloaded, or are damaged.
    """
    loaders: dict[str, Callable[[Path], DataSet]] = {
        "digits": _digits,
        "mnist": lambda root: _idx_files("MNIST", root),
        "fashion-mnist": lambda root: _idx_files("FashionMNIST", root),
    }
    return loaders[name](data_root)


def _digits(data_root: Path) -> DataSet:
    from sklearn.datasets import load_digits

    bunch = load_digits()
    x = torch.from_numpy(bunch.images).float().div(16).unsqueeze(1)
    y = torch.from_numpy(bunch.target).long()
    rank = torch.zeros_like(y)  # the how-maniest of its class each sample is
    for c in range(10):
        mine = y == c
        rank[mine] = torch.arange(int(mine.sum()))
    test = rank % TEST_EVERY == TEST_EVERY - 1
    return _data_set(x[~test], y[~test], x[test], y[test])


def _idx_files(name: str, root: Path) -> DataSet:
    import torchvision

    folder = root / name / "raw"
    kind = getattr(torchvision.datasets, name)
    missing = [f for f in MNIST_SHA256 if not (folder / f).is_file()]
    if missing:
        _download(kind, name, root, missing)
    if name == "MNIST":
        for file, expected in MNIST_SHA256.items():
            if hashlib.sha256((folder / file).read_bytes()).hexdigest() != expected:
                raise DataError(
                    f"{folder / file} is damaged: its SHA-256 is not MNIST's. Delete it to download it again."
                )
    try:
        train, test = kind(root, train=True), kind(root, train=False)
    except (RuntimeError, ValueError, AssertionError, OSError) as error:
        raise DataError(
            f"The files of {name} in {folder} are damaged: {error}. Delete them to download them again."
        ) from error
    for split, n in ((train, 60_000), (test, 10_000)):
        counts = torch.bincount(split.targets, minlength=10) if len(split.targets) else torch.zeros(10)
        if tuple(split.data.shape) != (n, 28, 28) or len(counts) != 10 or int(counts.sum()) != n:
            raise DataError(f"The files of {name} in {folder} do not hold {n} images of 28 x 28 in 10 classes.")
    return _data_set(
        train.data.float().div(255).unsqueeze(1),
        train.targets.long(),
        test.data.float().div(255).unsqueeze(1),
        test.targets.long(),
    )


def _download(kind: Callable[..., object], name: str, root: Path, missing: list[str]) -> None:
    folder = root / name / "raw"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(root / f".{name}.lock"):
            kind(root, train=True, download=True)
    except Exception as error:  # torchvision lets through whatever the network raises
        reason = " ".join(str(error).split())
        raise DataError(
            f"{', '.join(missing)} not found in {folder}, and the download failed ({reason}). Put the files of "
            f"{name} there, or name the folder that holds {name}/raw with --data-root."
        ) from error


def _data_set(train_x: Tensor, train_y: Tensor, test_x: Tensor, test_y: Tensor) -> DataSet:
    digest = hashlib.sha256()
    for tensor in (train_x, train_y, test_x, test_y):
        digest.update(str(tuple(tensor.shape)).encode() + tensor.contiguous().numpy().tobytes())
    return DataSet(train_x, train_y, test_x, test_y, digest.hexdigest())
