"""Waiting for what another process does, and not for ever."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable


def wait_until(happened: Callable[[], object], process: subprocess.Popen[str], seconds: float = 300) -> None:
    """Wait until something has happened or the process is over."""
    deadline = time.monotonic() + seconds
    while not happened() and process.poll() is None:
        if time.monotonic() > deadline:
            process.kill()
            raise TimeoutError(f"{process.args} has not come so far in {seconds} s")
        time.sleep(0.01)
