"""A folder of images: ``train/<class>/<image>`` and ``test/<class>/<image>``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageFile, ImageOps

from ffcl.errors import DataError
from ffcl.parts import Set

SUFFIXES = (".png", ".jpg", ".jpeg", ".jfif", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm")
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
            own = _image_files(folder / which / name)
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


def _image_files(folder: Path) -> list[Path]:
    """The images of a class, by name; files that begin with a dot are none: systems put them there."""
    found = [path for path in sorted(folder.iterdir()) if not path.name.startswith(".")]
    images = {*SUFFIXES, *Image.registered_extensions()}
    for path in found:
        if path.is_dir() and any(inside.suffix.lower() in images for inside in path.rglob("[!.]*")):
            raise DataError(f"{path} holds images; those of a class must be in its own folder, {folder}.")
        if path.is_file() and path.suffix.lower() in images - {*SUFFIXES}:
            raise DataError(f"{path} is of a format that is not read; save it as one of {', '.join(SUFFIXES)}.")
    own = [path for path in found if path.suffix.lower() in SUFFIXES]
    if not own:
        raise DataError(f"{folder} holds no images ({', '.join(SUFFIXES)}).")
    return own


def _read(path: Path, size: int) -> Image.Image:
    """An image, upright, grey or red, green and blue."""
    try:
        with Image.open(path) as file:
            _check(path, file)
            image = ImageOps.exif_transpose(file).convert("L" if file.mode in GREY else "RGB")
    except DataError:
        raise
    except Exception as error:  # Pillow lets through whatever a wrong byte brings about
        raise DataError(f"{path} cannot be read as an image: {error}.") from error
    return image.resize((size, size), Image.Resampling.BILINEAR) if size else image


def _check(path: Path, file: ImageFile.ImageFile) -> None:
    """Refuse what would be lost without a word: low bits, what is transparent, further images of a file."""
    if file.mode not in (*GREY, *COLOUR):
        raise DataError(f"{path} is of the kind {file.mode!r}; save it with 8 bits a channel.")
    if _is_deep(file):
        raise DataError(f"{path} has more than 8 bits a channel; save it with 8.")
    if file.has_transparency_data and file.convert("RGBA").getchannel("A").getextrema() != (255, 255):
        raise DataError(f"{path} is transparent in places; save it without transparency, on the ground it should have.")
    frames = getattr(file, "n_frames", 1)
    if frames > 1 and file.format != "MPO":  # what cameras add to a photograph is smaller copies of it
        raise DataError(f"{path} holds {frames} images; save each in a file of its own.")


def _is_deep(file: ImageFile.ImageFile) -> bool:
    """Whether more than 8 bits a channel are cut to 8: Pillow tells its decoders so, and not by the mode."""
    decoders = [tile[3] for tile in file.tile]
    if file.format == "PPM":  # the mode, or the mode and the greatest value
        return any(isinstance(decoder, tuple) and decoder[1] > 255 for decoder in decoders)
    return re.search(";16[BLN]", str(decoders)) is not None


def _size(image: Image.Image) -> str:
    return f"{image.width} x {image.height}"
