"""The house: imports point one way, and what is packaged is what is there."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

from ffcl.registry import installed

ROOT = Path(__file__).parent.parent
SHELVES = ("plugins", "scenarios", "leaderboard")
PACKAGES = sorted(p.parent for shelf in SHELVES for p in (ROOT / shelf).glob("*/__init__.py"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def imported_packages(folder: Path) -> dict[str, set[str]]:
    """For each file, the top-level packages of ours that it imports, or points at with "package.module:name"."""
    found: dict[str, set[str]] = {}
    for path in folder.rglob("*.py"):
        names: set[str] = set()
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                names.add(node.module)
            elif isinstance(node, ast.Constant) and (target := re.fullmatch(r"([\w.]+):\w+", str(node.value))):
                names.add(target[1])
        found[str(path.relative_to(ROOT))] = {n.split(".")[0] for n in names if n.split(".")[0].startswith("ffcl")}
    return found


def test_the_kernel_imports_no_plugin() -> None:
    for path, names in imported_packages(ROOT / "ffcl").items():
        assert names <= {"ffcl"}, path


@pytest.mark.parametrize("package", PACKAGES, ids=lambda p: p.name)
def test_a_package_sees_only_the_kernel(package: Path) -> None:
    for path, names in imported_packages(package).items():
        assert names <= {"ffcl", package.name}, path


def test_the_kernel_names_no_learner_strategy_or_scenario() -> None:
    """They come from the entry points alone; even the defaults say themselves that they are."""
    registry = installed()
    names = {*registry.learners, *registry.strategies, *registry.scenarios} - {"none"}  # a word of its own
    for path in (ROOT / "ffcl").rglob("*.py"):
        strings = {n.value for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Constant)}
        assert not strings & names, path


def test_avalanche_is_imported_in_few_places() -> None:
    importing = {p.name for p in (ROOT / "ffcl").rglob("*.py") if "from avalanche" in p.read_text()}
    assert importing == {"training.py", "tensor_dataset.py", "avalanche_mends.py", "strategy_memory.py"}


def test_every_package_is_listed_and_announced() -> None:
    listed = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert sorted(listed) == sorted(["ffcl", *(str(p.relative_to(ROOT)) for p in PACKAGES)])
    assert sorted(PROJECT["project"]["entry-points"]["ffcl"].values()) == [
        p.name for p in sorted(PACKAGES, key=lambda p: p.name)
    ]


def test_every_package_says_that_it_is_typed() -> None:
    for package in (ROOT / "ffcl", *PACKAGES):
        assert (package / "py.typed").is_file(), package
