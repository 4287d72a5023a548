"""The command line in a process of its own: run, waited for, interrupted."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable


def ffcl(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "ffcl", *map(str, arguments)], capture_output=True, text=True, timeout=300
    )


def wait_until(happened: Callable[[], object], process: subprocess.Popen[str], seconds: float = 300) -> None:
    """Wait until something has happened or the process is over."""
    deadline = time.monotonic() + seconds
    while not happened() and process.poll() is None:
        if time.monotonic() > deadline:
            process.kill()
            raise TimeoutError(f"{process.args} has not come so far in {seconds} s")
        time.sleep(0.01)


def interrupt(process: subprocess.Popen[str]) -> None:
    """Press Ctrl-C; the command must end as it promises."""
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "the same command goes on from here" in errors
    assert "Traceback" not in errors
