"""How many hours are simulated in a minute of one core's time, at the usual measure of faults: 1,000 are aimed at.

Most of it is reading and carrying coroutines on, so a machine that others use makes it slower: under 400 fail the run.
`NEWS_BENCH_HOURS` (default 200) sets how long.
"""

from __future__ import annotations

import os
import time

from simulation.run import simulate

HOURS = float(os.environ.get("NEWS_BENCH_HOURS", "200"))
AIM, LEAST = 1000, 400


def main() -> None:
    """Print the rate; fail when it is far from what is aimed at."""
    began = time.process_time()
    result = simulate(1, HOURS)
    seconds = time.process_time() - began
    rate = result.hours / seconds * 60
    print(f"{result.hours:,.0f} hours in {seconds:.0f} s of CPU time, {rate:,.0f} a minute (aim: {AIM:,})")
    print(f"{result.asked:,} requests, {result.events:,} events, {sum(result.faults.values()):,} faults")
    assert not result.wrong, result.wrong
    assert rate >= LEAST, f"fewer than {LEAST} simulated hours a minute"


if __name__ == "__main__":
    main()
