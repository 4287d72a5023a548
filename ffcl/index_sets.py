"""Index sets: which samples of a data set a run used, as evidence that is stored beside the records.

They are addressed by their SHA-256, so that runs that used the same samples share one file.
"""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ffcl.errors import RecordError
from ffcl.records import write_atomically

SCHEMA = 1

Rows = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True, eq=False)
class IndexSet:
    """Some of the samples of a set.

    Attributes:
        of: SHA-256 of all the samples that they are some of.
        n: how many there are in all.
        rows: which of them, int64 (m,), each once, in increasing order; given in any order.

    Raises:
        ValueError: a row is none of the ``n``.
    """

    of: str
    n: int
    rows: Rows

    def __post_init__(self) -> None:
        rows = np.unique(np.asarray(self.rows, dtype=np.int64))
        if len(rows) and not 0 <= rows[0] <= rows[-1] < self.n:
            raise ValueError(f"rows from {rows[0]} to {rows[-1]} of {self.n} samples")
        object.__setattr__(self, "rows", rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, IndexSet) and self.sha256 == other.sha256

    def __hash__(self) -> int:
        return hash(self.sha256)

    @cached_property
    def sha256(self) -> str:
        """Identifies the set: SHA-256 of ``of``, ``n`` and one bit a sample."""
        return hashlib.sha256(f"{self.of}:{self.n}:".encode() + self._bits()).hexdigest()

    def take(self, positions: Rows) -> IndexSet:
        """The samples at these positions of ``rows``, which may repeat."""
        return IndexSet(self.of, self.n, self.rows[positions])

    def to_bytes(self) -> bytes:
        """A line of JSON, then one bit a sample, compressed."""
        header = {"schema": SCHEMA, "of": self.of, "n": self.n}
        return json.dumps(header).encode() + b"\n" + zlib.compress(self._bits(), 9)

    @classmethod
    def from_bytes(cls, data: bytes) -> IndexSet:
        """Read what `to_bytes` wrote.

        Raises:
            RecordError: it is damaged or of a newer schema.
        """
        line, _, packed = data.partition(b"\n")
        try:
            header = json.loads(line)
            if header["schema"] != SCHEMA:
                raise RecordError(f"its schema is {header['schema']}, this ffcl reads {SCHEMA}; update ffcl")
            of, n = str(header["of"]), int(header["n"])
            bits = np.unpackbits(np.frombuffer(zlib.decompress(packed), dtype=np.uint8))
        except (ValueError, KeyError, TypeError, zlib.error) as error:
            raise RecordError(f"it is no index set, or a damaged one ({type(error).__name__}: {error})") from error
        if len(bits) != -(-n // 8) * 8 or bits[n:].any():
            raise RecordError(f"it does not hold one bit for each of {n} samples")
        return cls(of, n, bits.nonzero()[0])

    def _bits(self) -> bytes:
        used = np.zeros(self.n, dtype=np.bool_)
        used[self.rows] = True
        return np.packbits(used).tobytes()


def overlap(a: IndexSet, b: IndexSet) -> int:
    """How many samples are in both; 0 if they are not of the same data."""
    return len(np.intersect1d(a.rows, b.rows, assume_unique=True)) if a.of == b.of else 0


def index_set_path(results: Path, sha256: str) -> Path:
    """Where an index set is, or will be."""
    return results / "index-sets" / sha256


def write_index_set(results: Path, index_set: IndexSet) -> str:
    """Store a set unless it is there, and return the SHA-256 by which it is read."""
    sha256 = index_set.sha256
    try:
        read_index_set(results, sha256)
    except RecordError:  # missing or damaged
        write_atomically(index_set_path(results, sha256), index_set.to_bytes())
    return sha256


def read_index_set(results: Path, sha256: str) -> IndexSet:
    """Read the set with this SHA-256, which is computed anew.

    Raises:
        RecordError: it is missing, damaged or another one; the message names the file.
    """
    if not re.fullmatch("[0-9a-f]{64}", sha256):
        raise RecordError(f"{sha256!r} is no SHA-256 of an index set.")
    path = index_set_path(results, sha256)
    try:
        index_set = IndexSet.from_bytes(path.read_bytes())
    except OSError as error:
        raise RecordError(f"The index set {path} cannot be read: {error.strerror}.") from error
    except RecordError as error:
        raise RecordError(f"The index set {path} cannot be used: {error}.") from error
    if index_set.sha256 != sha256:
        raise RecordError(f"The index set {path} is another one: its SHA-256 is {index_set.sha256}.")
    return index_set
