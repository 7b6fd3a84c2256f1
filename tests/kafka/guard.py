"""Becomes the program it is given, and leaves a process behind that kills it when whoever started it is gone.

Not PR_SET_PDEATHSIG: that strikes when the starting thread ends, and brokers are started from threads that end.
Arguments: a pidfd of the starter, how many words the command that ends the program has, that command, the program.
"""

import os
import select
import signal
import subprocess
import sys
from contextlib import suppress


def main() -> None:
    starter, words = int(sys.argv[1]), int(sys.argv[2])
    end, program = sys.argv[3 : 3 + words], sys.argv[3 + words :]
    itself = os.pidfd_open(os.getpid())
    if os.fork():
        os.set_inheritable(starter, False)
        os.execvp(program[0], program)
    os.setsid()  # what hits the program's group isn't to hit the guard
    gone, _, _ = select.select([starter, itself], [], [])
    if starter in gone:
        if end:
            subprocess.run(end, check=False, capture_output=True)
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(itself, signal.SIGKILL)


if __name__ == "__main__":
    main()
