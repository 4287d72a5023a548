"""Published values: read, shown, and compared with ours."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ffcl.errors import UsageError
from ffcl_reproduce.published import TOLERANCE, Published
from ffcl_reproduce.setup_file import read_setup, shipped
from tiny_setup import HEADER


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (None, "needs its published values beside it"),
        ("scenario,learner,strategy,value\n", "must begin with the line scenario,"),
        (
            HEADER + "class,BP,nothing,1,,table\n",
            "Unknown scenario in tiny.csv, line 2: 'class'. Did you mean 'classes'",
        ),
        (HEADER + "classes,BP,nothing,much,,table\n", "line 2: value must be a number, got 'much'"),
        (HEADER + "classes,BP,nothing,nan,,table\n", "must be a number"),
        (HEADER + "classes,BP,nothing,1,-1,table\n", "must not be negative"),
        (HEADER + "classes,BP,nothing,1,,tabel\n", "Did you mean 'table'"),
        (HEADER + "classes,BP,nothing,1,table\n", "6 values are needed"),
        (HEADER + 2 * "classes,BP,nothing,1,,table\n", "line 3: classes x BP x nothing stands there twice"),
    ],
)
def test_wrong_published_values_are_said(written: Callable[..., str], values: str | None, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read_setup(written(values=values))


@pytest.mark.parametrize(
    ("ours", "verdict"),
    [
        (90.0, "inside"),
        (90.3 + TOLERANCE, "inside"),
        (90.301 + TOLERANCE, "above"),
        (89.7 - TOLERANCE, "inside"),
        (89.699 - TOLERANCE, "below"),
    ],
)
def test_inside_reaches_to_the_spread_and_the_tolerance(ours: float, verdict: str) -> None:
    assert Published(90.0, 0.3, "table").verdict(ours) == verdict


def test_without_a_spread_the_tolerance_alone_counts() -> None:
    assert Published(19.7, None, "table").verdict(19.7 + 1.5) == "inside"
    assert Published(19.7, None, "table").verdict(19.7 - 1.51) == "below"


def test_a_published_value_is_shown_with_how_it_was_read() -> None:
    assert str(Published(93.46, 2.01, "table")) == "93.46 ±2.01"
    assert str(Published(97.0, None, "table")) == "97"
    assert str(Published(67.5, 1.0, "figure")) == "~67.5 ±1"


def test_published_values_are_accuracies() -> None:
    for name in shipped():
        values = read_setup(name).published
        assert values
        for published in values.values():
            assert 10 < published.value <= 100
            assert published.spread is None or 0 < published.spread < 10


def test_published_values_as_printed() -> None:
    assert str(read_setup("hsu2018").published["class-incremental", "BP", "ewc"]) == "19.8 ±0.05"
    assert str(read_setup("sffa").published["class-incremental", "symmetric FF", "replay-500"]) == "90.03"
    assert str(read_setup("sffa").published["domain-incremental", "BP", "si"]) == "~73 ±1"
    assert str(read_setup("vandeven2019").published["task-incremental", "BP", "online ewc"]) == "95.96 ±0.06"
