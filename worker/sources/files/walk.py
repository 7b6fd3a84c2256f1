"""Which files there are: folders in one order everywhere, names as bytes, no folder entered in a circle.

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

# What is not UTF-8 comes as lone surrogates U+DC80 to U+DCFF.
_ESCAPED = {0xDC00 + byte: f"%{byte:02X}" for byte in range(0x80, 0x100)}


@dataclass(frozen=True, slots=True)
class Place:
    """A file that was met: its absolute path as the system has it, and its path key."""

    path: bytes
    key: str


@dataclass(frozen=True, slots=True)
class _Folder:
    path: bytes
    relative: bytes
    linked: bool  # met through a symbolic link


def path_key(path: bytes) -> str:
    """The text form of a path's bytes, reversible and the same everywhere."""
    text = path.replace(b"%", b"%25").decode("utf-8", "surrogateescape")
    return text if text.isascii() else text.translate(_ESCAPED)


def walk(roots: Sequence[Path]) -> Iterator[Place | Said]:
    """Every file under the roots, in the order of its path's bytes; a root that is a file is its own name.

    A link to a folder is followed, but not to one that it lies in, and not twice to the same: no circle, no web of links.
    """
    for root in roots:
        top = os.path.abspath(os.fsencode(root))
        if os.path.isdir(top):
            yield from _below(_Folder(top, b"", linked=True))
        else:
            yield Place(top, path_key(os.path.basename(top)))


def _below(root: _Folder) -> Iterator[Place | Said]:
    followed: set[bytes] = set()
    waiting: list[_Folder | Place] = [root]  # a stack, not recursion: folders may be thousands deep
    while waiting:
        one = waiting.pop()
        if isinstance(one, Place):
            yield one
            continue
        key = path_key(one.relative) or "."
        if one.linked and not _to_be_followed(one.path, followed):
            yield Said(key, Outcome.NOT_FOLLOWED, "a link to a folder that it lies in, or that another link has led to")
            continue
        try:
            with os.scandir(one.path) as entries:
                found = sorted(entries, key=_order, reverse=True)
        except OSError as error:
            yield Said(key, Outcome.UNREADABLE, f"can't be listed: {reason(error)}")
            continue
        for entry in found:
            inner = one.relative + b"/" + entry.name if one.relative else entry.name
            if entry.name.startswith(b"."):
                yield Said(path_key(inner), Outcome.HIDDEN, "hidden: its name starts with a dot")
            elif _is_folder(entry):
                waiting.append(_Folder(entry.path, inner, linked=entry.is_symlink()))
            else:
                waiting.append(Place(entry.path, path_key(inner)))


def _to_be_followed(link: bytes, followed: set[bytes]) -> bool:
    target = os.path.realpath(link)
    lies_in = os.path.realpath(os.path.dirname(link)) + b"/"
    if target in followed or lies_in.startswith(target + b"/"):
        return False
    followed.add(target)
    return True


def _order(entry: os.DirEntry[bytes]) -> bytes:
    """As if all paths were compared as a whole: a folder's slash counts."""
    return entry.name + b"/" if _is_folder(entry) else entry.name


def _is_folder(entry: os.DirEntry[bytes]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False  # opening it will say what is wrong


def open_regular(path: bytes) -> tuple[int, os.stat_result] | None:
    """A descriptor of a regular file and its fstat; None: it became something else. OSError."""
    # Between stat and open it may have become a FIFO, on which open would wait for a writer.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        os.close(descriptor)
        return None
    return descriptor, found


def reason(error: OSError) -> str:
    """What an error says, in words for the person who has to do something."""
    if error.errno == errno.ELOOP:
        return "a symbolic link that leads to itself"
    if error.errno == errno.ENOENT:
        return "it is not there any more, or a link that leads nowhere"
    return error.strerror or str(error)
