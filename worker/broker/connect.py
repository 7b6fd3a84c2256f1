"""From a broker's URL to a broker. The one decision: a broker is imported only when its URL is used (start-up time)."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

from worker.broker import topics
from worker.broker.port import Broker
from worker.errors import UsageError
from worker.model import Topic

_SQLITE: Final = "sqlite:///"


def connect(url: str, *, prefix: str = "", create: bool) -> Broker:
    """The broker that the URL names, not opened yet: `async with` does that.

    `sqlite:///relative.db` and `sqlite:////absolute.db` are files of the embedded broker. With `create` the file and
    the topics are made where they are missing; without, opening it then raises BrokerRefused. UsageError: no such kind
    of URL, or a prefix that no topic can have.
    """
    path = url.removeprefix(_SQLITE)
    if path in {url, ""}:
        raise UsageError(
            f"The broker {url!r} can't be used: give a file, sqlite:///news.db in this folder"
            " or sqlite:////srv/news.db from the root."
        )
    for topic in Topic:
        topics.name(topic, prefix)
    from worker.broker.embedded.broker import EmbeddedBroker  # noqa: PLC0415 (start-up time: most commands need no broker)

    return EmbeddedBroker(Path(path), prefix=prefix, create=create, now=_wall_clock)


def _wall_clock() -> int:
    return time.time_ns() // 1_000_000
