"""Parts of a data set: held-out ones need no test files, and what is loaded is shared and let go."""

from __future__ import annotations

import gc
import hashlib
import weakref
from pathlib import Path

import numpy as np
import pytest
import torch

from ffcl.errors import DataError
from ffcl.index_sets import IndexSet
from ffcl.parts import HELD_OUT, rows_of
from ffcl_scenarios.datasets import load, load_once
from ffcl_scenarios.torchvision_data import MNIST_SHA256, SOURCES
from idx_files import write_idx


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
