"""A sample feed that never rests: every few seconds an article more; some are corrected later, some withdrawn.

What it shows depends on nothing but the clock, so that it goes on where it was when it is started anew. It answers 304 to who has
seen it, and 403 to who doesn't bring the key.
"""

import argparse
import hashlib
import hmac
import sys
import time
from email.utils import formatdate
from functools import partial
from http import HTTPStatus
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

SHOWN = 12  # articles at a time
CORRECTED_AFTER, WITHDRAWN_AFTER = 3, 6  # steps
KEY = "X-Sample-Key"
PLACES = (
    "the east jetty",
    "the salt market",
    "the old lock",
    "Lantern Hill",
    "the ropewalk",
    "the tide mill",
    "Ferry Lane",
)
NEWS = (
    (
        "A heron has moved into {}",
        "It stands there all day and lets nobody hurry it. The harbour office has put up a sign.",
    ),
    (
        "The clock at {} is right again",
        "For nine years it was right twice a day. A retired piano tuner needed one evening.",
    ),
    ("Fog keeps {} closed until noon", "Whoever had to cross was rowed, one by one, by the people who live there."),
    ("A choir rehearses at {}", "They sing whatever passers-by ask for, as long as somebody knows the second verse."),
    (
        "Children map every puddle at {}",
        "The map is out of date whenever it rains, which is said to be the point of it.",
    ),
)
SITE = "https://tidemark.example"
FEED = 'xmlns="http://www.w3.org/2005/Atom" xmlns:at="http://purl.org/atompub/tombstones/1.0"'


def document(step: int, every: float) -> bytes:
    """The feed at that step, in Atom with RFC 6721's deletions."""
    numbers = range(step, max(0, step - SHOWN), -1)
    parts = "".join(part(number, step - number, every) for number in numbers)
    head = f"<title>The Tidemark</title><id>tag:tidemark.example,2026:feed</id><updated>{stamp(step * every)}</updated>"
    return f'<?xml version="1.0" encoding="utf-8"?>\n<feed {FEED}>{head}\n{parts}</feed>\n'.encode()


def part(number: int, age: int, every: float) -> str:
    """One article, so many steps after it appeared: every fifth is corrected, every seventh withdrawn."""
    name, born = f"tag:tidemark.example,2026:{number}", number * every
    if number % 7 == 0 and age >= WITHDRAWN_AFTER:
        return f'<at:deleted-entry ref="{name}" when="{stamp(born + WITHDRAWN_AFTER * every)}"/>\n'
    corrected = number % 5 == 0 and age >= CORRECTED_AFTER
    title, text = NEWS[number % len(NEWS)]
    title = title.format(PLACES[number // len(NEWS) % len(PLACES)])
    more = " Correction: it was the one next to it." if corrected else ""
    updated = born + CORRECTED_AFTER * every if corrected else born
    return (
        f'<entry xml:lang="en"><title>{title}</title><link href="{SITE}/{number}"/><id>{name}</id>'
        f"<published>{stamp(born)}</published><updated>{stamp(updated)}</updated>"
        f'<content type="text">{text} This is story {number}.{more}</content></entry>\n'
    )


def stamp(seconds: float) -> str:
    """As RFC 3339 has it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


class Answer(BaseHTTPRequestHandler):
    """Answers a request."""

    def __init__(self, *arguments: object, every: float, key: str) -> None:
        self.every, self.key = every, key
        super().__init__(*arguments)

    def do_GET(self) -> None:
        """The feed, or nothing new."""
        if not hmac.compare_digest(self.headers.get(KEY, "").encode(), self.key.encode()):
            self.send_error(HTTPStatus.FORBIDDEN)
            return
        step = int(time.time() // self.every)
        body = document(step, self.every)
        tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        seen = self.headers.get("If-None-Match") == tag
        self.send_response(HTTPStatus.NOT_MODIFIED if seen else HTTPStatus.OK)
        self.send_header("ETag", tag)
        self.send_header("Last-Modified", formatdate(step * self.every, usegmt=True))
        if not seen:
            self.send_header("Content-Type", "application/atom+xml")
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if not seen:
            self.wfile.write(body)


def main() -> None:
    """See --help."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", default="0.0.0.0", help="where it listens")  # noqa: S104  in a container
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--every", type=float, default=20, metavar="SECONDS", help="how often something happens")
    parser.add_argument("--key-file", type=Path, required=True, help=f"holds what {KEY} must be")
    parser.add_argument("--check", action="store_true", help="ask the one that runs, and end")
    given = parser.parse_args()
    key = given.key_file.read_text().strip()
    if given.check:
        connection = HTTPConnection("127.0.0.1", given.port, timeout=5)
        try:
            connection.request("GET", "/feed.atom", headers={KEY: key})
            sys.exit(connection.getresponse().status != HTTPStatus.OK)
        except OSError as error:
            sys.exit(f"it doesn't answer: {error}")
    ThreadingHTTPServer((given.host, given.port), partial(Answer, every=given.every, key=key)).serve_forever()


if __name__ == "__main__":
    main()
