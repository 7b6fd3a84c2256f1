"""Whose certificates are believed: the system's authorities, and a source's own CA file besides."""

from __future__ import annotations

import ssl
from collections import OrderedDict
from pathlib import Path

_KEPT = 64  # half a megabyte each


class Contexts:
    """SSL contexts; making one takes as long as ten polls, and a connection is only used again under its own."""

    def __init__(self) -> None:
        self._system: ssl.SSLContext | None = None
        self._own: OrderedDict[tuple[Path, int, int], ssl.SSLContext] = OrderedDict()

    def get(self, ca_file: Path | None) -> ssl.SSLContext:
        """The context of a source; a file that was changed is read anew. OSError: the file can't be read, or is no PEM."""
        if ca_file is None:
            self._system = self._system or ssl.create_default_context()
            return self._system
        status = ca_file.stat()
        key = (ca_file, status.st_mtime_ns, status.st_size)
        context = self._own.get(key)
        if context is None:
            context = ssl.create_default_context()
            context.load_verify_locations(ca_file)  # raises SSLError, an OSError
            self._own[key] = context
            if len(self._own) > _KEPT:
                self._own.popitem(last=False)
        return context
