"""Data sets that torchvision downloads and reads, checked."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock

from ffcl.errors import DataError
from ffcl.parts import Part, Set, sets_opened
from ffcl_scenarios.data_set import DataSet, Labelled, data_set

MNIST_SHA256 = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}


@dataclass(frozen=True)
class Source:
    """A data set of torchvision's, and what it must hold.

    Attributes:
        name: of torchvision's class.
        folder: of its files, below the data root.
        train_files: that must be there for the training set.
        test_files: that must be there, beside these, for the test set.
        train: how many training samples.
        test: how many test samples.
        classes: how many classes.
        shape: of an image as torchvision holds it.
        first: the label of the first class.
        transposed: whether the images lie on their side, mirrored: rows and columns are exchanged.
        options: for torchvision's class.
    """

    name: str
    folder: str
    train_files: tuple[str, ...]
    test_files: tuple[str, ...]
    train: int = 60_000
    test: int = 10_000
    classes: int = 10
    shape: tuple[int, ...] = (28, 28)
    first: int = 0
    transposed: bool = False
    options: dict[str, str] = field(default_factory=dict)

    def files(self, which: Set) -> tuple[str, ...]:
        """The files of the training set or of the test set."""
        return self.train_files if which == "train" else self.test_files

    def n(self, which: Set) -> int:
        """How many samples the training set or the test set has."""
        return self.train if which == "train" else self.test


def _mnist_like(name: str) -> Source:
    return Source(name, f"{name}/raw", tuple(MNIST_SHA256)[:2], tuple(MNIST_SHA256)[2:])


def _emnist(split: str, train: int, test: int, classes: int, first: int = 0) -> Source:
    contents = ("images-idx3-ubyte", "labels-idx1-ubyte")
    return Source(
        "EMNIST",
        "EMNIST/raw",
        tuple(f"emnist-{split}-train-{content}" for content in contents),
        tuple(f"emnist-{split}-test-{content}" for content in contents),
        train,
        test,
        classes,
        first=first,
        transposed=True,
        options={"split": split},
    )


def _cifar(name: str, folder: str, train_files: tuple[str, ...], test_file: str, classes: int) -> Source:
    return Source(name, folder, train_files, (test_file,), 50_000, 10_000, classes, (32, 32, 3))


SOURCES = {
    "mnist": _mnist_like("MNIST"),
    "fashion-mnist": _mnist_like("FashionMNIST"),
    "kmnist": _mnist_like("KMNIST"),
    "emnist-balanced": _emnist("balanced", 112_800, 18_800, 47),
    "emnist-letters": _emnist("letters", 124_800, 20_800, 26, first=1),
    "cifar10": _cifar(
        "CIFAR10",
        "cifar-10-batches-py",
        (*(f"data_batch_{i}" for i in range(1, 6)), "batches.meta"),
        "test_batch",
        10,
    ),
    "cifar100": _cifar("CIFAR100", "cifar-100-python", ("train", "meta"), "test", 100),
}


def load_source(source: Source, root: Path, part: Part = "all") -> DataSet:
    """Read a part of a data set, after downloading the whole if files are missing.

    Files of the test set are neither opened nor missed if the part does not need them.

    Raises:
        DataError: files are missing and cannot be downloaded, or are damaged.
    """
    import torchvision

    folder = root / source.folder
    kind = getattr(torchvision.datasets, source.name)
    sets = sets_opened(part)
    files = [file for which in sets for file in source.files(which)]
    missing = [file for file in files if not (folder / file).is_file()]
    if missing:
        _download(kind, source, root, missing)
    if source.name == "MNIST":
        for file in files:
            if hashlib.sha256((folder / file).read_bytes()).hexdigest() != MNIST_SHA256[file]:
                raise DataError(
                    f"{folder / file} is damaged: its SHA-256 is not MNIST's. Delete it to download it again."
                )
    try:
        read = [_of_set(kind, which)(root, train=which == "train", **source.options) for which in sets]
    except Exception as error:  # torchvision lets through whatever a wrong byte brings about
        raise DataError(
            f"The files of {source.name} in {folder} are damaged: {type(error).__name__}: {error}. Delete them to "
            "download them again."
        ) from error
    checked = [_checked(content, source.n(which), source, folder) for which, content in zip(sets, read, strict=True)]
    return data_set(*checked, part=part)


def _of_set(kind: type[Any], which: Set) -> type[Any]:
    """A class of torchvision's that knows the files of one set only; as it is, it checks those of both."""
    lists = {"resources": [r for r in getattr(kind, "resources", ()) if r[0].startswith("train") == (which == "train")]}
    lists["test_list" if which == "train" else "train_list"] = []
    return type(kind.__name__, (kind,), lists)


def _checked(content: Any, n: int, source: Source, folder: Path) -> Labelled:
    images, labels = torch.as_tensor(content.data), torch.as_tensor(content.targets).long() - source.first
    fits = tuple(images.shape) == (n, *source.shape) and len(labels) == n and bool((labels >= 0).all())
    if not fits or len(labels.bincount(minlength=source.classes)) != source.classes:
        size = " x ".join(map(str, source.shape))
        raise DataError(
            f"The files of {source.name} in {folder} do not hold {n} images of {size} in {source.classes} classes."
        )
    if source.transposed:
        images = images.transpose(1, 2)
    images = images.permute(0, 3, 1, 2) if images.ndim == 4 else images.unsqueeze(1)
    return Labelled(images.contiguous().float().div(255), labels)


def _download(kind: Callable[..., object], source: Source, root: Path, missing: list[str]) -> None:
    folder = root / source.folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(root / f".{source.name}.lock"):
            kind(root, train=True, download=True, **source.options)
    except Exception as error:  # torchvision lets through whatever the network raises
        reason = " ".join(str(error).split())
        raise DataError(
            f"{', '.join(missing)} not found in {folder}, and the download failed ({reason}). Put the files of "
            f"{source.name} there, or name the folder that holds {source.folder} with --data-root."
        ) from error
