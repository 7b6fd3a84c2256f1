"""Makes the samples of this release: PYTHONPATH=tests .venv/bin/python -m samples.make, once, before it is released.

They are kept as they are from then on: what later releases have to read is what this one wrote.
"""

import asyncio
import gzip
import json
import os
import shutil
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from samples.stories import FIRST, LAST, OPTIONS
from samples.told import DATASET, as_line, told
from unit.pipeline.test_polling import World

from worker import __version__
from worker.broker.connect import connect
from worker.cli.main import run
from worker.core.feeds import report_record
from worker.model import ShardReport, Topic

FOLDER = Path(__file__).parent / __version__
ARTICLES = {
    "one.txt": "date 2023-01\nThe lighthouse got a new coat of paint.\n",
    "some.jsonl": '{"id": "a", "headline": "Bridge", "text": "It opens at noon."}\n{"id": "b", "headline": \n'
    '{"id": "c", "headline": "Lock", "text": "It closes at one."}\n',
}


async def poll(url):
    async with connect(url, create=True) as broker:
        world = World(broker)
        for name, options in OPTIONS.items():
            await world.add(name, **options)
        for state in (FIRST, LAST):
            world.servers.says = {f"http://{name}.example/feed": said for name, said in state.items()}
            await world.run()
        await broker.append([report_record(ShardReport("host:1", 5, 4, 5, 1, 1000, 2, 0), 0)])


async def stored(url):
    records = defaultdict(list)
    async with connect(url, create=False) as broker:
        for topic in Topic:
            records[topic] = [record async for record in broker.read(topic)]
    return records


def main():
    """Refuses to make them anew."""
    FOLDER.mkdir()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        Path(DATASET).mkdir()
        for name, text in ARTICLES.items():
            (Path(DATASET) / name).write_text(text)
        url = "sqlite:///news.db"
        run(["replay", DATASET, "--broker", url, "--split", "0/2"])
        run(["replay", DATASET, "--broker", url])
        asyncio.run(poll(url))
        records = asyncio.run(stored(url))
        (FOLDER / "news.db.gz").write_bytes(gzip.compress(Path("news.db").read_bytes(), mtime=0))
        shutil.copytree(DATASET, FOLDER / DATASET)
    lines = [as_line(topic, record) for topic, kept in records.items() for record in kept]
    (FOLDER / "records.jsonl").write_text("\n".join(lines) + "\n")
    (FOLDER / "told.json").write_text(json.dumps(told(records), indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    sys.exit(main())
