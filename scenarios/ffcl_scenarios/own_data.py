"""The user's own data: arrays in an .npz file or in .npy files, or a folder of images; checked."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ffcl.errors import DataError
from ffcl.parts import Part, Set, sets_opened
from ffcl_scenarios.data_set import DataSet, Labelled, data_set
from ffcl_scenarios.image_folder import read_images

Array = np.ndarray[Any, Any]
Named = tuple[Mapping[str, Array], Mapping[str, str]]
"""The arrays by name, and what each is called in complaints."""


def load_own(path: Path, classes: int, size: int = 0, part: Part = "all") -> DataSet:
    """Read and check a part of the user's own data.

    ``path`` is an .npz file that holds the arrays ``x_train``, ``y_train``, ``x_test`` and ``y_test``; or a folder
    that holds each in an .npy file of this name; or a folder of images, see `ffcl_scenarios.image_folder`. Samples
    are uint8, which is divided by 255, or floating-point numbers, which stay as they are: vectors (n, features),
    images (n, height, width) or (n, channels, height, width). Labels are integers from 0 to ``classes`` - 1.

    Args:
        path: the file or the folder.
        classes: how many classes there must be.
        size: pixels a side to which a folder of images is scaled; 0 leaves them.
        part: the part; the test set is neither read nor missed if it does not need it.

    Raises:
        DataError: what is wrong, in which file and array.
        UsageError: there are too few samples for the part.
    """
    sets = sets_opened(part)
    try:
        arrays, names = _read(path, classes, size, sets)
    except OSError as error:  # a folder that may not be opened, a name that is too long
        raise DataError(f"{error.filename or path} cannot be read: {error.strerror}.") from error
    x = {which: _samples(arrays[f"x_{which}"], names[f"x_{which}"]) for which in sets}
    shapes = {which: tuple(samples.shape[1:]) for which, samples in x.items()}
    if len({*shapes.values()}) > 1:
        raise DataError(
            f"{names['x_test']} holds samples of the shape {shapes['test']}, and {names['x_train']} of "
            f"{shapes['train']}; they must be the same."
        )
    y = {which: _labels(arrays[f"y_{which}"], names[f"y_{which}"], len(x[which]), classes) for which in sets}
    return data_set(*(Labelled(x[which], y[which]) for which in sets), part=part)


def _read(path: Path, classes: int, size: int, sets: Sequence[Set]) -> Named:
    if path.is_dir() and ((path / "train").is_dir() or (path / "test").is_dir()):
        return read_images(path, classes, size, sets)
    if size:
        raise DataError(f"{path} is no folder of images (train/<class>/..., test/<class>/...): `size` is for those.")
    if path.is_dir():
        return _npy_files(path, _arrays(sets))
    if path.is_file():
        return _npz_file(path, _arrays(sets))
    raise DataError(f"{path} does not exist; `dataset` names an .npz file or a folder, absolute or from the data root.")


def _arrays(sets: Iterable[Set]) -> tuple[str, ...]:
    return tuple(f"{content}_{which}" for which in sets for content in "xy")


def _npz_file(path: Path, wanted: Sequence[str]) -> Named:
    if not zipfile.is_zipfile(path):
        raise DataError(f"{path} is no .npz file, or a damaged one; write {_list(wanted)} with numpy.savez.")
    try:
        with np.load(path, allow_pickle=False) as content:
            if missing := [name for name in wanted if name not in content]:
                raise DataError(f"{path} has no array {_list(missing)}; it holds {_list(content.files) or 'none'}.")
            arrays = {name: _plain(content[name]) for name in wanted}
    except DataError:
        raise
    except Exception as error:  # NumPy lets through whatever a wrong byte brings about
        raise DataError(f"{path} cannot be read as an .npz file of plain arrays: {error}.") from error
    return arrays, {name: f"{path}: {name}" for name in wanted}


def _npy_files(folder: Path, wanted: Sequence[str]) -> Named:
    files = {name: folder / f"{name}.npy" for name in wanted}
    if missing := [path.name for path in files.values() if not path.is_file()]:
        raise DataError(
            f"{folder} holds neither train/<class>/ and test/<class>/ with images nor all of "
            f"{_list(p.name for p in files.values())}: no {_list(missing)}."
        )
    arrays = {}
    for name, path in files.items():
        try:
            with path.open("rb") as file:
                arrays[name] = _plain(np.load(file, allow_pickle=False))
        except Exception as error:
            raise DataError(f"{path} cannot be read as an .npy file of a plain array: {error}.") from error
    return arrays, {name: str(path) for name, path in files.items()}


def _plain(content: object) -> Array:
    """What NumPy has read, if it is an array; of other files it makes something else."""
    if not isinstance(content, np.ndarray):
        raise ValueError(f"it holds {type(content).__name__}")
    return content


def _samples(array: Array, name: str) -> Tensor:
    if not array.size:
        raise DataError(f"{name} is empty: its shape is {array.shape}.")
    if array.dtype != np.uint8 and array.dtype.kind != "f":
        raise DataError(f"{name} must be uint8 (0 to 255) or floating-point numbers, and is {array.dtype}.")
    if array.ndim not in (2, 3, 4):
        raise DataError(
            f"{name} must be (n, features), (n, height, width) or (n, channels, height, width), and is {array.shape}."
        )
    if array.ndim == 4 and array.shape[3] in (1, 3, 4) and array.shape[1] not in (1, 3, 4):
        raise DataError(f"{name} is {array.shape}: channels come first, (n, channels, height, width).")
    with np.errstate(over="ignore"):  # what is too large becomes infinite
        x = torch.from_numpy(np.ascontiguousarray(array, dtype=np.float32))
    if not bool(x.isfinite().all()):
        first = int((~x.isfinite()).flatten(1).any(1).nonzero()[0])
        raise DataError(f"{name} holds NaN or infinite numbers, the first in sample {first}.")
    if array.dtype == np.uint8:
        x = x.div(255)
    return x.unsqueeze(1) if x.ndim == 3 else x


def _labels(array: Array, name: str, n: int, classes: int) -> Tensor:
    if array.dtype.kind not in "iu" or array.ndim != 1:
        raise DataError(f"{name} must be integers of the shape (n,), and is {array.dtype} of the shape {array.shape}.")
    if len(array) != n:
        raise DataError(f"{name} holds {len(array)} labels for {n} samples.")
    if array.min() < 0 or array.max() >= classes:
        raise DataError(
            f"{name} holds labels from {array.min()} to {array.max()}; with classes = {classes} they must be 0 to "
            f"{classes - 1}."
        )
    y = torch.from_numpy(array.astype(np.int64))
    if absent := (y.bincount(minlength=classes) == 0).nonzero().squeeze(1).tolist():
        raise DataError(f"{name} holds no sample of class {', '.join(map(str, absent[:10]))}.")
    return y


def _list(names: Iterable[str]) -> str:
    return ", ".join(names)
