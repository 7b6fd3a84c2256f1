"""The program `news-worker`, and `python -m worker`.

Nothing that takes time is imported at the top: the processes that read documents import this module anew.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import NoReturn


def main() -> NoReturn:
    """Run the command line and exit with its code (`worker.cli.exits`)."""
    import gc

    if os.getpid() == 1:  # in a container, where what a process 1 doesn't handle itself never ends it
        signal.signal(signal.SIGTERM, lambda number, _frame: os._exit(128 + number))
    # What is imported is no garbage: to look through it again and again takes a tenth of the start.
    gc.set_threshold(50_000)
    from worker.cli.main import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
