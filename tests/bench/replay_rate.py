"""How fast a replay into the embedded broker is as a user runs it, and whether an article costs the same in any number.

`NEWS_BENCH_ARTICLES` (default 200,000) sets the largest, `NEWS_BENCH_FILES` (default 10,000) how many small files there are;
ten times as many take minutes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from bench.corpus import articles, lines

MOST = int(os.environ.get("NEWS_BENCH_ARTICLES", "200000"))
FILES = int(os.environ.get("NEWS_BENCH_FILES", "10000"))
FEW = 10_000


@dataclass(frozen=True, slots=True)
class Replayed:
    """What one replay took; memory and CPU time are the parent's, without the readers'."""

    articles: int
    seconds: float
    cpu: float
    megabytes: float


def replay(folder: Path, path: Path, count: int) -> Replayed:
    """Replay into a new file; all that is there must be published."""
    begun = time.monotonic()
    command = [sys.executable, "-m", "worker", "replay", str(path), "--broker", f"sqlite:///{folder}/{path.name}.db"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        said = process.stderr.read()
        _, process.returncode, usage = os.wait4(process.pid, 0)
    assert f"{count:,} articles published" in said, said
    done = Replayed(count, time.monotonic() - begun, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
    print(
        f"{path.name:>14}: {done.seconds:6.1f} s, {count / done.seconds:6,.0f} a second;"
        f" the parent {done.cpu / count * 1e6:4.0f} µs CPU an article, {done.megabytes:4.0f} MB"
    )
    return done


def main() -> None:
    """Print rates and ratios; the ratios are what is promised."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        done = {}
        for count in (FEW, MOST):
            path = folder / f"{count}.jsonl"
            with path.open("wb") as stream:
                stream.writelines(lines(count))
            done[count] = replay(folder, path, count)
        few, most = done[FEW], done[MOST]
        for count in (FILES // 10, FILES):
            small = folder / f"{count}-files"
            small.mkdir()
            for number, article in enumerate(articles(count)):
                (small / f"{number:06}.json").write_text(json.dumps(article, ensure_ascii=False))
            replay(folder, small, count)
        # Start-up is a second or so; taken off by the difference of two sizes.
        each = (most.seconds - few.seconds) / (MOST - FEW)
        print(f"without start-up an article costs {each * 1e6:.0f} µs: {1 / each:,.0f} a second")
        assert each <= 1.3 * few.seconds / FEW, "an article must not cost more the more there are"
        assert most.megabytes <= 1.3 * few.megabytes, "memory must not grow with the articles"


if __name__ == "__main__":
    main()
