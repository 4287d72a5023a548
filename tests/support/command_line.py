"""The command line in a process of its own."""

from __future__ import annotations

import subprocess
import sys


def ffcl(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "ffcl", *map(str, arguments)], capture_output=True, text=True, timeout=300
    )
