"""A stream of unpacked bytes with its position and the digest of all before it.

Reading and taking are two steps: what was looked at and turned out to belong to what follows is given back, untaken.
"""

from __future__ import annotations

import hashlib

from worker.sources.files.unpack import Damaged, Unpacked

CHUNK = 256 * 1024


class Tape:
    """The stream, as far as it was taken."""

    def __init__(self, stream: Unpacked) -> None:
        self._stream = stream
        self._ahead = b""
        self.position = 0
        self.digest = hashlib.sha256()
        self.damage: Damaged | None = None  # why nothing more comes
        self._ended = False

    def peek(self, size: int) -> bytes:
        """The next `size` bytes, fewer only at the end or before damage; they are not taken."""
        if len(self._ahead) < size:
            self._ahead += self._more(size - len(self._ahead))
        return self._ahead[:size]

    def read(self, size: int) -> bytes:
        """The next `size` bytes, fewer only at the end or before damage. Who reads them takes them, or gives them back."""
        data = self.peek(size)
        self._ahead = self._ahead[size:]
        return data

    def take(self, data: bytes) -> None:
        """Count bytes that were read into position and digest, in their order."""
        self.digest.update(data)
        self.position += len(data)

    def give_back(self, data: bytes) -> None:
        """Read this again next; it was not taken."""
        self._ahead = data + self._ahead

    def skip_to(self, position: int) -> bool:
        """Take everything before `position`; False when the stream ends before."""
        while self.position < position:
            data = self.read(min(CHUNK, position - self.position))
            if not data:
                return False
            self.take(data)
        return True

    def _more(self, size: int) -> bytes:
        parts = []
        while size and not self._ended:
            try:
                data = self._stream.read(size)
            except Damaged as damage:
                self.damage, data = damage, b""
            self._ended = not data
            parts.append(data)
            size -= len(data)
        return b"".join(parts)
