"""What may be shown: no secret, no control character."""

import pytest

from worker.shown import on_one_line, visible, without_secrets


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://me:pass@host/a", "https://***@host/a"),
        ("kafka://me:p@ss/w@host:1", "kafka://***@host:1"),
        ("sqlite:///folder/a@b.db", "sqlite:///folder/a@b.db"),
        ("read https://host/feed?a=1&api_key=xyz&b=2 twice", "read https://host/feed?a=1&api_key=***&b=2 twice"),
        ("https://host/?X-Amz-Signature=abc", "https://host/?X-Amz-Signature=***"),
        ("from https://host/ to me@example.org", "from https://host/ to me@example.org"),
    ],
)
def test_urls_lose_their_secrets(text, shown):
    assert without_secrets(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x07", "\\x1b[31mred\\x07"),
        ("\x9b2J\x7f\r", "\\x9b2J\\x7f\\r"),
        ("a\u202eb\u2066c\u200f", "a\\u202eb\\u2066c\\u200f"),
        ("\ud800", "\\ud800"),
        ("tab\tand\nline", "tab\tand\nline"),
        ("日本語 · العربية · naïef 👩\u200d💻", "日本語 · العربية · naïef 👩\u200d💻"),
    ],
)
def test_what_a_terminal_would_obey_becomes_visible(text, shown):
    assert visible(text) == shown


def test_one_line_stays_one():
    assert on_one_line(" a\r\n\tb\x85c\u2028d\x0b") == "a b c d"
