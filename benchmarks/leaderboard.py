"""How long the leaderboard takes on many made-up records, and how much memory: first, again, and after one more run.

python -m benchmarks.leaderboard --records 20000
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "support"))

from benchmarks.arguments import positive
from ffcl.records import write_record
from synthetic import campaign, write_campaign  # type: ignore[import-not-found]

LEARNERS, STRATEGIES, SEEDS = 12, 6, 10


def build(results: Path, *options: str) -> tuple[float, float]:
    """Seconds and peak memory (MiB) of ``ffcl leaderboard``."""
    command = [sys.executable, "-m", "ffcl", "leaderboard", "--results", str(results), *options]
    begun = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"ffcl leaderboard failed with {status}")
    return time.perf_counter() - begun, usage.ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=positive, default=20_000, help="records, at least")
    scenarios = -(-parser.parse_args().records // (LEARNERS * STRATEGIES * SEEDS))
    size = (LEARNERS, STRATEGIES, scenarios, SEEDS)
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder)
        print(f"{write_campaign(results, *size):,} records of {scenarios} scenarios")
        first = build(results)
        again = build(results)
        extra = next(record for record in campaign(1, 1, 1, SEEDS + 1) if record.run.seed == SEEDS)
        write_record(results, extra)
        more = build(results)
        print(f"{'':24}   time  memory  by the first")
        for what, (seconds, memory) in (("first", first), ("again", again), ("after one more run", more)):
            print(f"{what:24}{seconds:5.1f} s {memory:5.0f} MiB {seconds / first[0]:8.2f}")
        page = results / "index.html"
        print(f"index.html: {page.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
