"""What code is behind a run: the hash of its sources, and what of it this process has imported."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable
from functools import cache
from importlib.util import find_spec
from pathlib import Path

KERNEL = "ffcl"
RULES = Path(__file__).parent / "rules"


@cache
def code_fingerprint(*packages: str) -> str:
    """Hash the Python sources of the top-level packages that these modules or packages belong to, but for the kernel's.

    The building blocks in ``ffcl.rules`` count as their own if they use them. The fingerprint stands in each run's
    configuration, so that an edited learning rule is run again. ``cache_clear()`` has the files read anew.

    Args:
        packages: the plugin's own first; they need not be imported, and are not. Without files, as in a notebook,
            there is nothing to hash: "".
    """
    content: dict[str, bytes] = {}
    for package, file in _top_level(packages).items():
        sources = _sources(file.parent) if file.name == "__init__.py" else {file.name: file.read_bytes()}
        own = f"{packages[0]}.".startswith(f"{package}.")
        content |= {name if own else f"{package}/{name}": source for name, source in sources.items()}
    if not content:
        return ""
    if any(b"ffcl.rules" in source for source in content.values()):
        content |= {f"ffcl.rules/{name}": source for name, source in _sources(RULES).items()}
    digest = hashlib.sha256()
    for name, source in sorted(content.items()):
        digest.update(name.encode() + b"\0" + source + b"\0")
    return digest.hexdigest()[:12]


def packages_of(modules: Iterable[str]) -> tuple[str, ...]:
    """The top-level packages that these modules belong to, but for the kernel's."""
    return tuple(_top_level(modules))


def _top_level(modules: Iterable[str]) -> dict[str, Path]:
    """The file of each top-level package or module; a namespace package has none, and the one inside counts."""
    found = {}
    for module in modules:
        parts = module.split(".")
        for name in (".".join(parts[:depth]) for depth in range(1, len(parts) + 1)):
            if file := _file(name):
                found[name] = file
                break
    found.pop(KERNEL, None)
    return found


def _file(module: str) -> Path | None:
    if module in sys.modules:
        file = getattr(sys.modules[module], "__file__", None)
    else:
        try:
            spec = find_spec(module)  # imports nothing but the namespace packages around it
        except (ImportError, ValueError):
            return None
        file = spec.origin if spec is not None and spec.has_location else None
    return Path(file) if file else None


def _sources(folder: Path) -> dict[str, bytes]:
    """The Python files of a package by path, without an editor's: hidden ones, and links that lead nowhere."""
    inside = [(path, path.relative_to(folder)) for path in folder.rglob("*.py") if path.is_file()]
    return {
        name.as_posix(): path.read_bytes()
        for path, name in inside
        if not any(part.startswith(".") for part in name.parts)
    }


MIXED = "mixed"
"""In place of the fingerprint of packages that were edited between the imports of two of their modules."""

imported_code: dict[tuple[str, ...], str] = {}
"""By packages, the fingerprint of what this process runs, noted when it was imported: files can be edited later."""

_n_imported: dict[tuple[str, ...], int] = {}


def note_imported(packages: tuple[str, ...]) -> str:
    """The fingerprint of what this process runs of these packages, of which it may just have imported some modules."""
    inside = tuple(f"{name}." for name in (*packages, f"{KERNEL}.rules"))
    n = sum(f"{name}.".startswith(inside) for name in list(sys.modules))
    if n > _n_imported.get(packages, -1):
        code = code_fingerprint.__wrapped__(*packages)  # of the files as they are now
        imported_code[packages] = code if imported_code.get(packages, code) == code else MIXED
        _n_imported[packages] = n
    return imported_code[packages]
