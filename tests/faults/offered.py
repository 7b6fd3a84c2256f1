"""What a replay is offered: a data set in every format, written down as it is made, so that nothing can be lost unseen."""

import gzip
import json
import random
import re
from dataclasses import dataclass, field
from pathlib import Path

from contract.oracle import Entry

STORIES = 40  # articles a JSON file tells of, again and again: order is per article, so each has many events
NAME = re.compile(rb"article [\w-]+")
STORY = re.compile(rb"-story-\d+$")
BROKEN = re.compile(rb"[\w./]+")
SENTENCE = "{} tells of a river that rose for six days and of a bridge that nobody crossed."


@dataclass
class Folder:
    """A data set, with what must come of it: articles by file, rejections by their file and bytes."""

    path: Path
    offered: list[Entry] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.path.name

    def jsonl(self, name: str, articles: int, *, bad_every: int = 0, large: int | None = None) -> None:
        """`large`: the one whose text is 100 kB that no compression makes small."""
        lines = []
        for number in range(articles):
            if bad_every and number % bad_every == 0:
                lines.append(self._broken(f'{{"{name} broken {number}'))
            article = self._story(name, number)
            if number == large:
                article["text"] += " " + random.Random(number).randbytes(50_000).hex()
            lines.append(json.dumps(article))
        packed = gzip.compress if name.endswith(".gz") else bytes
        self._write(name, packed("".join(f"{line}\n" for line in lines).encode()))

    def array(self, name: str, articles: int) -> None:
        self._write(name, json.dumps([self._story(name, number) for number in range(articles)], indent=1).encode())

    def feed(self, name: str, articles: int) -> None:
        items = (
            f"<item><title>{found['headline']}</title><description>{found['text']}</description></item>"
            for found in (self._article(name, str(number)) for number in range(articles))
        )
        self._write(name, f'<rss version="2.0"><channel><title>t</title>{"".join(items)}</channel></rss>'.encode())

    def texts(self, articles: int) -> None:
        for number in range(articles):
            name = f"texts/{number:04}.txt"
            self._write(name, f"date 2023-01\n{self._article(name, '0')['text']}".encode())

    def binary(self, name: str) -> None:
        self._write(name, self._broken(f"\x00\x01 {name} \x00\x02").encode())

    def _story(self, name: str, number: int) -> dict[str, str]:
        story = f"story-{number % STORIES}"
        return {"id": f"{name} {story}", **self._article(name, f"{number}-{story}")}

    def _article(self, name: str, number: str) -> dict[str, str]:
        title = f"article {name.replace('/', '-').replace('.', '-')}-{number}"
        self.offered.append(((self.name, name), title.encode()))
        return {"headline": title, "text": SENTENCE.format(title)}

    def _broken(self, text: str) -> str:
        self.offered.append(rejection(self.name, text.encode()))
        return text

    def _write(self, name: str, data: bytes) -> None:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def rejection(dataset: str, raw: bytes) -> Entry:
    """A rejection in the ledger: its bytes tell which file it is of."""
    return (dataset, "rejects", BROKEN.search(raw)[0]), raw


def by_article(entry: Entry) -> Entry:
    """The same where order holds per article only: topics of several partitions."""
    key, version = entry
    story = STORY.search(version) if NAME.match(version) else None
    return ((*key, story[0] if story else version), version) if NAME.match(version) else entry
