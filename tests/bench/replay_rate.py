"""How fast a replay into the embedded broker is as a user runs it, and whether an article costs the same in any number.

`NEWS_BENCH_ARTICLES` (default 200,000) sets the largest; ten times as many takes minutes.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.corpus import articles, lines

MOST = int(os.environ.get("NEWS_BENCH_ARTICLES", "200000"))
FEW = 10_000


def replay(folder: Path, path: Path) -> float:
    """Seconds of wall time of one replay into a new file; what it says must be that all was published."""
    begun = time.monotonic()
    command = [sys.executable, "-m", "worker", "replay", str(path), "--broker", f"sqlite:///{folder}/{path.name}.db"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    seconds = time.monotonic() - begun
    print(f"{path.name:>14}: {seconds:7.1f} s  {done.stderr.splitlines()[0]}")
    return seconds


def main() -> None:
    """Print rates and ratios; the ratios are what is promised."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        seconds = {}
        for count in (FEW, MOST):
            path = folder / f"{count}.jsonl"
            with path.open("wb") as stream:
                stream.writelines(lines(count))
            seconds[count] = replay(folder, path)
        small = folder / "small-files"
        small.mkdir()
        for number, article in enumerate(articles(FEW)):
            (small / f"{number:06}.json").write_text(json.dumps(article, ensure_ascii=False))
        seconds[0] = replay(folder, small)
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        print(f"largest: {MOST / seconds[MOST]:,.0f} articles a second, peak {peak:.0f} MB in the parent")
        # Start-up is a second or so; taken off by the difference of two sizes.
        large = (seconds[MOST] - seconds[FEW]) / (MOST - FEW)
        small_cost = seconds[FEW] / FEW
        print(
            f"an article costs {large * 1e6:.0f} µs in the largest, {small_cost * 1e6:.0f} µs with start-up in the least"
        )
        assert large <= 1.3 * small_cost, "an article must not cost more the more there are"


if __name__ == "__main__":
    main()
