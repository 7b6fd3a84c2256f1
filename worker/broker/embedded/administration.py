"""The topics of a file: they are made with it, so there is little to administer."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from worker.broker import topics
from worker.broker.embedded import log
from worker.broker.embedded.session import PATIENCE, Session
from worker.broker.port import Layout
from worker.model import Topic


class EmbeddedAdministration:
    """See `port.Administration`. Every topic has one partition, and no copies."""

    def __init__(self, path: Path, prefix: str) -> None:
        self._path = path.resolve()
        self._prefix = prefix

    async def layouts(self) -> Mapping[Topic, Layout]:
        """See `port.Administration.layouts`."""
        return {
            topic: log.Table(topics.name(topic, self._prefix), settings).layout
            for topic, settings in topics.SETTINGS.items()
        }

    async def found(self) -> Mapping[Topic, Layout]:
        """See `port.Administration.found`."""
        if not self._path.exists():
            return {}
        session = Session(self._path, patience=PATIENCE)
        try:
            there = await session.run(log.found, self._prefix)
        finally:
            await session.close()
        return {topic: table.layout for topic, table in there.items()}

    async def create(self, missing: Collection[Layout]) -> None:
        """See `port.Administration.create`; makes the file too, and whatever else is missing in it."""
        if missing:
            session = Session(self._path, create=True, patience=PATIENCE)
            try:
                await session.run(log.tables, self._prefix, self._path, create=True)
            finally:
                await session.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None
