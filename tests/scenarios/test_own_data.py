"""The user's own data: arrays and images, read, checked, and complained about."""

from __future__ import annotations

import errno
import io
import os
import re
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ffcl.errors import DataError, UsageError
from ffcl.index_sets import IndexSet
from ffcl.parts import HELD_OUT, Part, rows_of
from ffcl_scenarios.datasets import load
from ffcl_scenarios.own_data import load_own
from own_arrays import Arrays, arrays, write


@pytest.mark.parametrize("kind", ["npz", "npy"])
def test_arrays_are_read(tmp_path: Path, kind: str) -> None:
    data = load_own(write(tmp_path, arrays(), kind), classes=3)
    assert data.train_x.shape == (6, 1, 4, 5)
    assert data.train_x.dtype == torch.float32
    assert data.train_x.max() == pytest.approx(119 / 255)
    assert data.train_y.tolist() == [0, 1, 2, 0, 1, 2]
    assert data.test_y.dtype == torch.int64
    assert len(data.sha256) == 64


def test_floats_stay_as_they_are_whatever_their_shape_and_byte_order(tmp_path: Path) -> None:
    x = np.linspace(-3, 3, 60)
    for shape in ((6, 10), (6, 2, 1, 5)):
        content = arrays(x_train=x.reshape(shape).astype(">f8"), x_test=x.reshape(shape)[:3])
        data = load_own(write(tmp_path, content, "npz"), classes=3)
        assert data.train_x.shape == shape
        assert torch.allclose(data.train_x.flatten(), torch.linspace(-3, 3, 60))


BROKEN = np.ones((6, 4, 5), dtype=np.float32)
BROKEN[4, 1, 1] = np.nan


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"x_train": BROKEN}, "x_train holds NaN or infinite numbers, the first in sample 4"),
        ({"x_test": np.full((3, 4, 5), np.inf)}, "x_test holds NaN or infinite numbers, the first in sample 0"),
        ({"x_train": np.full((6, 4, 5), 1e300)}, "x_train holds NaN or infinite numbers"),
        ({"x_train": np.zeros((6, 4, 5), dtype=np.int64)}, "x_train must be uint8 .* and is int64"),
        ({"x_train": np.zeros(6)}, r"x_train must be \(n, features\), .* and is \(6,\)"),
        ({"x_train": np.zeros((6, 7, 5, 3))}, r"x_train is \(6, 7, 5, 3\): channels come first"),
        ({"x_train": np.zeros((0, 4, 5))}, r"x_train is empty: its shape is \(0, 4, 5\)"),
        (
            {"x_test": np.zeros((3, 4, 6))},
            r"x_test holds samples of the shape \(1, 4, 6\), and .*x_train of \(1, 4, 5\)",
        ),
        (
            {"y_train": np.array([0, 1, 2, 0, 1, 3])},
            "y_train holds labels from 0 to 3; with classes = 3 they must be 0",
        ),
        ({"y_train": np.array([0, 1, 2, 0, 1, -1])}, "y_train holds labels from -1 to 2"),
        ({"y_train": np.array([0, 1, 0, 0, 1, 0])}, "y_train holds no sample of class 2"),
        ({"y_test": np.array([0, 0, 0])}, "y_test holds no sample of class 1, 2"),
        (
            {"y_train": np.array([0.0, 1, 2, 0, 1, 2])},
            r"y_train must be integers .* and is float64 of the shape \(6,\)",
        ),
        ({"y_train": np.eye(6, 3, dtype=int)}, r"y_train must be integers of the shape \(n,\), .* \(6, 3\)"),
        ({"y_train": np.array([0, 1, 2])}, "y_train holds 3 labels for 6 samples"),
        ({"x_train": np.array([{}] * 6, dtype=object)}, "cannot be read as an .np"),
    ],
)
@pytest.mark.parametrize("kind", ["npz", "npy"])
def test_what_cannot_be_used_is_named_with_its_file(
    tmp_path: Path, kind: str, changes: dict[str, Any], message: str
) -> None:
    in_file = re.sub(r"(_train|_test) ", r"\1(\\.npy)? ", message)
    with pytest.raises(DataError, match=in_file) as error:
        load_own(write(tmp_path, arrays(**changes), kind), classes=3)
    assert str(tmp_path) in str(error.value)


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"birds.npz does not exist; `dataset` names"):
        load_own(tmp_path / "birds.npz", 3)
    content = arrays()
    del content["y_test"]
    with pytest.raises(DataError, match=r"birds.npz has no array y_test; it holds x_train, y_train, x_test"):
        load_own(write(tmp_path, content, "npz"), 3)
    with pytest.raises(DataError, match=r"x_test.npy, y_test.npy: no y_test.npy"):
        load_own(write(tmp_path, content, "npy"), 3)
    (tmp_path / "birds.npz").write_text("no zip file")
    with pytest.raises(DataError, match=r"birds.npz is no .npz file, or a damaged one"):
        load_own(tmp_path / "birds.npz", 3)
    (tmp_path / "y_test.npy").write_bytes(b"\x93NUMPY")
    with pytest.raises(DataError, match=r"y_test.npy cannot be read as an .npy file"):
        load_own(tmp_path, 3)
    with pytest.raises(DataError, match=r"is no folder of images .*`size` is for those"):
        load_own(tmp_path, 3, size=8)


def zipped(text: bytes, flags: int = 0, method: int = 0) -> bytes:
    """An .npz file whose members hold this; what its headers say of encryption and compression is changed."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name in arrays():
            archive.writestr(f"{name}.npy", text)
    damaged = bytearray(content.getvalue())
    for mark, at in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        for found in re.finditer(mark, bytes(damaged)):
            struct.pack_into("<HH", damaged, found.start() + at, flags, method)
    return bytes(damaged)


def npy(header: str) -> bytes:
    return b"\x93NUMPY\x01\0" + struct.pack("<H", len(header)) + header.encode()


DAMAGED = {
    "text": b"1,2,3",
    "a header that is no Python": npy("{'descr': '|u1', 'fortran_order': False, 'shape': (6, 4, 5"),
    "a header of a huge shape": npy(f"{{'descr': '|u1', 'fortran_order': False, 'shape': ({10**15},)}}\n") + b"0",
    "a header of a strange type": npy("{'descr': ['|u1', 3], 'fortran_order': False, 'shape': (6,)}\n"),
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_damaged_arrays_are_named_with_their_file(tmp_path: Path, content: bytes) -> None:
    write(tmp_path, arrays(), "npy")
    (tmp_path / "x_train.npy").write_bytes(content)
    with pytest.raises(DataError, match=r"x_train.npy cannot be read as an .npy file of a plain array: ."):
        load_own(tmp_path, 3)
    (tmp_path / "birds.npz").write_bytes(zipped(content))
    with pytest.raises(DataError, match=r"birds.npz cannot be read as an .npz file of plain arrays: ."):
        load_own(tmp_path / "birds.npz", 3)


@pytest.mark.parametrize(("flags", "method"), [(1, 0), (0, 8), (0, 99)], ids=["encrypted", "no zlib", "unknown method"])
def test_archives_that_cannot_be_unpacked_are_named(tmp_path: Path, flags: int, method: int) -> None:
    (tmp_path / "birds.npz").write_bytes(zipped(b"\xff" * 50, flags, method))
    with pytest.raises(DataError, match=r"birds.npz cannot be read as an .npz file of plain arrays: ."):
        load_own(tmp_path / "birds.npz", 3)


def test_an_archive_under_the_name_of_an_array_is_refused(tmp_path: Path) -> None:
    write(tmp_path, arrays(), "npy")
    write(tmp_path, arrays(), "npz").rename(tmp_path / "x_train.npy")
    with pytest.raises(DataError, match=r"x_train.npy cannot be read as an .npy file of a plain array: it holds NpzF"):
        load_own(tmp_path, 3)


def test_paths_that_lead_nowhere_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DataError, match=r"~nosuchuser/birds.npz cannot be found: Could not determine home directory"):
        load("~nosuchuser/birds.npz", tmp_path, 3)
    with pytest.raises(DataError, match=r"a{300} (cannot be read: File name too long|does not exist)"):
        load("a" * 300, tmp_path, 3)
    wren = tmp_path / "train" / "wren"
    wren.mkdir(parents=True)
    (tmp_path / "test" / "wren").mkdir(parents=True)
    listed = Path.iterdir

    def forbidden(folder: Path) -> Iterator[Path]:
        if folder == wren:
            raise PermissionError(errno.EACCES, "Permission denied", str(folder))
        return listed(folder)

    monkeypatch.setattr(Path, "iterdir", forbidden)
    with pytest.raises(DataError, match="train/wren cannot be read: Permission denied"):
        load_own(tmp_path, 1)


@pytest.mark.parametrize("kind", ["npz", "npy"])
def test_data_that_have_changed_are_read_again(tmp_path: Path, kind: str) -> None:
    name = str(write(tmp_path, arrays(), kind))
    for file in tmp_path.iterdir():
        os.utime(file, (0, 0))  # or both would be of the same moment, as far as a clock tells
    before = load(name, tmp_path, 3)
    assert load(name, tmp_path, 3) is before
    write(tmp_path, arrays(x_train=arrays()["x_train"] + np.uint8(1)), kind)
    after = load(name, tmp_path, 3)
    assert torch.allclose(after.train_x, before.train_x + 1 / 255)
    assert after.sha256 != before.sha256


def fifteen(**changes: Any) -> Arrays:
    """Fifteen training samples of three classes, enough for parts, and ``changes``."""
    return arrays(x_train=np.arange(15 * 20, dtype=np.float32).reshape(15, 4, 5), y_train=np.arange(15) % 3, **changes)


@pytest.mark.parametrize("part", sorted(HELD_OUT))
@pytest.mark.parametrize("kind", ["npz", "npy"])
def test_tuning_needs_no_test_arrays(tmp_path: Path, kind: str, part: Part) -> None:
    path = write(tmp_path, fifteen(x_test=np.array([{}], dtype=object), y_test=np.array(["?"])), kind)
    damaged = load_own(path, 3, part=part)
    if kind == "npy":
        for name in ("x_test", "y_test"):
            (tmp_path / f"{name}.npy").unlink()
    else:
        np.savez(path, **{name: array for name, array in fifteen().items() if name.endswith("_train")})  # type: ignore[arg-type]
    gone = load_own(path, 3, part=part)
    rows = rows_of(part, 15)
    for data in (damaged, gone):
        assert data.train_x.flatten(1)[:, 0].tolist() == (rows.train * 20).tolist()
        assert data.test_x.flatten(1)[:, 0].tolist() == (rows.held_out * 20).tolist()
        assert data.test_index == IndexSet(data.sha256, 15, rows.held_out)
    for tested in ("all", "evaluation", "rest"):
        with pytest.raises(DataError, match="x_test"):
            load_own(path, 3, part=tested)  # type: ignore[arg-type]


def test_training_arrays_are_checked_in_every_part(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="y_train holds labels from 0 to 2; with classes = 2"):
        load_own(write(tmp_path, fifteen(), "npz"), 2, part="tuning")
    np.savez(tmp_path / "birds.npz", x_train=np.zeros((15, 4)))
    with pytest.raises(DataError, match=r"birds.npz has no array y_train; it holds x_train\.$"):
        load_own(tmp_path / "birds.npz", 3, part="tuning")
    with pytest.raises(DataError, match=r"nor all of x_train.npy, y_train.npy: no x_train.npy, y_train.npy"):
        load_own(tmp_path, 3, part="tuning")
    with pytest.raises(UsageError, match="A training set of 6 samples is too small for part = 'tuning'"):
        load_own(write(tmp_path, arrays(), "npz"), 3, part="tuning")
