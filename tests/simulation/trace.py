"""What happened, a line each, the logs of the workers among them: a digest of all of it, the last of it for people."""

from __future__ import annotations

import hashlib
from collections import Counter, deque
from contextlib import contextmanager

import structlog
from simulation.process import PROCESS

_KEPT = 60  # lines


class Trace:
    """See above. `faults`: how often what was done to the workers, by kind."""

    def __init__(self, loop):
        self._loop = loop
        self._digest = hashlib.sha256()
        self.last: deque[str] = deque(maxlen=_KEPT)
        self.faults: Counter[str] = Counter()

    def say(self, what, **fields):
        process = PROCESS.get()
        said = " ".join(f"{name}={value}" for name, value in fields.items())
        line = f"{self._loop.time():14.3f} {process.name if process else 'world':8} {what} {said}".rstrip()
        self._digest.update(line.encode() + b"\n")
        self.last.append(line)

    def fault(self, kind, **fields):
        self.faults[kind] += 1
        self.say(f"*{kind}*", **fields)

    @property
    def digest(self):
        return self._digest.hexdigest()

    @contextmanager
    def listening(self):
        """Within it what is logged becomes part of the trace."""
        before = structlog.get_config()
        structlog.configure(
            processors=[self._logged],
            wrapper_class=structlog.make_filtering_bound_logger("info"),
            cache_logger_on_first_use=False,
        )
        try:
            yield
        finally:
            structlog.configure(**before)

    def _logged(self, _logger, _method, event):
        self.say(str(event.pop("event")), **event)
        raise structlog.DropEvent
