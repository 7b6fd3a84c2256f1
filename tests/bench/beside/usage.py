"""The CPU time of a command and of every process that came of it, known when the last of them has ended.

What a process took is known once it is waited for. The worker's readers are waited for by their fork server, and that outlives the
worker: so a process in between adopts whatever is orphaned below it (PR_SET_CHILD_SUBREAPER), and waits for all.
"""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36
_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Used:
    """What a contender took for its records: wall seconds, and CPU seconds over all its processes."""

    seconds: float
    cpu: float


def used(command: Sequence[str], environment: Mapping[str, str]) -> Used:
    """Run it to its end; it must succeed."""
    watched = [sys.executable, __file__, *command]
    ran = subprocess.run(
        watched,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return Used(**json.loads(ran.stdout))


def cpu_of(process: int) -> float:
    """CPU seconds so far of one process that still runs, all its threads, without its children."""
    after_name = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / _TICK


def _watch(command: Sequence[str]) -> int:
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    begun, cpu, code = time.monotonic(), 0.0, 1
    seconds = 0.0
    started = subprocess.Popen(command, stdout=sys.stderr)
    while True:
        try:
            ended, status, usage = os.wait4(-1, 0)
        except ChildProcessError:
            break
        cpu += usage.ru_utime + usage.ru_stime
        if ended == started.pid:
            seconds, code = time.monotonic() - begun, os.waitstatus_to_exitcode(status)
            started.returncode = code
    print(json.dumps({"seconds": seconds, "cpu": cpu}))
    return code


if __name__ == "__main__":
    sys.exit(_watch(sys.argv[1:]))
