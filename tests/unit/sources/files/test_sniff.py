from __future__ import annotations

import pytest

from worker.model import Code, Format
from worker.sources.files.sniff import HEAD, sniff


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b" date 2023-01 De veerdienst vaart weer", Format.TEXT),
        ("\ufeffdate 2023-01 De veerdienst".encode(), Format.TEXT),
        ("vaart".encode("utf-16"), Format.TEXT),
        ("Café zonder é in UTF-8".encode("latin-1"), Format.TEXT),
        (b"[1] A footnote", Format.TEXT),
        (b"[[a wiki link]] and words", Format.TEXT),
        (b"{curly} words", Format.TEXT),
        (b"<3 is how it began", Format.TEXT),
        (b"BZh, she said", Format.TEXT),
        (b'{"title":"a"}\n{"title":"b"}\n', Format.JSONL),
        (b'\xef\xbb\xbf{"title":"a"}\r\n{"title":"b"}\r\n', Format.JSONL),
        (b'\n\n{"title":"a"}', Format.JSONL),
        (b'{"title": "broken}\n{"title":"b"}\n', Format.JSONL),
        (b'{"title": "being writ', Format.JSONL),
        (b'{"title": NaN}\n', Format.JSONL),
        (b"{", Format.JSONL),
        (b'{"text": "' + b"x" * HEAD, Format.JSONL),
        (b'{\n  "title": "a"\n}\n{\n  "title": "b"\n}\n', Format.JSON),
        (b'{"title":"a"}{"title":"b"}', Format.JSON),
        (b'{"items": [\n{"a":1},\n{"b":2}\n]}\n', Format.JSON),
        (b'[{"title":"a"}]', Format.JSON),
        (b'  [\n  {"title":"a"}]', Format.JSON),
        (b"[]", Format.JSON),
        (b'{"version": "https://jsonfeed.org/version/1.1", "items": []}', Format.JSON_FEED),
        (b'{\n "title": "t",\n "version": "https:\\/\\/jsonfeed.org\\/version\\/1",', Format.JSON_FEED),
        (b'{"text": "{\\"version\\": \\"https://jsonfeed.org/version/1\\"}"}\n', Format.JSONL),
        (b'<?xml version="1.0"?><!-- saved --><rss version="2.0">', Format.FEED),
        (b'<!DOCTYPE rss PUBLIC "x" "y" [<!ENTITY a "b">]>\n<rss version="0.91">', Format.FEED),
        (b'<feed xmlns="http://www.w3.org/2005/Atom">', Format.FEED),
        (b'<atom:feed xmlns:atom="http://www.w3.org/2005/Atom">', Format.FEED),
        (b'\xef\xbb\xbf\n<rdf:RDF xmlns:rdf="x">', Format.FEED),
        ('<?xml version="1.0" encoding="utf-16"?><rss version="2.0">'.encode("utf-16"), Format.FEED),
        ('<?xml version="1.0" encoding="utf-16"?><rss version="2.0">'.encode("utf-16-le"), Format.FEED),
        ('<?xml version="1.0" encoding="utf-16"?><rss version="2.0">'.encode("utf-16-be"), Format.FEED),
    ],
)
def test_the_content_tells_the_format(head, expected):
    assert sniff(head) is expected


@pytest.mark.parametrize(
    ("head", "word"),
    [
        (b"PK\x03\x04\x14\x00", "zip"),
        (b"../../etc/passwd".ljust(257, b"\x00") + b"ustar\x0000", "tar"),
        (b"BZh91AY&SY\x01\x02", "bzip2"),
        (b"\xfd7zXZ\x00\x00", "xz"),
        (b"7z\xbc\xaf\x27\x1c", "7z"),
        (b"%PDF-1.7\n", "PDF"),
        (b"\x89PNG\r\n\x1a\n", "image"),
        (b"\xff\xd8\xff\xe0", "image"),
        (b"words and \x00 more", "binary"),
        (b"\x1f\x8b\x08", "twice"),
        (b"<!doctype html><title>a</title>", "HTML"),
        (b"<!-- saved page -->\n<html lang=nl>", "HTML"),
        (b'<?xml version="1.0"?><urlset>', "neither RSS nor Atom"),
        (b"<p>A fragment</p>", "neither RSS nor Atom"),
        ('{"title":"a"}'.encode("utf-16"), "UTF-8"),
    ],
)
def test_what_holds_no_articles_is_refused_with_what_it_is(head, word):
    refusal = sniff(head)
    assert refusal.code is Code.UNSUPPORTED_FORMAT
    assert word in refusal.message


@pytest.mark.parametrize("head", [b"", b" \r\n\t"])
def test_nothing_is_empty(head):
    assert sniff(head).code is Code.EMPTY
