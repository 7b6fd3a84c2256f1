"""Which files there are: folders in one order everywhere, names as bytes, nothing followed twice.

A path key names a file in ids and in memory: relative to the root, `/` between parts, `%` and bytes outside UTF-8
percent-encoded, so that a name that is no text is one all the same.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from worker.sources.files.said import Outcome, Said


@dataclass(frozen=True, slots=True)
class Place:
    """A file that was met: its absolute path as the system has it, and its path key."""

    path: bytes
    key: str


def path_key(path: bytes) -> str:
    """The text form of a path's bytes, reversible and the same everywhere."""
    return path.replace(b"%", b"%25").decode("utf-8", "surrogateescape").translate(_ESCAPED)


# What is not UTF-8 comes as lone surrogates U+DC80 to U+DCFF.
_ESCAPED = {0xDC00 + byte: f"%{byte:02X}" for byte in range(0x80, 0x100)}


def walk(roots: Sequence[Path]) -> Iterator[Place | Said]:
    """Every file under the roots, sorted by the bytes of its name; a root that is a file is its own name."""
    for root in roots:
        top = os.path.abspath(os.fsencode(root))
        if os.path.isdir(top):
            yield from _folder(top, b"", [])
        else:
            yield Place(top, path_key(os.path.basename(top)))


def _folder(folder: bytes, relative: bytes, above: list[tuple[int, int]]) -> Iterator[Place | Said]:
    key = path_key(relative) or "."
    try:
        found = os.stat(folder)
        with os.scandir(folder) as entries:
            names = sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        yield Said(key, Outcome.UNREADABLE, f"can't be listed: {error.strerror}")
        return
    identity = (found.st_dev, found.st_ino)
    if identity in above:
        yield Said(key, Outcome.NOT_A_FILE, "a symbolic link to a folder above it; it is not followed")
        return
    for entry in names:
        inner = relative + b"/" + entry.name if relative else entry.name
        if entry.name.startswith(b"."):
            yield Said(path_key(inner), Outcome.HIDDEN, "hidden: its name starts with a dot")
        elif _is_folder(entry):
            yield from _folder(entry.path, inner, [*above, identity])
        else:
            yield Place(entry.path, path_key(inner))


def _is_folder(entry: os.DirEntry[bytes]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False  # opening it will say what is wrong


def open_regular(path: bytes) -> tuple[int, os.stat_result]:
    """A descriptor of a regular file and its fstat. OSError; ValueError: it is none (FIFO, socket, device: never opened)."""
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise ValueError("not a regular file")
    # Between stat and open it may have become a FIFO, on which open would wait for a writer.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        os.close(descriptor)
        raise ValueError("not a regular file")
    return descriptor, found


def reason(error: OSError) -> str:
    """What an error says, in words for the person who has to do something."""
    if error.errno == errno.ELOOP:
        return "a symbolic link that leads to itself"
    return error.strerror or str(error)
