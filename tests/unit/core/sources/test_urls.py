"""A source's id and site, of its URL; and which URLs are none that could be polled."""

import json
import subprocess
import sys

import pytest

from worker import contract
from worker.core.sources.urls import checked, same_form, site_of, source_id

VECTORS = json.loads((contract.schema_folder() / "vectors" / "sources.json").read_text())["cases"]


@pytest.mark.parametrize("case", VECTORS, ids=lambda case: case["why"])
def test_ids_are_those_of_the_vectors(case):
    assert (same_form(case["url"]), source_id(case["url"])) == (case["hashed"], case["id"])


@pytest.mark.parametrize(
    ("url", "site"),
    [
        ("https://news.example.co.uk/feed", "example.co.uk"),
        ("https://NEWS.Example.ORG./feed", "example.org"),
        ("https://gazette.github.io/feed", "gazette.github.io"),  # the private section counts
        ("https://github.io/feed", "github.io"),
        ("https://www.bücher.example/feed", "xn--bcher-kva.example"),
        ("https://www.xn--bcher-kva.example/feed", "xn--bcher-kva.example"),
        ("https://faß.example/feed", "xn--fa-hia.example"),
        ("https://news。example/feed", "news.example"),
        ("http://localhost:8000/feed", "localhost"),
        ("http://news.localhost/feed", "localhost"),
        ("http://intranet/feed", "intranet"),
        ("http://192.0.2.7:8000/feed", "192.0.2.7"),
        ("http://[2001:DB8:0::7]:8000/feed", "2001:db8::7"),
    ],
)
def test_a_site_is_the_registrable_domain_or_what_stands_for_it(url, site):
    assert site_of(url) == site


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("  https://news.example/feed\n", "https://news.example/feed"),
        ("feed:https://news.example/feed", "https://news.example/feed"),
        ("feed://news.example/feed", "http://news.example/feed"),
        ("HTTPS://News.Example/Feed?a=1&b=2", "HTTPS://News.Example/Feed?a=1&b=2"),
    ],
)
def test_a_url_is_kept_as_it_was_given(given, url):
    assert checked(given) == url


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("news.example/feed", "no http"),
        ("ftp://news.example/feed", "no http"),
        ("javascript:alert(1)", "no http"),
        ("http://", "names no host"),
        ("http:///feed", "names no host"),
        ("http://../feed", "names no host"),
        ("http://news..example/feed", "name of a host"),
        (f"http://{'a' * 64}.example/", "name of a host"),
        ("http://[::1/feed", "no http"),
        ("http://[news]/feed", "no IPv6"),
        ("http://news.example:0/feed", "port"),
        ("http://news.example:70000/feed", "port"),
        ("http://news.example/a b", "percent-encode"),
        ("http://news.example\\.other.example/", "percent-encode"),
        ("http://news.example/\x00", "percent-encode"),
        ("http://news.example/" + "a" * 5_000, "4096"),
    ],
)
def test_what_can_not_be_polled_is_refused(url, why):
    with pytest.raises(ValueError, match=why):
        checked(url)


def test_a_password_in_a_url_is_refused_and_not_repeated():
    with pytest.raises(ValueError, match="credentials") as error:
        checked("https://me:letmein@news.example/feed")
    assert "letmein" not in str(error.value)


def test_the_list_of_suffixes_is_not_loaded_before_a_site_is_asked_for():
    program = (
        "import sys, worker.core.sources.lists, worker.pipeline.definitions; print('publicsuffixlist' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
