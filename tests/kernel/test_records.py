from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ffcl.configuration import Component, Run
from ffcl.errors import RecordError
from ffcl.records import (
    Failure,
    Record,
    find_record,
    folded_problems,
    read_record,
    read_records,
    record_path,
    set_aside_unreadable,
    write_atomically,
    write_record,
)

PART = Component("x", {"lr": 0.1}, "dist", "1.0", "abc")
RUN = Run(PART, PART, PART, 3, "0.1.0")
DONE = Record(RUN, "done", "2026-01-01T00:00:00+00:00", accuracy=[[0.5, 0.0], [1.0, 0.0], [0.25, 1.0]])


@given(
    st.integers(1, 5).flatmap(
        lambda t: st.lists(st.lists(st.floats(0, 1), min_size=t, max_size=t), min_size=t + 1, max_size=t + 1)
    ),
    st.integers(0, 10**9),
)
def test_a_record_round_trips(matrix: list[list[float]], seed: int) -> None:
    record = replace(DONE, run=replace(RUN, seed=seed), accuracy=matrix)
    assert Record.from_json(record.to_json()) == record


def test_a_failure_round_trips(tmp_path: Path) -> None:
    failed = Record(RUN, "failed", "now", failure=Failure("ValueError", "boom", "Traceback ..."))
    write_record(tmp_path, failed)
    assert find_record(tmp_path, RUN) == failed


def test_a_failure_never_replaces_a_result(tmp_path: Path) -> None:
    failed = Record(RUN, "failed", "now", failure=Failure("ValueError", "boom", "Traceback ..."))
    write_record(tmp_path, failed)
    write_record(tmp_path, DONE)
    write_record(tmp_path, failed)
    assert find_record(tmp_path, RUN) == DONE


def test_a_record_is_where_its_key_says(tmp_path: Path) -> None:
    path = write_record(tmp_path, DONE)
    assert path == tmp_path / "runs" / RUN.key / "record.json"
    assert RUN.key == f"x--x--x--seed3--{RUN.configuration}"
    assert [p.name for p in path.parent.iterdir()] == ["record.json"]


def with_field(text: str, name: str, value: object) -> str:
    return json.dumps({**json.loads(text), name: value})


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda text: text[: len(text) // 2], "no valid JSON"),
        (lambda text: "", "no valid JSON"),
        (lambda text: "[1]", "no ffcl record"),
        (lambda text: text.replace('"schema": 2', '"schema": 99'), "its schema is 99, this ffcl reads up to 2"),
        (lambda text: text.replace('"schema": 2', '"schema": 0'), "it is no ffcl record (schema 0)"),
        (lambda text: text.replace('"status": "done"', '"status": "won"'), "status 'won'"),
        (lambda text: text.replace('"seed": 3', '"seed": 4'), "does not fit its key"),
        (lambda text: text.replace('"seed": 3', '"seed": "3"'), "seed is '3'"),
        (lambda text: text.replace('"accuracy"', '"precision"'), "a part is missing or damaged"),
        (lambda text: text.replace("0.25", "7.5"), "an accuracy is outside 0 to 1"),
        (lambda text: with_field(text, "accuracy", [[]]), "the accuracy matrix is not of T + 1 rows and T columns"),
        (lambda text: with_field(text, "train_seconds", None), "train_seconds is None"),
        (lambda text: with_field(text, "train_samples", "7"), "train_samples is '7', not of the type int"),
        (lambda text: with_field(text, "versions", None), "versions is None"),
        (lambda text: with_field(text, "started", None), "started is None"),
    ],
)
def test_a_damaged_record_is_reported_and_left_alone(
    tmp_path: Path, damage: Callable[[str], str], message: str
) -> None:
    good = replace(DONE, run=replace(RUN, seed=8))
    write_record(tmp_path, good)
    path = write_record(tmp_path, DONE)
    damaged = damage(path.read_text())
    path.write_text(damaged)
    records, problems = read_records(tmp_path)
    assert records == [good]
    assert len(problems) == 1
    assert message in problems[0]
    assert str(path) in problems[0]
    assert path.read_text() == damaged
    with pytest.raises(RecordError):
        read_record(path)


def test_an_unreadable_record_is_never_overwritten(tmp_path: Path) -> None:
    path = write_record(tmp_path, DONE)
    assert set_aside_unreadable(tmp_path, RUN) is None
    for number, content in enumerate(("half a rec", "another"), start=1):
        path.write_text(content)
        moved = set_aside_unreadable(tmp_path, RUN)
        assert moved == path.with_name(f"unreadable-{number}.json")
        assert moved.read_text() == content
        assert not path.exists()


def test_a_crash_while_writing_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    write_atomically(path, "old")

    def crash(descriptor: int) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", crash)
    with pytest.raises(OSError, match="disk full"):
        write_atomically(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_kill_9_while_writing_leaves_no_half_record(tmp_path: Path) -> None:
    """A process that does nothing but rewrite one record is killed at several moments."""
    script = textwrap.dedent(f"""
        import itertools, sys
        from pathlib import Path
        from ffcl.records import write_atomically
        print("ready", flush=True)
        for n in itertools.count():
            write_atomically(Path({str(tmp_path / "record")!r}), str(n % 10) * 200_000)
    """)
    for _ in range(5):
        process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        while not (tmp_path / "record").exists():
            pass
        process.kill()
        process.wait()
        process.stdout.close()
        content = (tmp_path / "record").read_text()
        assert len(content) == 200_000
        assert len(set(content)) == 1


def test_records_are_plain_json(tmp_path: Path) -> None:
    content = json.loads(write_record(tmp_path, DONE).read_text())
    assert content["schema"] == 2
    assert content["run"]["learner"]["settings"] == {"lr": 0.1}
    assert record_path(tmp_path, RUN).stat().st_mode & 0o777 == 0o644


def test_what_is_wrong_with_many_records_is_said_once(tmp_path: Path) -> None:
    for seed in range(3):
        write_record(tmp_path, Record(Run(PART, PART, PART, seed, "0.1.0"), "failed", "now")).write_text("{}")
    write_record(tmp_path, Record(Run(PART, PART, PART, 3, "0.1.0"), "failed", "now")).write_text('{"schema": 99}')
    _, problems = read_records(tmp_path)
    assert len(problems) == 4
    first, second = folded_problems(problems)
    assert "seed0" in first
    assert first.endswith("no ffcl record (no schema number). The same holds for 2 more.")
    assert "schema is 99" in second


def test_a_record_of_an_older_schema_is_read_and_what_it_did_not_tell_is_unknown(tmp_path: Path) -> None:
    matrix = [[0.5, 0.0], [1.0, 0.0], [0.25, 1.0]]
    path = write_record(tmp_path, Record(RUN, "done", "now", matrix, train_flops=7, choices=[[2, 2]] * 3))
    content = json.loads(path.read_text())
    added = ("choices", "evaluated_samples", "strategy_bytes", "train_flops", "inference_flops", "peak_memory_bytes")
    older = {name: value for name, value in content.items() if name not in added} | {"schema": 1}
    path.write_text(json.dumps(older))
    record = read_record(path)
    assert record.accuracy == matrix
    assert (record.choices, record.train_flops, record.strategy_bytes) == ([], None, None)
    assert json.loads(path.read_text()) == older  # the file is left as it is


def test_choices_of_another_shape_are_damage(tmp_path: Path) -> None:
    path = write_record(tmp_path, Record(RUN, "done", "now", [[0.5], [1.0]], choices=[[2], [2]]))
    path.write_text(path.read_text().replace('"choices": [', '"choices": [[2],'))
    with pytest.raises(RecordError, match="not of the shape of the accuracy matrix"):
        read_record(path)
