"""Keeps each article as it is now in an SQLite file: exactly once, wherever this is interrupted.

What makes it so: isolation_level (nothing of a transaction that was given up), and the position stored in the transaction of
what was made of the record. The group only shares out the partitions; its offsets aren't used. Readers of a group use one file.
"""

import argparse
import asyncio
import json
import sqlite3
from collections.abc import Iterable

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition

TABLES = """
CREATE TABLE IF NOT EXISTS articles (id TEXT PRIMARY KEY, version INTEGER, status TEXT, headline TEXT, event TEXT);
CREATE TABLE IF NOT EXISTS seen (event_id TEXT PRIMARY KEY, article_id TEXT);
CREATE INDEX IF NOT EXISTS seen_of_article ON seen (article_id);
CREATE TABLE IF NOT EXISTS positions (topic TEXT, part INTEGER, next INTEGER, PRIMARY KEY (topic, part));
"""
FORWARD = """INSERT INTO positions VALUES (?, ?, ?)
ON CONFLICT DO UPDATE SET next = excluded.next WHERE excluded.next > next"""
UPSERT = "INSERT OR REPLACE INTO articles VALUES (?, ?, ?, ?, ?)"


def take(store: sqlite3.Connection, record: ConsumerRecord) -> None:
    """Make of one record what there is to make of it, and step past it: the caller commits both or neither."""
    if not store.execute(FORWARD, (record.topic, record.partition, record.offset + 1)).rowcount:
        return  # whoever had the partition before was faster
    headers = {name: value.decode() for name, value in record.headers}
    if "reject_code" in headers:
        print("rejected", headers["reject_code"], headers["reject_entry_key"], f"{len(record.value)} bytes")
    elif record.value is None:
        forget(store, record.key.decode())
    elif store.execute("INSERT OR IGNORE INTO seen VALUES (?, ?)", (headers["ce_id"], headers["ce_subject"])).rowcount:
        keep(store, headers["ce_type"], json.loads(record.value))
    else:
        print("repeated", headers["ce_subject"])


def keep(store: sqlite3.Connection, kind: str, event: dict) -> None:
    """Created, updated or withdrawn, it is how the article is now; the first that is met may be any of them."""
    article, item = event["articleId"], event["item"]
    headline = item.get("headlines", [{}])[0].get("value", "")  # missing stays missing
    store.execute(UPSERT, (article, event["version"], item.get("pubStatus"), headline, json.dumps(event)))
    print(kind.split(".")[2], article, f"v{event['version']}", headline)


def forget(store: sqlite3.Connection, article: str) -> None:
    """A tombstone: nothing may be left of it."""
    store.execute("DELETE FROM articles WHERE id = ?", (article,))
    store.execute("DELETE FROM seen WHERE article_id = ?", (article,))
    print("forgotten", article)


class FromTheStore(ConsumerRebalanceListener):
    """Begins a partition where the store stands, not where the group does."""

    def __init__(self, consumer: AIOKafkaConsumer, store: sqlite3.Connection) -> None:
        self.consumer, self.store = consumer, store

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Nothing is open between two fetches."""

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """A partition never read before begins at its start (auto_offset_reset)."""
        for one in assigned:
            found = self.store.execute("SELECT next FROM positions WHERE topic = ? AND part = ?", one).fetchone()
            if found:
                self.consumer.seek(one, found[0])


async def read(bootstrap: str, prefix: str, store: sqlite3.Connection, *, once: bool) -> None:
    """Read for ever, or once to the end as it is then."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        group_id=f"{prefix}example-python",
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    topics = [f"{prefix}news.articles.v1", f"{prefix}news.rejects.v1"]
    consumer.subscribe(topics, listener=FromTheStore(consumer, store))
    async with consumer:
        while not (once and await at_end(consumer)):
            for records in (await consumer.getmany(timeout_ms=1000)).values():
                with store:  # what was fetched together is kept together
                    for record in records:
                        take(store, record)


async def at_end(consumer: AIOKafkaConsumer) -> bool:
    """Whether all that is committed was read."""
    ends = await consumer.end_offsets(consumer.assignment())
    return bool(ends) and all([await consumer.position(one) >= end for one, end in ends.items()])


def main() -> None:
    """See --help."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bootstrap", help="host:9092")
    parser.add_argument("--prefix", default="", help="the worker's prefix")
    parser.add_argument("--store", default="articles.db", help="the SQLite file")
    parser.add_argument("--once", action="store_true", help="end when all was read")
    given = parser.parse_args()
    store = sqlite3.connect(given.store)
    store.executescript(TABLES)
    asyncio.run(read(given.bootstrap.removeprefix("kafka://"), given.prefix, store, once=given.once))
    print(store.execute("SELECT count(*) FROM articles").fetchone()[0], "articles")


if __name__ == "__main__":
    main()
