"""Folding, paragraphs and decoding; the fast code is held to a slow one that says the rule as the contract does."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from worker.core.normalise import text

# Unicode's property White_Space, from PropList.txt: frozen, so written down.
WHITE_SPACE = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006"
    "\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)
AWKWARD = (
    "\x00\x1b\x1c\x1d\x1e\x1f\x7f\x80\x9f\xad\u200b\ufeff"
    "\u0301\u0323\u0327\u1100\u1161\u11a8\u212b\ud800\udbff\udc00\udfff\ufffd"
)
ANY_TEXT = st.text(st.one_of(st.sampled_from("aeA<&;.\U0001f600é" + WHITE_SPACE + AWKWARD), st.characters(codec=None)))


def slow_fold(found):
    """The contract's sentence on strings, clause by clause."""
    replaced = ["\ufffd" if 0xD800 <= ord(char) <= 0xDFFF else char for char in found]
    kept = "".join(char for char in replaced if unicodedata.category(char) != "Cc" or char in "\t\n\r")
    composed = unicodedata.normalize("NFC", kept)
    blanks = "".join(" " if char in WHITE_SPACE else char for char in composed)
    return " ".join(part for part in blanks.split(" ") if part)


@given(ANY_TEXT)
@example("e\x00\u0301")
@example("\ud83d\ude00")
@example("a\x1cb\x1fc")
@example("\u1100\u1161\u11a8")
@example("a\u0323\u0301 q\u0307\u0323")
@example("\u2126\u212a\u2000x\u2001")
def test_fold_says_what_the_contract_says(found):
    assert text.fold(found) == slow_fold(found)


@given(ANY_TEXT)
def test_fold_is_idempotent(found):
    once = text.fold(found)
    assert text.fold(once) == once


@given(ANY_TEXT)
@example("a\u2029b")
@example("\r\n\u2028\r")
def test_paragraphs_never_change_what_is_hashed(found):
    assert text.fold(text.paragraphs(found)) == text.fold(found)


@given(ANY_TEXT)
@example(" \u2029 ")
@example("\xa0\n\n\na  b\tc")
def test_both_forms_at_once_are_the_two_made_one_by_one(found):
    assert text.both(found) == (text.paragraphs(found), text.fold(found))


@given(ANY_TEXT)
def test_paragraphs_are_separated_by_exactly_one_blank_line(found):
    shown = text.paragraphs(found)
    assert "\n\n\n" not in shown
    assert shown == shown.strip()
    assert text.paragraphs(shown) == shown


@pytest.mark.parametrize("white", WHITE_SPACE)
def test_every_white_space_ends_up_as_one_blank_or_goes_as_a_control(white):
    control = unicodedata.category(white) == "Cc" and white not in "\t\n\r"
    assert text.fold(f"{white}a {white} b{white}c{white}") == ("a bc" if control else "a b c")


@pytest.mark.parametrize("invisible", ["\u200b", "\ufeff", "\xad", "\u2060", "\u180e"])
def test_invisible_characters_that_are_no_white_space_stay(invisible):
    assert text.fold(f" a{invisible}b ") == f"a{invisible}b"


def test_paragraphs_keep_line_breaks_and_blanks_inside_a_line():
    assert (
        text.paragraphs("\n\n One  two \r\nthree\r\n \t\r\n\r\n\r\nfour\u2029five") == "One  two\nthree\n\nfour\n\nfive"
    )


@pytest.mark.parametrize(
    ("found", "decoded"),
    [
        ("Fish &amp; chips", "Fish & chips"),
        ("&amp;lt;b&amp;gt;", "&lt;b&gt;"),
        ("&#8217;&#x2019;&rsquo;", "\u2019\u2019\u2019"),
        ("&#xD800;|&#x110000;", "\ufffd|\ufffd"),
        ("AT&T &nosuch; &", "AT&T &nosuch; &"),
        ("&#" + "9" * 5000 + ";x", "\ufffdx"),
        ("&#" + "0" * 5000 + "65;x", "Ax"),
    ],
)
def test_character_references_are_decoded_exactly_once(found, decoded):
    assert text.unescape(found) == decoded


@pytest.mark.parametrize(("folded", "count"), [("", 0), ("one", 1), ("one two three", 3), ("一行的中文", 1)])
def test_words_are_what_blanks_make(folded, count):
    assert text.word_count(folded) == count


GREEK = "Ο δήμος ανοίγει ξανά τη βιβλιοθήκη."


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"]
)  # `utf-16` and `utf-32` write a byte order mark
def test_utf8_and_whatever_has_a_byte_order_mark_is_certain(encoding):
    assert text.decode(GREEK.encode(encoding)) == (GREEK, None)


@pytest.mark.parametrize("mark", [b"\xfe\xff", b"\x00\x00\xfe\xff"])
def test_big_endian_marks_are_honoured(mark):
    encoding = "utf-16-be" if len(mark) == 2 else "utf-32-be"
    assert text.decode(mark + GREEK.encode(encoding)) == (GREEK, None)


def test_latin_1_is_read_as_windows_1252_and_said_to_be_guessed():
    assert text.decode("Das Café schließt früh.".encode("latin-1")) == ("Das Café schließt früh.", "windows-1252")
    assert text.decode("“Früh”, sagt die Leiterin, und für den Eintritt – 5 €.".encode("cp1252")) == (
        "“Früh”, sagt die Leiterin, und für den Eintritt – 5 €.",
        "windows-1252",
    )


def test_mixed_encodings_are_each_read_as_what_they_are():
    mixed = "Müller geht nach Köln.\n".encode() + "Später kommt Frau Weiß dazu.\n".encode("cp1252")
    assert text.decode(mixed) == (
        "Müller geht nach Köln.\nSpäter kommt Frau Weiß dazu.\n",
        "mixed utf-8 and windows-1252",
    )


@pytest.mark.parametrize(
    "data",
    [
        "Городская библиотека снова открыта для всех".encode("koi8-r"),
        "Городская библиотека снова открыта для всех".encode("cp1251"),
        "市立図書館は月曜日に再び開館します".encode("shift-jis"),
        "市立図書館は月曜日に再び開館します".encode("iso-2022-jp"),
        "市立图书馆星期一重新开放".encode("gb18030"),
        GREEK.encode("utf-16-le"),
        b"text with a \x00 in it",
        b"\xff\xfeodd",
        b"\xff\xfe\x00\xd8",
        b"Line with \x81 that Windows-1252 leaves open, and letters enough to be plausible",
    ],
    ids=[
        "koi8-r",
        "cp1251",
        "shift-jis",
        "iso-2022-jp",
        "gb18030",
        "utf-16 unmarked",
        "nul",
        "odd",
        "half",
        "undefined",
    ],
)
def test_what_can_only_be_misread_is_not_read(data):
    assert text.decode(data) is None


def test_one_foreign_line_spoils_a_file_however_much_plain_text_stands_around_it():
    data = b"A plain line of English text.\n" * 500 + "Городская библиотека".encode("koi8-r")
    assert text.decode(data) is None


@given(st.binary())
def test_any_bytes_decode_or_do_not_but_never_raise(data):
    decoded = text.decode(data)
    if decoded is not None:
        folded = text.fold(decoded[0])
        assert folded.encode().decode() == folded


@given(st.text(st.characters(codec="utf-8", exclude_characters="\x00\x1b\ufeff")))
def test_utf8_is_never_guessed(found):
    assert text.decode(found.encode()) == (found, None)
