"""The data sets by name: bundled with scikit-learn, downloaded by torchvision, or the user's own."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import torch

from ffcl.errors import DataError, UsageError
from ffcl.parts import Part
from ffcl_scenarios.data_set import DataSet, Labelled, data_set
from ffcl_scenarios.images import padded
from ffcl_scenarios.outlines import Outline, arrival
from ffcl_scenarios.own_data import load_own
from ffcl_scenarios.parameters import N_CLASSES, OfDataSet
from ffcl_scenarios.torchvision_data import SOURCES, load_source

TEST_EVERY = 5
"""Of the digits, which come unsplit, every fifth sample of a class is a test sample."""

Files = tuple[tuple[str, int, int], ...]
"""Files of the user's own data: path, time of the last change in ns, size in bytes."""


def load_for(parameters: OfDataSet, outline: Outline, data_root: Path) -> DataSet:
    """Load the data set of a stream, unless it is the one loaded last, and pad its images.

    Raises:
        DataError: see `load`.
        UsageError: there is no such data set, its samples are no images to pad, or its part lacks a class of the
            outline.
    """
    classes, name = parameters.n_classes, parameters.dataset
    data = load(name, data_root, 0 if name in N_CLASSES else classes, parameters.size, parameters.part)
    for what, y in (("training", data.train_y), ("test", data.test_y)):
        if absent := sorted({*arrival(outline)} - {*y.unique().tolist()}):
            raise UsageError(
                f"{name} has too few samples of class {', '.join(map(str, absent[:10]))} for part = "
                f"{parameters.part!r}: there is no {what} sample of it."
            )
    return padded(data, parameters.pad) if parameters.pad else data


def load(name: str, data_root: Path, classes: int = 0, size: int = 0, part: Part = "all") -> DataSet:
    """Load a part of a data set, unless it is the one loaded last; the user's own again if their files have changed.

    Args:
        name: one of ``ffcl_scenarios.parameters.N_CLASSES``, or the path of the user's own.
        data_root: the folder that downloaded data sets are in, or are put into, and that paths start from.
        classes: how many classes the user's own data have.
        size: pixels a side to which the user's own images are scaled; 0 leaves them as they are.
        part: the part; files of the test set are not opened if it does not need them.

    Raises:
        DataError: files are missing and cannot be downloaded, are damaged, or hold what cannot be used.
        UsageError: there are too few samples for the part.
    """
    files = () if name in N_CLASSES else _files(_own_path(name, data_root))
    return load_once(name, data_root, classes, size, part, files)


@lru_cache(maxsize=1)  # runs of one scenario follow each other; what is kept counts as memory of the next
def load_once(name: str, data_root: Path, classes: int, size: int, part: Part, files: Files) -> DataSet:
    """What `load` does; how its arguments are written makes a difference to a cache."""
    if name == "digits":
        return _digits(part)
    if name in SOURCES:
        return load_source(SOURCES[name], data_root, part)
    return load_own(_own_path(name, data_root), classes, size, part)


def _own_path(name: str, data_root: Path) -> Path:
    """Where the user's own data are.

    Raises:
        DataError: the path begins with ``~`` and a user that there is not.
    """
    try:
        return data_root / Path(name).expanduser()
    except RuntimeError as error:
        raise DataError(f"{name} cannot be found: {str(error).removesuffix('.')}.") from error


def _files(path: Path) -> Files:
    """The files that the user's own data may be in."""
    inside = (file for pattern in ("*.npy", "train/*/*", "test/*/*") for file in path.glob(pattern))
    try:
        found = [(file, file.stat()) for file in (path, *sorted(inside)) if file.exists()]
    except OSError:  # reading them will say more
        return ()
    return tuple((str(file), stat.st_mtime_ns, stat.st_size) for file, stat in found)


def _digits(part: Part) -> DataSet:
    from sklearn.datasets import load_digits

    bunch = load_digits()
    x = torch.from_numpy(bunch.images).float().div(16).unsqueeze(1)
    y = torch.from_numpy(bunch.target).long()
    rank = torch.zeros_like(y)  # the how-maniest of its class each sample is
    for c in range(10):
        mine = y == c
        rank[mine] = torch.arange(int(mine.sum()))
    test = rank % TEST_EVERY == TEST_EVERY - 1
    return data_set(Labelled(x[~test], y[~test]), Labelled(x[test], y[test]), part=part)
