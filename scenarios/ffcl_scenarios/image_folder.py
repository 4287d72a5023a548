"""A folder of images: ``train/<class>/<image>`` and ``test/<class>/<image>``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from ffcl.errors import DataError

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff")
GREY = ("1", "L", "LA")
COLOUR = ("RGB", "RGBA", "P", "PA", "CMYK", "YCbCr")

Array = np.ndarray[Any, Any]


def read_images(folder: Path, classes: int, size: int = 0) -> tuple[dict[str, Array], dict[str, str]]:
    """Read all images into arrays, and say what each array is called in complaints.

    The classes are numbered in the order of their folders' names. The images are grey, (n, 1, height, width), if
    all of them are; otherwise red, green and blue, (n, 3, height, width).

    Args:
        folder: that holds ``train`` and ``test``.
        classes: how many classes there must be.
        size: pixels a side to which the images are scaled; 0 leaves them, and they must be of one size.

    Raises:
        DataError: folders are missing, or an image cannot be used.
    """
    names = _class_names(folder, classes)
    images: dict[Path, Image.Image] = {}
    labels: dict[str, list[int]] = {"train": [], "test": []}
    paths: dict[str, list[Path]] = {"train": [], "test": []}
    for part, found in paths.items():
        for label, name in enumerate(names):
            own = sorted(p for p in (folder / part / name).iterdir() if p.suffix.lower() in SUFFIXES)
            if not own:
                raise DataError(f"{folder / part / name} holds no images ({', '.join(SUFFIXES)}).")
            found += own
            labels[part] += [label] * len(own)
            images |= {path: _read(path, size) for path in own}
    first, *others = images
    for path in others:
        if images[path].size != images[first].size:
            raise DataError(
                f"{path} is of {_size(images[path])} pixels, and {first} of {_size(images[first])}. Make them one "
                "size, or say `size` (pixels a side) to have them scaled."
            )
    mode = "L" if all(image.mode == "L" for image in images.values()) else "RGB"
    arrays: dict[str, Array] = {}
    for part, found in paths.items():
        stacked = np.stack([np.asarray(images[path].convert(mode)) for path in found])
        arrays[f"x_{part}"] = stacked[:, None] if mode == "L" else stacked.transpose(0, 3, 1, 2)
        arrays[f"y_{part}"] = np.array(labels[part])
    return arrays, {name: str(folder / name[2:]) for name in arrays}


def _class_names(folder: Path, classes: int) -> list[str]:
    names = {}
    for part in ("train", "test"):
        if not (folder / part).is_dir():
            raise DataError(f"{folder} has no folder {part}, which must hold a folder of images for each class.")
        names[part] = sorted(p.name for p in (folder / part).iterdir() if p.is_dir() and not p.name.startswith("."))
    for part, other in (("train", "test"), ("test", "train")):
        if lacking := sorted({*names[other]} - {*names[part]}):
            raise DataError(f"{folder / part} has no folder {', '.join(lacking[:5])}, and {folder / other} has one.")
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
