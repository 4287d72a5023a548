"""A folder of images: ``train/<class>/<image>`` and ``test/<class>/<image>``."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from ffcl.errors import DataError
from ffcl.parts import Set

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff")
GREY = ("1", "L", "LA")
COLOUR = ("RGB", "RGBA", "P", "PA", "CMYK", "YCbCr")

Array = np.ndarray[Any, Any]


def read_images(
    folder: Path, classes: int, size: int = 0, sets: Sequence[Set] = ("train", "test")
) -> tuple[dict[str, Array], dict[str, str]]:
    """Read all images into arrays, and say what each array is called in complaints.

    The classes are numbered in the order of their folders' names. The images are grey, (n, 1, height, width), if
    those in ``train`` are; otherwise red, green and blue, (n, 3, height, width).

    Args:
        folder: that holds ``train`` and ``test``.
        classes: how many classes there must be.
        size: pixels a side to which the images are scaled; 0 leaves them, and they must be of one size.
        sets: which folders are read, ``train`` first.

    Raises:
        DataError: folders are missing, or an image cannot be used.
    """
    names = _class_names(folder, classes, sets)
    images: dict[Path, Image.Image] = {}
    labels: dict[Set, list[int]] = {which: [] for which in sets}
    paths: dict[Set, list[Path]] = {which: [] for which in sets}
    for which, found in paths.items():
        for label, name in enumerate(names):
            own = sorted(p for p in (folder / which / name).iterdir() if p.suffix.lower() in SUFFIXES)
            if not own:
                raise DataError(f"{folder / which / name} holds no images ({', '.join(SUFFIXES)}).")
            found += own
            labels[which] += [label] * len(own)
            images |= {path: _read(path, size) for path in own}
    first, *others = images
    for path in others:
        if images[path].size != images[first].size:
            raise DataError(
                f"{path} is of {_size(images[path])} pixels, and {first} of {_size(images[first])}. Make them one "
                "size, or say `size` (pixels a side) to have them scaled."
            )
    mode = "L" if all(images[path].mode == "L" for path in paths["train"]) else "RGB"
    arrays: dict[str, Array] = {}
    for which, found in paths.items():
        stacked = np.stack([np.asarray(images[path].convert(mode)) for path in found])
        arrays[f"x_{which}"] = stacked[:, None] if mode == "L" else stacked.transpose(0, 3, 1, 2)
        arrays[f"y_{which}"] = np.array(labels[which])
    return arrays, {name: str(folder / name[2:]) for name in arrays}


def _class_names(folder: Path, classes: int, sets: Sequence[Set]) -> list[str]:
    names = {}
    for which in sets:
        if not (folder / which).is_dir():
            raise DataError(f"{folder} has no folder {which}, which must hold a folder of images for each class.")
        names[which] = sorted(p.name for p in (folder / which).iterdir() if p.is_dir() and not p.name.startswith("."))
    for which, other in permutations(sets, 2):
        if lacking := sorted({*names[other]} - {*names[which]}):
            raise DataError(f"{folder / which} has no folder {', '.join(lacking[:5])}, and {folder / other} has one.")
    if len(names["train"]) != classes:
        raise DataError(f"{folder / 'train'} holds {len(names['train'])} folders of classes, and classes = {classes}.")
    return names["train"]


def _read(path: Path, size: int) -> Image.Image:
    """An image, upright, grey or red, green and blue."""
    try:
        with Image.open(path) as file:
            if file.mode not in (*GREY, *COLOUR):
                raise DataError(f"{path} is of the kind {file.mode!r}; save it with 8 bits a channel.")
            image = ImageOps.exif_transpose(file).convert("L" if file.mode in GREY else "RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise DataError(f"{path} cannot be read as an image: {error}.") from error
    return image.resize((size, size), Image.Resampling.BILINEAR) if size else image


def _size(image: Image.Image) -> str:
    return f"{image.width} x {image.height}"
