"""A broker that is a list of records, and the command line run against it in this process."""

import logging
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Self

import pytest
import structlog

from worker.broker.port import EARLIEST, Layout, Span, Start, Stored, TopicInfo
from worker.kafka.options import KafkaOptions
from worker.model import Topic


@dataclass
class FakeBroker:
    """Records as they were put; opens with an error when told to."""

    records: dict[Topic, list[Stored]] = field(default_factory=dict)
    opened_with: list[dict[str, Any]] = field(default_factory=list)
    error: Exception | None = None

    def put(self, topic: Topic, key: bytes, value: bytes | None, timestamp: int = 0, **headers: str) -> Stored:
        kept = self.records.setdefault(topic, [])
        named = tuple((name.replace("content_type", "content-type"), text.encode()) for name, text in headers.items())
        stored = Stored(topic.value, 0, len(kept), timestamp, key, value, named)
        kept.append(stored)
        return stored

    def connect(self, url: str, *, prefix: str, create: bool, kafka: KafkaOptions) -> Self:
        self.opened_with.append({"url": url, "prefix": prefix, "create": create})
        return self

    async def read(
        self, topic: Topic, start: Start = EARLIEST, *, partition: int | None = None, follow: bool = False
    ) -> AsyncIterator[Stored]:
        for stored in self.records.get(topic, []):
            if not start.latest and stored.offset >= (start.offset or 0) and stored.timestamp >= (start.since or 0):
                yield stored
        if follow:
            raise KeyboardInterrupt

    async def describe(self, topic: Topic) -> TopicInfo:
        layout = Layout(topic.value, 1, None, {"cleanup.policy": "delete"})
        return TopicInfo(layout, (Span(0, len(self.records.get(topic, []))),))

    async def __aenter__(self) -> Self:
        if self.error:
            raise self.error
        return self

    async def __aexit__(self, *_: object) -> None:
        pass


@dataclass(frozen=True)
class Outcome:
    code: int
    raw: bytes
    error: str

    @property
    def out(self) -> str:
        return self.raw.decode()


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> FakeBroker:
    connect = pytest.importorskip("worker.broker.connect")
    fake = FakeBroker()
    monkeypatch.setattr(connect, "connect", fake.connect)
    monkeypatch.setenv("NEWS_WORKER_BROKER", "fake://broker")
    return fake


@pytest.fixture
def call(capfdbinary: pytest.CaptureFixture[bytes]) -> Iterator[Callable[..., Outcome]]:
    from worker.cli.main import run

    def call(*arguments: str) -> Outcome:
        code = run(arguments)
        captured = capfdbinary.readouterr()
        return Outcome(code, captured.out, captured.err.decode())

    handlers, level = logging.root.handlers[:], logging.root.level
    yield call
    logging.root.handlers[:], logging.root.level = handlers, level
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()
