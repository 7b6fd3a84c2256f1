"""`python -m simulation --seed N --hours H`, with `--seeds M` so many from that seed on. Exit 1: something is wrong."""

from __future__ import annotations

import argparse
import sys
import time

from simulation.run import simulate


def main(arguments):
    parser = argparse.ArgumentParser(prog="simulation")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--hours", type=float, default=100.0)
    parser.add_argument("--fury", type=float, default=1.0, help="how many times as many faults as usual")
    asked = parser.parse_args(arguments)
    well = True
    for seed in range(asked.seed, asked.seed + asked.seeds):
        began = time.process_time()
        result = simulate(seed, asked.hours, asked.fury)
        told(result, time.process_time() - began)
        well &= not result.wrong
    return not well


def told(result, seconds):
    rate = result.hours / seconds * 60
    say(f"seed {result.seed}: {result.hours:,.0f} hours in {seconds:.1f} s of CPU, {rate:,.0f} a minute")
    say(f"  {result.asked:,} requests, {result.events:,} events, digest {result.digest[:16]}")
    for counts in (result.commands, result.faults):
        say(f"  {', '.join(f'{count} {kind}' for kind, count in sorted(counts.items()))}")
    for line in result.last if result.wrong else ():
        say(f"  | {line}")
    for line in result.wrong[:20]:
        say(f"  WRONG: {line}")


def say(line):
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
