"""Whose certificates are believed for a source with a CA file: those of it, besides the system's authorities' as for any other."""

from __future__ import annotations

import ssl
from collections import OrderedDict
from pathlib import Path

_KEPT = 64  # half a megabyte each


class Contexts:
    """SSL contexts; making one takes as long as ten polls, and a connection is only used again under its own."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[Path, int, int], ssl.SSLContext] = OrderedDict()

    def get(self, ca_file: Path) -> ssl.SSLContext:
        """A source's; a file that was changed is read anew. OSError: it can't be read, or is no PEM."""
        status = ca_file.stat()
        key = (ca_file, status.st_mtime_ns, status.st_size)
        context = self._kept.get(key)
        if context is None:
            context = ssl.create_default_context()
            context.load_verify_locations(ca_file)  # raises SSLError, an OSError
            self._kept[key] = context
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return context
