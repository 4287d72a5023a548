"""The example of the documentation, installed as a stranger's package in an environment of its own, and run."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pandas as pd
import pytest

EXAMPLE = Path(__file__).parent.parent.parent / "docs" / "examples" / "ffcl-prototype"


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment that sees this one's libraries, and has the example installed."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    binary = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    site = subprocess.run(
        [binary, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    libraries = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    Path(site, "libraries.pth").write_text("".join(f"import site; site.addsitedir({p!r})\n" for p in sorted(libraries)))
    install = ["install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index", "-e", str(EXAMPLE)]
    subprocess.run([sys.executable, "-m", "pip", "--python", str(binary), *install], check=True)
    return binary


def ffcl(python: Path, *arguments: str, cwd: Path) -> str:
    result = subprocess.run(
        [str(python), "-m", "ffcl", *arguments],
        capture_output=True, text=True, cwd=cwd, timeout=300, env={**os.environ, "COLUMNS": "200"},
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_it_is_listed_with_its_origin(python: Path, tmp_path: Path) -> None:
    lines = ffcl(python, "list", cwd=tmp_path).splitlines()
    (learner,) = [line for line in lines if line.startswith("prototype")]
    assert "the nearest class prototype" in learner
    assert "ffcl-prototype 0.1.0" in learner
    assert any(line.startswith("digits-one-by-one") and "ffcl-prototype" in line for line in lines)
    assert "lr" in ffcl(python, "show", "prototype", cwd=tmp_path)


def test_it_runs_and_really_learns(python: Path, tmp_path: Path) -> None:
    ffcl(python, "run", "prototype", "bp", "-s", "digits-one-by-one,split-digits", "--seeds", "2", cwd=tmp_path)
    rows = pd.read_csv(tmp_path / "results" / "leaderboard.csv").set_index(["scenario", "learner"])
    for scenario in ("digits-one-by-one", "split-digits"):
        assert rows.loc[(scenario, "prototype"), "ACC"] > 0.8
        assert rows.loc[(scenario, "prototype"), "forgetting"] < 0.15
        assert rows.loc[(scenario, "bp"), "ACC"] < 0.3
    assert rows.loc[("split-digits", "prototype"), "learner_version"].startswith("ffcl-prototype 0.1.0")


def test_it_keeps_the_contract(python: Path, tmp_path: Path) -> None:
    code = "from ffcl.testing import check_learner; check_learner('prototype')"
    subprocess.run([str(python), "-W", "ignore", "-c", code], check=True, cwd=tmp_path)


def test_it_is_as_short_as_promised() -> None:
    lines = [line for path in EXAMPLE.rglob("*.py") for line in path.read_text().splitlines() if line.strip()]
    assert len(lines) <= 60


def test_the_strategy_of_the_documentation_runs(tmp_path: Path) -> None:
    page = (EXAMPLE.parent.parent / "new-strategy.md").read_text()
    info = tmp_path / "my_replay-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: my-replay\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[ffcl]\nmy-replay = my_replay\n")
    (tmp_path / "my_replay.py").write_text(page.split("```python\n")[1].split("```")[0])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])}
    subprocess.run(
        [sys.executable, "-m", "ffcl", "run", "bp", "--strategy", "none,my-replay", "--set", "my-replay.buffer=200"],
        check=True, cwd=tmp_path, timeout=300, env=environment,
    )  # fmt: skip
    rows = pd.read_csv(tmp_path / "results" / "leaderboard.csv").set_index("strategy")
    assert rows.loc["my-replay", "ACC"] > rows.loc["none", "ACC"] + 0.3
