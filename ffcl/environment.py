"""What a result was computed with: versions and hardware, read without importing the libraries."""

from __future__ import annotations

import os
import platform
import subprocess
from contextlib import suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

LIBRARIES = ("ffcl", "torch", "avalanche-lib", "norse", "numpy", "scikit-learn", "torchvision")


def library_versions() -> dict[str, str]:
    """Versions of Python and of the libraries that take part in a result, and the commit of ffcl's sources if known."""
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found | ({"git": commit} if (commit := git_commit()) else {})


@cache
def git_commit() -> str:
    """Commit of the source tree that ffcl is imported from, with ``+`` if tracked files are edited; else empty."""
    folder = Path(__file__).resolve().parent

    def git(*arguments: str) -> str:
        call = ["git", "-C", str(folder), *arguments]
        return subprocess.run(call, capture_output=True, text=True, timeout=10, check=True).stdout.strip()

    try:
        if not git("ls-files", "--", Path(__file__).name):  # installed into a tree that is about something else
            return ""
        edited = git("status", "--porcelain", "--untracked-files=no")
        return git("rev-parse", "HEAD") + ("+" if edited else "")
    except (OSError, subprocess.SubprocessError):
        return ""


class PeakMemory:
    """The largest resident memory of this process from now on, libraries and data included."""

    def __init__(self) -> None:
        with suppress(OSError):  # Linux: forget the peak so far
            Path("/proc/self/clear_refs").write_text("5", encoding="ascii")

    @property
    def bytes(self) -> int | None:
        """The peak so far; None where the system does not tell."""
        try:
            lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        except OSError:
            return None
        line = next((line for line in lines if line.startswith("VmHWM:")), "")
        return int(line.split()[1]) * 1024 if line else None


def hardware() -> dict[str, str]:
    """The machine: system, processor and number of cores available."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": str(available_cores()),
        "bfloat16 units": "yes" if has_bfloat16_units() else "no",
    }


@cache
def has_bfloat16_units() -> bool:
    """Whether the processor has instructions for products in bfloat16 (AMX or AVX-512)."""
    return not {"amx_bf16", "avx512_bf16"}.isdisjoint(_processor_field("flags").split())


def available_cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _processor() -> str:
    return _processor_field("model name") or platform.processor() or "unknown"


def _processor_field(name: str) -> str:
    """The first entry ``name`` of Linux's description of the processor; empty elsewhere."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), "")
