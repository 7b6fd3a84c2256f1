"""How long a command takes to begin: beside a Python that does nothing, since a busy machine slows both.

A second for one file and 0.3 s for help are what a person is promised; the ratios are what a run can be held to.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

ROUNDS = 9
WORKER = [sys.executable, "-m", "worker"]
# A bare Python takes 18 ms where little else runs: 0.3 s are 16 of it, a second 55. A replay starts three more processes,
# which wait for a core on a busy machine: what fails the run is half as much again.
MOST = {"--help": 16, "replay --help": 16, "replay of one file": 83}


def seconds(command: list[str]) -> float:
    """Wall time of one call, which must succeed."""
    begun = time.monotonic()
    subprocess.run(command, check=True, capture_output=True)
    return time.monotonic() - begun


def main() -> None:
    """Print medians and their ratios; fail when a ratio does."""
    with tempfile.TemporaryDirectory() as made:
        article = Path(made) / "article.txt"
        article.write_text("date 2026-01\n\nThe ferry sails again from Monday, after a winter of repairs.")
        times: dict[str, list[float]] = {name: [] for name in ("python -c pass", *MOST)}
        for number in range(ROUNDS):
            broker = ["--broker", f"sqlite:///{made}/{number}.db"]
            times["python -c pass"].append(seconds([sys.executable, "-c", "pass"]))
            times["--help"].append(seconds([*WORKER, "--help"]))
            times["replay --help"].append(seconds([*WORKER, "replay", "--help"]))
            times["replay of one file"].append(seconds([*WORKER, "replay", str(article), *broker]))
    bare = median(times["python -c pass"])
    for name, taken in times.items():
        print(f"{name:>18}: {median(taken) * 1e3:5.0f} ms, {median(taken) / bare:5.1f} times a bare Python")
    for name, most in MOST.items():
        assert median(times[name]) <= most * bare, f"{name} takes more than {most} times what a bare Python does"


if __name__ == "__main__":
    main()
