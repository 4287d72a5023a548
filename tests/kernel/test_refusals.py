from __future__ import annotations

from pathlib import Path

from ffcl.refusals import FILE, Refusal, note_refusals, read_refusals

A, B = Refusal("oja", "ewc", "no gradient"), Refusal("oja", "mas", "no scores")


def test_refusals_add_up_and_are_taken_back_once_a_pair_is_accepted(tmp_path: Path) -> None:
    note_refusals(tmp_path, [A], [])
    note_refusals(tmp_path, [B], [("bp", "ewc")])
    assert read_refusals(tmp_path) == [A, B]
    note_refusals(tmp_path, [], [("oja", "ewc")])
    assert read_refusals(tmp_path) == [B]
    note_refusals(tmp_path, [Refusal("oja", "mas", "another reason")], [])
    assert [r.reason for r in read_refusals(tmp_path)] == ["another reason"]


def test_nothing_is_written_if_nothing_changes(tmp_path: Path) -> None:
    note_refusals(tmp_path, [], [("bp", "none")])
    assert not (tmp_path / FILE).exists()
    assert read_refusals(tmp_path) == []


def test_a_file_that_cannot_be_read_holds_none(tmp_path: Path) -> None:
    for text in ("", "[3]", '[{"learner": "bp"}]', "{", "null"):
        (tmp_path / FILE).write_text(text)
        assert read_refusals(tmp_path) == [], text
    note_refusals(tmp_path, [A], [])
    assert read_refusals(tmp_path) == [A]


def test_a_refusal_is_one_line() -> None:
    assert str(A) == "ewc on oja: no gradient"
