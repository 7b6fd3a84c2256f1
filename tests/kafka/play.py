"""`make kafka`: one plain broker to try the worker against, until Ctrl-C. Its data is in a temporary folder and goes with it."""

import asyncio
import signal
import sys
import tempfile
from pathlib import Path

import click
from kafka.cluster import JVM, Broke, start
from kafka.found import NotFound, find

STARTING = "starting Apache Kafka; the first time it is downloaded"
READY = """
Apache Kafka listens on {bootstrap}, for this machine only. In another terminal:

    export NEWS_WORKER_BROKER=kafka://{bootstrap}
    .venv/bin/news-worker topics create
    .venv/bin/news-worker replay seeds/
    .venv/bin/news-worker tail articles --limit 1

Ctrl-C ends it and removes what it holds. Its log: {log}"""


def main() -> str | None:
    """Returns what went wrong."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    click.echo(STARTING)
    with tempfile.TemporaryDirectory(prefix="news-kafka-") as folder:
        cluster = None
        try:
            cluster = start(find(), Path(folder), jvm=JVM)
            asyncio.run(cluster.ready())
            (broker,) = cluster.brokers
            click.echo(READY.format(bootstrap=cluster.bootstrap, log=broker.folder / "server.log"))
            broker.process.wait()
            broker.check()
        except (Broke, NotFound) as reason:
            return str(reason)
        except KeyboardInterrupt:
            return None
        finally:
            if cluster:
                cluster.close()


if __name__ == "__main__":
    sys.exit(main())
