from __future__ import annotations

from pathlib import Path

import pytest

from ffcl.errors import UsageError
from ffcl_leaderboard.build import build
from ffcl_leaderboard.columns import COLUMNS, column, explain, markdown
from made_up import done, run


def test_every_column_of_every_table_is_explained(tmp_path: Path) -> None:
    records = [done(run(learner, seed=s, scenario=n)) for learner in ("bp", "ff") for s in range(2) for n in "xy"]
    tables = [path for path in build(records, tmp_path, "ACC").files if path.suffix == ".csv"]
    assert len(tables) >= 3
    for path in tables:
        for name in path.read_text().splitlines()[0].split(","):
            assert column(name) is not None, f"{name} of {path.name}"


def test_the_page_of_columns_is_up_to_date() -> None:
    page = Path(__file__).parent.parent.parent / "docs" / "columns.md"
    assert page.read_text() == "\n".join(markdown()) + "\n"


def test_an_explanation_says_formula_unit_direction_and_source() -> None:
    text = explain("forgetting_low")
    for part in ("lower end", "mean_{j<T} (max_{j<=i<T} a[i, j] - a[T, j])", "share", "lower is better", "1801.10112"):
        assert part in text
    with pytest.raises(UsageError, match="Did you mean 'forgetting'"):
        explain("forgeting")


def test_an_end_that_is_part_of_a_name_is_no_interval() -> None:
    assert all(column(name) is COLUMNS[name] for name in COLUMNS)
    assert column("ACC_low") is COLUMNS["ACC"]
    assert column("low") is None
