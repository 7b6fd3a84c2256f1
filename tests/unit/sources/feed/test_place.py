from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from worker.sources.feed.place import BadUrl, place_of, place_of_redirect, same_keeper


@pytest.mark.parametrize(
    ("text", "url"),
    [
        (" https://Example.COM/feed ", "https://example.com/feed"),
        ("http://example.com:80/a b?q=ü&s=%2B+x#top", "http://example.com/a%20b?q=%C3%BC&s=%2B+x"),
        ("https://пример.example/лента", "https://xn--e1afmkfd.example/%D0%BB%D0%B5%D0%BD%D1%82%D0%B0"),
        ("http://xn--e1afmkfd.example/", "http://xn--e1afmkfd.example/"),
        ("http://127。0。0。1/", "http://127.0.0.1/"),
        ("http://[2001:DB8::1]:8080/", "http://[2001:db8::1]:8080/"),
        ("http://under_score.example", "http://under_score.example"),
    ],
)
def test_a_url_is_asked_for_in_its_plain_form(text, url):
    assert str(place_of(text).url) == url


@pytest.mark.parametrize(
    "text",
    """
    feed /feed //host/feed http:// http:///feed https://:80/ ftp://h/f file:///etc/passwd gopher://h/ data:,x
    javascript:alert(1) http://h:99999/ http://[::1 http://127%2e0%2e0%2e1/ http://a%2eb/ http://h%0d%0aX/ http://h\\@g/
    http://127.1/ http://2130706433/ http://0x7f000001/ http://0177.0.0.1/ http://0/ http://127.0.0.1./
    http://127.0.0.01/ http://256.1.1.1/ http://1.2.3.4.5/ http://0x7f.1/ http://example.0x1/
    """.split(),
)
def test_a_url_that_can_not_be_asked_or_means_different_things_to_different_programs_is_refused(text):
    with pytest.raises(BadUrl) as refused:
        place_of(text)
    assert text not in str(refused.value)


def test_userinfo_becomes_authorization_and_leaves_the_url():
    place = place_of("http://jo:s%C3%A9cret@example.com/feed")
    assert (str(place.url), place.authorization) == ("http://example.com/feed", "Basic am86c8OpY3JldA==")
    assert place_of("http://token@example.com/").authorization == "Basic dG9rZW46"


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("/new", "https://example.com/new"),
        ("new?a=1", "https://example.com/old/new?a=1"),
        ("//cdn.example/x", "https://cdn.example/x"),
        ("?page=2", "https://example.com/old/feed?page=2"),
        ("http://jo:secret@other.example/", "http://other.example/"),
        ("/caf\udce9", "https://example.com/caf%E9"),
        ("/ä", "https://example.com/%C3%A4"),
    ],
)
def test_a_redirect_leads_on_from_where_it_was_given(location, url):
    assert str(place_of_redirect(URL("https://example.com/old/feed"), location)) == url


@pytest.mark.parametrize(
    "location", ["file:///etc/passwd", "ftp://h/", "gopher://h/", "data:,<rss/>", "http://", "http://[::1"]
)
def test_a_redirect_to_what_is_no_http_leads_nowhere(location):
    with pytest.raises(BadUrl):
        place_of_redirect(URL("https://example.com/"), location)


@pytest.mark.parametrize(
    ("home", "url", "same"),
    [
        ("https://a.example/", "https://a.example/x", True),
        ("https://a.example/", "https://a.example:443/", True),
        ("http://a.example/", "https://a.example/", True),
        ("https://a.example/", "http://a.example/", False),
        ("http://a.example:8080/", "https://a.example/", False),
        ("https://a.example/", "https://a.example:8443/", False),
        ("https://a.example/", "https://b.a.example/", False),
        ("https://a.example/", "https://a.example.evil.example/", False),
    ],
)
def test_secrets_stay_with_the_host_and_port_they_are_for_and_out_of_the_clear(home, url, same):
    assert same_keeper(URL(home), URL(url)) is same


@given(st.text())
def test_any_text_is_a_place_or_refused(text):
    for asked in (place_of, lambda text: place_of_redirect(URL("http://example.com/"), text)):
        try:
            asked(text)
            asked(f"http://{text}/")
        except BadUrl:
            pass
