"""The article event and the rejection as bytes: encoding, validation, and the splicing in of what only memory knows.

An event is encoded once, in the reader's process, without the few members that depend on memory (version, first
observation, mode, run, of a polled entry also its id and key); `created` and `polled` add those by joining bytes, so nothing is
parsed or encoded twice.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Any

import jsonschema_rs
import orjson

from worker import __version__, contract
from worker.core import identity
from worker.model import Article, Mode, Record, Rejection, Source, Topic

SCHEMA = "urn:news-worker:schema:article-event:1.1.0"
# Bytes of UTF-8 that the name of a data set may have: any folder's name fits. It stands in keys, headers and
# transactional ids, there percent-encoded.
LONGEST_DATASET = 255
# Key, headers and what `created` splices in, together, at their longest: a test adds them up.
OVERHEAD = 2048
# A rejection keeps at most this much of the bytes; the digest is of all of them.
RAW_KEPT = 64 * 1024
_MESSAGE_BYTES = 1024


def _headers(kind: str) -> tuple[tuple[str, bytes], ...]:
    return (
        ("ce_specversion", b"1.0"),
        ("ce_type", f"news.article.{kind}.v1".encode()),
        ("ce_dataschema", SCHEMA.encode()),
        ("content-type", b"application/json"),
    )


_CREATED, _UPDATED, _WITHDRAWN = map(_headers, ("created", "updated", "withdrawn"))
_URI = len('{"uri":"urn:uuid:')
_ID = 36
_NAMED = re.compile(rb'\{"uri":"urn:uuid:([0-9a-f-]{36})"')
_MODES = {mode: f',"mode":"{mode}"'.encode() for mode in Mode}


@lru_cache(maxsize=256)
def rfc3339(milliseconds: int) -> str:
    """An instant as RFC 3339 in UTC, milliseconds, with `Z`."""
    whole, rest = divmod(milliseconds, 1000)
    return datetime.fromtimestamp(whole, UTC).strftime("%Y-%m-%dT%H:%M:%S") + f".{rest:03}Z"


@cache
def _validator() -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(contract.load("article-event", "1.1.0"), validate_formats=True)


def violation(value: dict[str, Any]) -> str | None:
    """What keeps an event from fitting the published schema (formats asserted), None when it fits."""
    validator = _validator()
    if validator.is_valid(value):
        return None
    error = next(iter(validator.iter_errors(value)))
    return f"{'.'.join(map(str, error.instance_path)) or 'event'}: {error.message}"


def created(
    article: Article, source: Source, observed_at: int, run: str | None = None, *, mode: Mode = Mode.REPLAY
) -> Record:
    """The event `created`, version 1, of a source that remembers no articles: a replay, an upstream topic."""
    shared = _shared(source.id, observed_at, run, mode)
    key = article.article_id.encode()
    value = b"".join(
        (
            b'{"articleId":"',
            key,
            b'","version":1,"contentHash":"',
            article.content_hash.encode(),
            b'","item":',
            article.item,
            shared.first,
            article.rest,
            b',"provenance":',
            article.provenance,
            shared.end,
        )
    )
    event_id = identity.event_id(article.article_id, 1, article.content_hash, run).encode()
    headers = (*_CREATED, ("ce_id", event_id), shared.source, ("ce_subject", key), shared.time)
    return Record(Topic.ARTICLES, key, value, headers, observed_at, key)


@dataclass(frozen=True, slots=True)
class _Shared:
    """What the events of a reading have in common."""

    first: bytes
    end: bytes
    source: tuple[str, bytes]
    time: tuple[str, bytes]


@lru_cache(maxsize=16)
def _shared(source_id: str, observed_at: int, run: str | None, mode: Mode) -> _Shared:
    observed = rfc3339(observed_at).encode()
    return _Shared(
        b',"version":"1","firstCreated":"%bZ"},' % observed[:19],
        _MODES[mode] + (b"}}" if run is None else b',"run":' + orjson.dumps(run) + b"}}"),
        ("ce_source", ce_source(source_id)),
        ("ce_time", observed),
    )


@dataclass(frozen=True, slots=True)
class Known:
    """What only memory knows of an event of a polled article."""

    article_id: str
    version: int
    content_hash: str
    first: int  # observation, in seconds
    mode: Mode
    entry_key: str
    previous: tuple[int, str] | None = None  # version and contentHash that were published before; None: created
    changed: tuple[str, ...] = ()  # of headline, body, published


def polled(article: Article, known: Known, source_id: str, observed_at: int) -> Record:
    """The event `created` or `updated` of a polled article; memory may know it by another id than its document does."""
    item = article.item
    if known.article_id != article.article_id:
        item = item[:_URI] + known.article_id.encode() + item[_URI + _ID :]
    provenance = b'%b,"mode":"%b","entryKey":%b}' % (
        article.provenance,
        known.mode.encode(),
        orjson.dumps(known.entry_key),
    )
    value = b"".join(
        (
            *_beginning(known),
            item,
            b',"version":"%d","firstCreated":"%bZ"},' % (known.version, rfc3339(known.first * 1000)[:19].encode()),
            article.rest,
            b',"provenance":',
            provenance,
            _since(known),
            b"}",
        )
    )
    return _event(value, known, _UPDATED if known.previous else _CREATED, source_id, observed_at)


def article_of(item: bytes) -> str | None:
    """The articleId of an article's item, or of the beginning of one; None: it is none."""
    found = _NAMED.match(item)
    return found[1].decode() if found else None


def withdrawn(known: Known, source: Source, document: tuple[str, int, str], observed_at: int) -> Record:
    """The event `withdrawn`. `document`: where it was found, secrets out, its status and the hex SHA-256 of its bytes."""
    url, status, digest = document
    said = {"id": source.id, "kind": source.kind, "site": source.site, "url": source.url}
    provenance = {
        "observedAt": rfc3339(observed_at),
        "documentUrl": url,
        "httpStatus": status,
        "documentDigest": f"sha256:{digest}",
        "workerVersion": __version__,
        "mode": known.mode,
        "entryKey": known.entry_key,
    }
    return _withdrawn(known, {name: one for name, one in said.items() if one}, provenance, observed_at)


def taken_down(known: Known, source: Mapping[str, str], run: str | None, observed_at: int) -> Record:
    """The event `withdrawn` of an article that a person takes down.

    No document says so: its provenance has none. `source`: that member of the article's last event. `run`: of that event, too.
    """
    provenance = {
        "observedAt": rfc3339(observed_at),
        "workerVersion": __version__,
        "mode": known.mode,
        "entryKey": known.entry_key,
    }
    if run is not None:
        provenance["run"] = run
    return _withdrawn(known, source, provenance, observed_at, run)


def tombstone(article_id: str, at: int) -> Record:
    """What makes the broker drop all that it still holds of the article. `at`: ms."""
    key = article_id.encode()
    return Record(Topic.ARTICLES, key, None, (), at, key)


def _withdrawn(
    known: Known, source: Mapping[str, str], provenance: Mapping[str, Any], observed_at: int, run: str | None = None
) -> Record:
    item = {"uri": f"urn:uuid:{known.article_id}", "pubStatus": "canceled"}
    rest = {"item": item, "source": source, "provenance": provenance}
    value = b"".join((*_beginning(known)[:-1], orjson.dumps(rest)[1:-1], _since(known), b"}"))
    return _event(value, known, _WITHDRAWN, source["id"], observed_at, run)


def _beginning(known: Known) -> tuple[bytes, bytes]:
    ids = b'{"articleId":"%b","version":%d,"contentHash":"%b",' % (
        known.article_id.encode(),
        known.version,
        known.content_hash.encode(),
    )
    return ids, b'"item":'


def _since(known: Known) -> bytes:
    if known.previous is None:
        return b""
    version, content_hash = known.previous
    return b',"previous":{"version":%d,"contentHash":"%b"},"changed":%b' % (
        version,
        content_hash.encode(),
        orjson.dumps(known.changed),
    )


def _event(  # noqa: PLR0913, PLR0917 (what stands in its headers)
    value: bytes,
    known: Known,
    kind: tuple[tuple[str, bytes], ...],
    source_id: str,
    observed_at: int,
    run: str | None = None,
) -> Record:
    key = known.article_id.encode()
    headers = (
        *kind,
        ("ce_id", identity.event_id(known.article_id, known.version, known.content_hash, run).encode()),
        ("ce_source", ce_source(source_id)),
        ("ce_subject", key),
        ("ce_time", rfc3339(observed_at).encode()),
    )
    return Record(Topic.ARTICLES, key, value, headers, observed_at, key)


@lru_cache(maxsize=256)
def ce_source(source_id: str) -> bytes:
    """A URN that names the source and never its URL, which may hold a token; what no URN may have is percent-encoded."""
    name = re.sub(rb"[^A-Za-z0-9._~:@!$&'()*+,;=/-]", lambda found: b"%%%02X" % found[0][0], source_id.encode())
    return b"urn:news-worker:source:" + name


def rejected(rejection: Rejection, source: Source, observed_at: int) -> Record:
    """The dead letter of a rejection: the raw bytes, cut at RAW_KEPT, and why."""
    at = rfc3339(observed_at).encode()
    headers = [
        ("reject_stage", rejection.stage.encode()),
        ("reject_code", rejection.code.encode()),
        ("reject_message", _shortened(rejection.message)),
        ("reject_source_id", source.id.encode()),
        ("reject_entry_key", rejection.entry_key.encode()),
        ("reject_digest", b"sha256:" + rejection.digest.encode()),
        ("reject_target_topic", Topic.ARTICLES.encode()),
        ("reject_attempts", b"1"),
        ("reject_first_at", at),
        ("reject_at", at),
    ]
    value = rejection.raw[:RAW_KEPT]
    if len(value) < rejection.size:
        headers.append(("reject_cut", str(rejection.size).encode()))
    key = identity.canonical([source.id, rejection.entry_key])
    return Record(Topic.REJECTS, key, value, tuple(headers), observed_at, source.id.encode())


def _shortened(message: str) -> bytes:
    whole = message.encode("utf-8", "replace")
    return whole[:_MESSAGE_BYTES].decode("utf-8", "ignore").encode()
