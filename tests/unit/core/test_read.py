"""Any bytes give a Reading; what is over the topic's limit is shortened and says so, or is rejected."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.core import event
from worker.core.read import read
from worker.core.replays.decide import decide
from worker.model import Article, Code, Document, Format, Mode, Refusal, Source

SOURCE = Source("dataset:harbour", "dataset", "dataset:harbour")
OBSERVED_AT = 1_700_000_000_123
LIMIT = 1_048_576
PATHS = st.sampled_from(["a.txt", "-", "%FF/ä b.jsonl", "x" * 3000])
PIECES = (
    b'\xff\xfe \xef\xbb\xbf \x00 \x80 \xe4 \xed\xa0\x80 { } [ ] , : " \\ \\ud800 null true NaN 1e999 -0 '
    b'{"title":"x"} {"text":"<p>y</p>","date":1} {"id":1,"title":"&#xD800;"} {"title":["x"],"body":{"value":"z"}}'
    b' {"url":"http://[/","title":"x"} '
    b"date 2023-01 2023-13 <rss> </rss> <channel> <item> </item> <title> </title>"
    b" <guid> </guid> <link> </link> <pubDate> </pubDate> <feed> "
    b'<feed\txmlns="http://www.w3.org/2005/Atom"> <entry> </entry> <id> </id> <content\ttype="html">'
    b" <![CDATA[ ]]> &lt; &#0; &#x110000; <script> <p> "
    b'<?xml\tversion="1.0"?> <!DOCTYPE\tx> <description>words\tof\tit</description> \xd0\xb3\xd0\xbe\xd1\x80'
).split(b" ")
BYTES = st.one_of(
    st.binary(max_size=300),
    st.lists(st.one_of(st.sampled_from(PIECES), st.sampled_from([b" ", b"\n", b"\r\n"])), max_size=40).map(b"".join),
    st.lists(st.sampled_from(PIECES), max_size=12).map(
        lambda parts: b'<rss version="2.0"><channel><item>' + b"".join(parts) + b"</item></channel></rss>"
    ),
)
MEMBERS = st.sampled_from("title text html teaser url id date lang author tags copyright bodies headlines".split())
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda below: (
        st.lists(below, max_size=3)
        | st.dictionaries(st.sampled_from("value name contentType $date $oid".split()), below)
    ),
    max_leaves=5,
)
OF_FILES = [form for form in Format if form is not Format.RECORDS]  # those are framed by ourselves: test_upstream.py


def document(data, form, path="a.jsonl", ordinal=0):
    return Document(SOURCE, path, form, data, 0, len(data) if form.counts_bytes else -1, ordinal, OBSERVED_AT)


def events(reading, run=None):
    """The values of the events that a reading becomes, after our schema had its say on every one of them."""
    decision = decide(reading, SOURCE, "a.jsonl", run=run, state=None)
    for item, record in zip(reading.items, decision.records, strict=True):
        assert all(header.decode() is not None for _, header in record.headers)
        if isinstance(item, Article):
            assert event.violation(json.loads(record.value)) is None
    return [
        json.loads(one.value)
        for one, item in zip(decision.records, reading.items, strict=True)
        if isinstance(item, Article)
    ]


@given(BYTES, st.sampled_from(OF_FILES), PATHS)
def test_any_bytes_in_any_format_give_a_reading_whose_events_are_valid(data, form, path):
    reading = read(document(data, form, path), LIMIT)
    events(reading)
    ends = [item.end for item in reading.items]
    assert ends == sorted(ends)
    assert all(reading.start <= end <= reading.end for end in ends)
    if form.counts_bytes:
        assert reading.end == len(data)


@given(st.dictionaries(MEMBERS, JSON))
def test_any_record_is_an_article_or_a_rejection(record):
    data = json.dumps(record).encode()
    reading = read(document(data, Format.JSONL), LIMIT)
    assert len(reading.items) == 1
    events(reading, run="2023-01-09T10:00:00Z-3f")


@pytest.mark.parametrize("form", OF_FILES)
def test_a_document_refused_before_anyone_read_it_is_one_rejection(form):
    refusal = Refusal(Code.DAMAGED_ARCHIVE, "breaks off", digest="0" * 64, size=10_000_000)
    (rejection,) = read(replace(document(b"first bytes", form), refused=refusal), LIMIT).items
    assert (rejection.code, rejection.size, rejection.digest) == (Code.DAMAGED_ARCHIVE, 10_000_000, "0" * 64)


@pytest.mark.parametrize(
    ("form", "data", "code"),
    [
        (Format.TEXT, b"", Code.EMPTY),
        (Format.TEXT, b" \n\t\n", Code.EMPTY),
        (Format.TEXT, b"date 2023-01\n", Code.EMPTY),
        (Format.TEXT, "Городская библиотека".encode("koi8-r"), Code.UNDECODABLE),
        (Format.JSONL, b"{", Code.INVALID_JSON),
        (Format.JSONL, b"[" * 100_000, Code.INVALID_JSON),
        (Format.JSONL, b"17", Code.NOT_AN_ARTICLE),
        (Format.JSONL, b'{"title": NaN}', Code.INVALID_JSON),
        (Format.JSON, b'{"x": 1}', Code.NOT_AN_ARTICLE),
        (Format.FEED, b"", Code.EMPTY),
        (Format.FEED, b"<html><body>Not found</body></html>", Code.UNSUPPORTED_FORMAT),
        (Format.JSON_FEED, b'{"items": 1}', Code.INVALID_FEED),
    ],
)
def test_what_is_no_article_is_one_rejection_with_its_bytes(form, data, code):
    (rejection,) = read(document(data, form), LIMIT).items
    assert (rejection.code, rejection.raw, rejection.size) == (code, data[: event.RAW_KEPT], len(data))


@pytest.mark.parametrize("marker", ["2023-13", "2023-00", "0000-01"])
def test_a_marker_that_is_no_date_is_kept_as_found_and_said(marker):
    reading = read(document(f"date {marker}\nThe ferry sails.".encode(), Format.TEXT), LIMIT)
    (value,) = events(reading)
    assert value["published"] == {"basis": "absent", "raw": marker}
    assert [note.code for note in reading.notes] == ["date_unknown"]


def test_a_marker_of_another_form_stays_among_the_words_and_is_said():
    reading = read(document(b"date 20230101x and more", Format.TEXT), LIMIT)
    (value,) = events(reading)
    assert value["item"]["bodies"][0]["value"] == "date 20230101x and more"
    assert value["published"] == {"basis": "absent", "raw": "20230101x"}
    assert [note.code for note in reading.notes] == ["date_unknown"]


@pytest.mark.parametrize("words", ["date palms grow", "a date 2023-01"])
def test_what_is_no_marker_is_the_articles_own_words(words):
    (value,) = events(read(document(words.encode(), Format.TEXT), LIMIT))
    assert value["item"]["bodies"][0]["value"] == words
    assert value["published"] == {"basis": "absent"}


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_a_marker_may_stand_behind_a_byte_order_mark_and_before_crlf(mark):
    (value,) = events(read(document(mark + b"date 2023-01\r\nThe ferry\r\nsails.", Format.TEXT), LIMIT))
    assert value["published"]["value"] == "2023-01"
    assert value["item"]["bodies"][0]["value"] == "The ferry\nsails."


def test_a_guessed_encoding_is_said():
    reading = read(document("Das Café schließt früh am Abend.".encode("cp1252"), Format.TEXT), LIMIT)
    assert [note.code for note in reading.notes] == ["encoding_guessed"]


def long_article(sentence, count):
    return json.dumps({"title": "Long", "html": f"<p>{sentence}</p>" * count}).encode()


@pytest.mark.parametrize("sentence", ["The ferry sails again.", '"\\\u0001"\u20ac\U0001f6a2' * 2])
@pytest.mark.parametrize(("count", "cut"), [(10, None), (1_200, "html"), (3_000, "text")])
def test_what_is_over_the_limit_loses_its_markup_first_and_then_text_and_says_so(sentence, count, cut):
    limit = 60_000
    reading = read(document(long_article(sentence, count), Format.JSONL), limit)
    (value,) = events(reading)
    kinds = [body["contentType"] for body in value["item"]["bodies"]]
    assert value["provenance"].get("shortened") == cut
    assert kinds == (["text/plain"] if cut else ["text/plain", "text/html"])
    assert value["item"]["representationType"] == ("partial" if cut else "full")
    assert [note.code for note in reading.notes] == (["shortened"] if cut else [])
    body = value["item"]["bodies"][0]
    assert (body["charCount"], body["wordCount"]) == (len(body["value"]), len(body["value"].split()))


@given(
    st.integers(4_000, 40_000),
    st.text(st.sampled_from('a "\\\n\u20ac\U0001f6a2é<'), min_size=1, max_size=30),
    st.integers(1, 3_000),
)
def test_a_record_never_exceeds_the_limit(limit, words, count):
    data = json.dumps({"title": "Long", "text": words * count, "url": "https://example.org/a", "lang": "en"}).encode()
    reading = read(document(data, Format.JSONL), limit)
    for record in decide(reading, SOURCE, "a.jsonl", run="r" * 40, state=None).records:
        if record.topic == "news.articles.v1":
            assert (
                len(record.key) + len(record.value) + sum(len(name) + len(held) for name, held in record.headers)
                <= limit
            )


def test_the_hash_is_of_the_whole_text_even_where_the_event_holds_less():
    data = long_article("The ferry sails again.", 3_000)
    (short,), (whole,) = (read(document(data, Format.JSONL), limit).items for limit in (60_000, LIMIT))
    assert (short.article_id, short.content_hash) == (whole.article_id, whole.content_hash)


@pytest.mark.parametrize(
    "member",
    [
        {"title": "x" * 100_000},
        {"url": "https://example.org/" + "x" * 100_000},
        {"copyright": "x" * 100_000},
        {"tags": [f"{n:0100}" for n in range(1_000)]},
        {"id": "x" * 100_000},
    ],
    ids=lambda member: next(iter(member)),
)
def test_what_is_too_large_without_its_text_is_rejected(member):
    data = json.dumps({"text": "words", **member}).encode()
    (rejection,) = read(document(data, Format.JSONL), 60_000).items
    assert (rejection.code, rejection.stage) == (Code.TOO_LARGE, "encode")


def test_an_entry_that_stands_twice_in_a_feed_is_one():
    item = b"<item><guid>harbour-42</guid><title>Seals counted</title></item>"
    reading = read(document(b'<rss version="2.0"><channel>' + item * 3 + b"</channel></rss>", Format.FEED), LIMIT)
    assert len(reading.items) == 1


def test_every_event_of_a_replay_says_so():
    (value,) = events(read(document(b'{"title": "Ferry"}', Format.JSONL), LIMIT), run="again-1")
    assert (value["provenance"]["mode"], value["provenance"]["run"]) == (Mode.REPLAY, "again-1")
