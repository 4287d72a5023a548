"""The user's own images: found, read, checked, and complained about."""

from __future__ import annotations

import os
import shutil
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image

from ffcl.errors import DataError
from ffcl.index_sets import IndexSet
from ffcl.parts import rows_of
from ffcl_scenarios.datasets import load
from ffcl_scenarios.own_data import load_own


@pytest.fixture
def birds(tmp_path: Path) -> Path:
    """A folder of grey images: two classes, two for training and one for the test each."""
    for part, n in (("train", 2), ("test", 1)):
        for label, name in enumerate(("blackbird", "wren")):
            folder = tmp_path / "birds" / part / name
            folder.mkdir(parents=True)
            (folder / "notes.txt").write_text("no image")
            for i in range(n):
                Image.new("L", (6, 4), color=51 * (label + 1)).save(folder / f"{i}.png")
    return tmp_path / "birds"


def test_a_folder_of_images_is_read(birds: Path) -> None:
    data = load_own(birds, 2)
    assert data.train_x.shape == (4, 1, 4, 6)
    assert data.train_y.tolist() == [0, 0, 1, 1]
    assert data.train_x[:, 0, 0, 0].tolist() == pytest.approx([0.2, 0.2, 0.4, 0.4])
    Image.new("RGB", (6, 4), color=(255, 0, 0)).save(birds / "test" / "wren" / "1.JPG")
    assert load_own(birds, 2).test_x.shape == (3, 1, 4, 6)  # the training images decide
    Image.new("RGB", (6, 4), color=(255, 0, 0)).save(birds / "train" / "wren" / "2.JPG")
    coloured = load_own(birds, 2)
    assert coloured.train_x.shape == (5, 3, 4, 6)
    for red in (coloured.train_x[4], coloured.test_x[2]):
        assert red[0].min() > 0.9
        assert red[1:].max() < 0.1


def png(colour_type: int, channels: int) -> bytes:
    """An image of 6 x 4 pixels of 16 bits a channel, which Pillow cannot write in colour."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        checked = kind + content
        return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))

    header = struct.pack(">IIBBBBB", 6, 4, 16, colour_type, 0, 0, 0)
    pixels = zlib.compress((b"\0" + b"\0\xff" * 6 * channels) * 4)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def tiff() -> bytes:
    """The same as an uncompressed TIFF, in colour."""
    short, long = 3, 4
    tags = [(256, short, 6), (257, short, 4), (259, short, 1), (262, short, 2), (273, long, 200), (277, short, 3)]
    entries = [struct.pack("<HHII", *tag[:2], 1, tag[2]) for tag in tags]
    entries.insert(2, struct.pack("<HHII", 258, short, 3, 190))
    directory = struct.pack("<4sIH", b"II*\0", 8, len(entries)) + b"".join(entries)
    return directory.ljust(190, b"\0") + struct.pack("<HHHI", 16, 16, 16, 0) + b"\xff\0" * 6 * 4 * 3


def see_through(mode: str, ground: int) -> Image.Image:
    """A black glyph on a ground of this opacity, 255 being opaque."""
    image = Image.new("LA", (6, 4), (0, ground))
    image.putpixel((2, 2), (0, 255))
    if mode != "P":
        return image.convert(mode)
    flat = Image.new("P", (6, 4), 0)
    flat.putpixel((2, 2), 1)
    flat.info["transparency"] = bytes([ground, 255])
    return flat


def test_images_of_several_sizes_need_a_size(birds: Path) -> None:
    Image.new("L", (9, 9)).save(birds / "train" / "wren" / "9.png")
    with pytest.raises(DataError, match=r"9.png is of 9 x 9 pixels, and .*0.png of 6 x 4. Make them one size, or say"):
        load_own(birds, 2)
    assert load_own(birds, 2, size=8).train_x.shape == (5, 1, 8, 8)


def test_folders_and_images_that_cannot_be_used_are_named(birds: Path) -> None:
    with pytest.raises(DataError, match="train holds 2 folders of classes, and classes = 3"):
        load_own(birds, 3)
    (birds / "test" / "robin").mkdir()
    with pytest.raises(DataError, match=r"train has no folder robin, and .*test has one"):
        load_own(birds, 2)
    (birds / "train" / "robin").mkdir()
    with pytest.raises(DataError, match=r"robin holds no images \(.png"):
        load_own(birds, 3)
    for part in ("train", "test"):
        (birds / part / "robin" / "0.png").write_bytes(b"no image")
    with pytest.raises(DataError, match=r"0.png cannot be read as an image"):
        load_own(birds, 3)
    for part in ("train", "test"):
        Image.new("I;16", (6, 4)).save(birds / part / "robin" / "0.png")
    with pytest.raises(DataError, match=r"0.png is of the kind 'I;16'; save it with 8 bits a channel"):
        load_own(birds, 3)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("2.png", png(2, 3)),
        ("4.png", png(4, 2)),
        ("6.png", png(6, 4)),
        ("2.tif", tiff()),
        ("2.ppm", b"P6 6 4 65535 " + bytes(6 * 4 * 3 * 2)),
        ("3.ppm", b"P6 6 4 1023 " + bytes(6 * 4 * 3 * 2)),
    ],
)
def test_images_of_more_than_8_bits_a_channel_are_refused(birds: Path, name: str, content: bytes) -> None:
    (birds / "train" / "wren" / name).write_bytes(content)
    with pytest.raises(DataError, match=f"{name} has more than 8 bits a channel; save it with 8"):
        load_own(birds, 2)


@pytest.mark.filterwarnings("ignore:Palette images with Transparency")
@pytest.mark.parametrize("mode", ["LA", "RGBA", "P"])
def test_transparent_images_are_refused_and_opaque_ones_are_read(birds: Path, mode: str) -> None:
    path = birds / "train" / "wren" / "2.png"
    see_through(mode, 254).save(path)
    with pytest.raises(DataError, match=r"2.png is transparent in places; save it without transparency"):
        load_own(birds, 2)
    see_through(mode, 255).save(path)
    assert load_own(birds, 2).train_x[4].max() == 0


@pytest.mark.parametrize("name", ["2.tif", "2.gif", "2.png"])
def test_a_file_of_several_images_is_refused(birds: Path, name: str) -> None:
    first, *others = (Image.new("L", (6, 4), color=i) for i in range(3))
    first.save(birds / "train" / "wren" / name, save_all=True, append_images=others)
    with pytest.raises(DataError, match=f"{name} holds 3 images; save each in a file of its own"):
        load_own(birds, 2)


def test_a_photograph_with_a_preview_is_one_image(birds: Path) -> None:
    photograph, preview = Image.new("RGB", (6, 4)), Image.new("RGB", (3, 2))
    photograph.save(birds / "train" / "wren" / "2.jpg", "MPO", save_all=True, append_images=[preview])
    assert load_own(birds, 2).train_x.shape == (5, 3, 4, 6)


def test_every_image_of_a_class_is_found_or_told_of(birds: Path) -> None:
    wren = birds / "train" / "wren"
    for name, kind in (("2.ppm", "PPM"), ("3.PGM", "PPM"), ("4.jfif", "JPEG")):
        Image.new("L", (6, 4)).save(wren / name, kind)
    (wren / "._0.png").write_bytes(b"what a Mac leaves there")
    (wren / ".thumbnails").mkdir()
    Image.new("L", (3, 2)).save(wren / ".thumbnails" / "0.png")
    (wren / "notes").mkdir()
    (wren / "notes" / "._0.png").write_bytes(b"no image")
    assert load_own(birds, 2).train_y.tolist() == [0, 0, 1, 1, 1, 1, 1]
    (wren / "young" / "2024").mkdir(parents=True)
    Image.new("L", (6, 4)).save(wren / "young" / "2024" / "0.png")
    with pytest.raises(DataError, match=r"wren/young holds images; those of a class must be in its own folder, .*wren"):
        load_own(birds, 2)


@pytest.mark.parametrize("name", ["2.JP2", "2.tga", "2.pbm"])
def test_an_image_of_a_format_that_is_not_read_is_named(birds: Path, name: str) -> None:
    (birds / "train" / "wren" / f".{name}").write_bytes(b"what a system leaves there")
    assert len(load_own(birds, 2).train_y) == 4
    (birds / "train" / "wren" / name).write_bytes(b"an image")
    with pytest.raises(DataError, match=rf"wren/{name} is of a format that is not read; save it as one of .png, "):
        load_own(birds, 2)


def test_an_image_that_has_changed_is_read_again(birds: Path) -> None:
    os.utime(birds / "test" / "wren" / "0.png", (0, 0))
    before = load("birds", birds.parent, 2)
    assert load("birds", birds.parent, 2) is before
    Image.new("L", (6, 4), color=255).save(birds / "test" / "wren" / "0.png")
    assert load("birds", birds.parent, 2).test_x[1].min() == 1


def test_tuning_needs_no_folder_of_test_images(birds: Path) -> None:
    for name in ("blackbird", "wren"):
        for i in range(2, 6):
            Image.new("L", (6, 4), color=i).save(birds / "train" / name / f"{i}.png")
    whole = load_own(birds, 2)
    (birds / "test" / "wren" / "0.png").write_bytes(b"no image")
    damaged = load_own(birds, 2, part="tuning")
    shutil.rmtree(birds / "test")
    for data in (damaged, load_own(birds, 2, part="tuning")):
        assert data.train_index == IndexSet(whole.train_index.of, 12, rows_of("tuning", 12).train)
        assert data.test_index == IndexSet(whole.train_index.of, 12, rows_of("tuning", 12).held_out)
    with pytest.raises(DataError, match="has no folder test"):
        load_own(birds, 2, part="evaluation")
