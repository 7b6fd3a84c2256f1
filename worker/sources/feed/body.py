"""Bodies: received and unpacked under a limit, and few large ones at a time, so that memory is bounded whoever answers."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

from aiohttp import ClientResponse

from worker.model import Fault, FaultKind
from worker.shown import visible
from worker.sources.feed.unpack import Broken, Over, Unpack, plain, unpacker

_SMALL = 1024 * 1024  # what any body may have; nine of ten feeds have a tenth of it
_LARGE_AT_ONCE = 4
_CRUMBS, _CRUMB = (
    5000,
    32,
)  # chunks (RFC 9112, section 7.1), bytes: a million of one byte would keep the loop busy for seconds
_AT_ONCE_ON_THE_LOOP = 64 * 1024  # packed: more is unpacked in a thread


class Bodies:
    """What reads them; at worst there is a small one for each request under way, and the large ones, packed and unpacked."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._large = asyncio.Semaphore(_LARGE_AT_ONCE)

    async def read(self, response: ClientResponse, room: AsyncExitStack) -> bytes | Fault:
        """The whole body, unpacked; a large one takes `room`, until the caller gives that back.

        What is wrong with it while it comes is aiohttp's to raise.
        """
        encoding = response.headers.get("Content-Encoding", "")
        unpack = unpacker(encoding)
        if unpack is None:
            return Fault(
                FaultKind.ENCODING,
                f"its Content-Encoding is {visible(encoding[:80])!r}, which was not asked for and is not understood",
                response.status,
            )
        if (response.content_length or 0) > self._limit:
            return self._too_large(response)
        packed = await self._received(response, room)
        if isinstance(packed, Fault):
            return packed
        try:
            return packed and await self._unpacked(unpack, packed, room)  # some name an encoding of nothing
        except Over:
            return self._too_large(response)
        except Broken as broken:
            message = f"its Content-Encoding is {encoding!r}, but {broken}"
            return Fault(FaultKind.ENCODING, message, response.status)

    async def _received(self, response: ClientResponse, room: AsyncExitStack) -> bytes | Fault:
        parts: list[bytes] = []
        size = chunks = 0
        large = False
        async for part, _ in response.content.iter_chunks():
            size += len(part)
            chunks += 1
            if size > self._limit:
                return self._too_large(response)
            if chunks > _CRUMBS and size < chunks * _CRUMB:
                return Fault(FaultKind.PROTOCOL, "the answer comes in crumbs, as no server sends one", response.status)
            if size > _SMALL and not large:
                await room.enter_async_context(self._large)
                large = True
            parts.append(part)
        return b"".join(parts)

    async def _unpacked(self, unpack: Unpack, packed: bytes, room: AsyncExitStack) -> bytes:
        if unpack is plain:
            return packed
        if len(packed) <= _AT_ONCE_ON_THE_LOOP:
            try:
                return unpack(packed, min(_SMALL, self._limit))
            except Over:
                pass  # rare enough to begin again
        if len(packed) <= _SMALL:
            await room.enter_async_context(self._large)
        return await asyncio.to_thread(unpack, packed, self._limit)

    def _too_large(self, response: ClientResponse) -> Fault:
        message = f"the answer is larger than {self._limit:,} bytes, which no feed needs"
        return Fault(FaultKind.TOO_LARGE, message, response.status)
