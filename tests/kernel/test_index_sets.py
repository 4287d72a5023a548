"""Index sets: stored by their content, read only if whole."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ffcl.configuration import Run
from ffcl.errors import RecordError
from ffcl.execute import execute
from ffcl.index_sets import IndexSet, index_set_path, overlap, read_index_set, write_index_set
from ffcl.records import Record
from ffcl.registry import installed

SETS = st.integers(0, 70).flatmap(
    lambda n: st.builds(
        IndexSet, of=st.sampled_from(["a", "b"]), n=st.just(n), rows=st.lists(st.integers(0, max(0, n - 1)), max_size=n)
    )
)
THIRDS = IndexSet("ab", 10, np.array([0, 9, 3, 6, 3]))


@given(SETS)
def test_a_set_round_trips(index_set: IndexSet) -> None:
    again = IndexSet.from_bytes(index_set.to_bytes())
    assert again == index_set
    assert (again.of, again.n, again.rows.tolist()) == (index_set.of, index_set.n, index_set.rows.tolist())
    assert again.rows.dtype == np.int64


@given(SETS, SETS)
def test_the_hash_tells_sets_apart_and_the_overlap_is_that_of_the_rows(a: IndexSet, b: IndexSet) -> None:
    same = (a.of, a.n, a.rows.tolist()) == (b.of, b.n, b.rows.tolist())
    assert (a.sha256 == b.sha256) == (a == b) == same
    assert overlap(a, b) == overlap(b, a) == (len({*a.rows.tolist()} & {*b.rows.tolist()}) if a.of == b.of else 0)
    assert overlap(a, a) == len(a)


def test_rows_are_sorted_and_counted_once_and_must_exist() -> None:
    assert THIRDS.rows.tolist() == [0, 3, 6, 9]
    assert len(THIRDS) == 4
    assert THIRDS.take(np.array([3, 1, 1])).rows.tolist() == [3, 9]
    assert THIRDS in {THIRDS}
    for row in (-1, 10):
        with pytest.raises(ValueError, match="of 10 samples"):
            IndexSet("ab", 10, np.array([row]))


def test_the_hash_never_changes() -> None:
    assert THIRDS.sha256 == "372af158fa81c5bda9daa418ddb1c0a143b85bf010d92664902737767c633517"


def test_a_set_is_stored_once(tmp_path: Path) -> None:
    sha256 = write_index_set(tmp_path, THIRDS)
    path = tmp_path / "index-sets" / sha256
    assert path == index_set_path(tmp_path, sha256)
    written = path.stat().st_mtime_ns, path.stat().st_ino
    assert write_index_set(tmp_path, THIRDS) == sha256 == THIRDS.sha256
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == written
    assert [p.name for p in path.parent.iterdir()] == [sha256]
    assert read_index_set(tmp_path, sha256) == THIRDS
    assert len(IndexSet("a" * 64, 60_000, np.arange(0, 60_000, 2)).to_bytes()) < 500


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda data: data[:-3], r"no index set, or a damaged one \(error"),
        (lambda data: b"", "no index set, or a damaged one"),
        (lambda data: b"[1]\n", "no index set, or a damaged one"),
        (lambda data: data.replace(b'"schema": 1', b'"schema": 9'), "its schema is 9, this ffcl reads 1"),
        (lambda data: data.replace(b'"n": 10', b'"n": 17'), "one bit for each of 17 samples"),
        (lambda data: data.replace(b'"n": 10', b'"n": 9'), "one bit for each of 9 samples"),
        (lambda data: data.replace(b'"ab"', b'"ac"'), "is another one: its SHA-256 is"),
        (lambda data: IndexSet("ab", 10, np.array([0, 3, 6])).to_bytes(), "is another one"),
    ],
)
def test_a_damaged_set_is_refused_and_written_anew(
    tmp_path: Path, damage: Callable[[bytes], bytes], message: str
) -> None:
    sha256 = write_index_set(tmp_path, THIRDS)
    path = index_set_path(tmp_path, sha256)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(RecordError, match=message) as error:
        read_index_set(tmp_path, sha256)
    assert str(path) in str(error.value)
    assert read_index_set(tmp_path, write_index_set(tmp_path, THIRDS)) == THIRDS


def test_a_missing_set_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=f"{'0' * 64} cannot be read"):
        read_index_set(tmp_path, "0" * 64)
    with pytest.raises(RecordError, match=r"'\.\./record' is no SHA-256 of an index set"):
        read_index_set(tmp_path, "../record")


def test_a_run_leaves_its_index_sets(run_of: Callable[..., Run], data_root: Path, tmp_path: Path) -> None:
    run = run_of("bp", **{"split-digits.part": "tuning"})
    record = execute(run, installed(), data_root, index_sets=tmp_path)
    assert record.status == "done", record.failure
    train, test = (read_index_set(tmp_path, record.index_sets[name]) for name in ("train", "test"))
    assert (train.of, train.n) == (test.of, test.n)
    assert train.of == record.data_sha256
    assert (len(train), len(test)) == (record.train_samples, 120)
    assert overlap(train, test) == 0
    assert Record.from_json(record.to_json()) == record
    content = json.loads(record.to_json())
    del content["index_sets"]
    assert Record.from_json(json.dumps(content)).index_sets == {}  # as older records are
    assert execute(run, installed(), data_root).index_sets == record.index_sets  # said also where they are not written
