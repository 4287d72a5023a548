from __future__ import annotations

import io
import math
import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest

from ffcl.errors import UsageError
from ffcl_leaderboard.build import build
from ffcl_leaderboard.export import export
from ffcl_leaderboard.report.encoding import short
from ffcl_leaderboard.tables import csv_text
from made_up import done, failed, run

HOSTILE = "a|b & 50% $x_{1}$ <b>\\"


def rows(learner: str = "bp") -> pd.DataFrame:
    return build([done(run(learner, seed=s), 0.8 + 0.01 * s) for s in range(3)], None, "ACC").rows


def test_csv_and_parquet_hold_every_column(tmp_path: Path) -> None:
    frame = rows()
    assert list(pd.read_csv(export(frame, tmp_path / "a.csv"))) == list(frame)
    pytest.importorskip("pyarrow")
    pd.testing.assert_frame_equal(pd.read_parquet(export(frame, tmp_path / "a.parquet")), frame, check_dtype=False)


def test_markdown_holds_a_table_a_scenario(tmp_path: Path) -> None:
    text = export(rows(), tmp_path / "a.md").read_text()
    assert "### toy" in text
    assert "| bp | none | 3 | 81.0 ± 2.5 |" in text


@pytest.mark.parametrize("name", ["a.md", "a.tex"])
def test_a_table_for_papers_says_what_is_stale_or_failed(tmp_path: Path, name: str) -> None:
    of = [done(run(learner, seed=s)) for learner in ("bp", "ff") for s in range(2)]
    frame = build([*of, failed(run(seed=2))], None, "ACC", changes=lambda r: ["edited"] * (r.seed == 0)).rows
    text = export(frame.assign(variant="lr=0.1"), tmp_path / name).read_text()
    assert "bp (lr=0.1, 1 failed, stale)" in text
    assert "ff (lr=0.1, stale)" in text


def test_what_plugins_are_called_cannot_break_a_table(tmp_path: Path) -> None:
    line = export(rows(HOSTILE), tmp_path / "a.md").read_text().splitlines()[4]
    assert line.replace("\\\\", "").replace("\\|", "").count("|") == 8
    assert "<b>" not in line
    text = export(rows(HOSTILE), tmp_path / "a.tex").read_text()
    assert r"a|b \& 50\% \$x\_\{1\}\$ \textless{}b\textgreater{}\textbackslash{} & none" in text


def test_latex_can_be_set(tmp_path: Path) -> None:
    table = export(rows(HOSTILE), tmp_path / "a.tex").read_text()
    assert table.count(r"\begin{tabular}") == table.count(r"\end{tabular}") == 1
    if shutil.which("pdflatex") is None:
        pytest.skip("no pdflatex")
    document = rf"\documentclass{{article}}\usepackage{{booktabs}}\begin{{document}}{table}\end{{document}}"
    (tmp_path / "d.tex").write_text(document)
    subprocess.run(["pdflatex", "-halt-on-error", "d.tex"], cwd=tmp_path, check=True, capture_output=True)


def test_another_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"\.csv, \.parquet, \.md, \.tex"):
        export(rows(), tmp_path / "a.xlsx")


def test_whole_numbers_are_written_exactly_also_where_some_are_missing() -> None:
    frame = pd.DataFrame({"seed": [20240613.0, math.nan], "ACC": [0.123456789, 1.0], "n": [1290506, 12345678]})
    assert csv_text(frame) == "seed,ACC,n\n20240613,0.123457,1290506\n,1,12345678\n"
    assert short(20240613.0) == 20240613


def test_a_carriage_return_in_a_text_does_not_break_its_row() -> None:
    text = csv_text(pd.DataFrame({"failure": ["step 1\rstep 2: boom", "a\r\nb", ""], "seed": [0, 1, 2]}))
    assert pd.read_csv(io.StringIO(text, newline=""), keep_default_na=False).to_numpy().tolist() == [
        ["step 1\nstep 2: boom", 0],
        ["a\nb", 1],
        ["", 2],
    ]
    assert short(1290506.25) == 1290500
