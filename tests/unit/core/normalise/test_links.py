"""Links: what `schemas/vectors/links.json` can't say case by case."""

import json

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker import contract
from worker.core.normalise import links

VECTORS = json.loads((contract.schema_folder() / "vectors" / "links.json").read_text())
URI = jsonschema_rs.Draft202012Validator({"type": "string", "format": "uri"}, validate_formats=True)
LINK = st.one_of(
    st.text(st.characters(codec=None)),
    st.lists(
        st.sampled_from(
            "http:// https:// HTTP: // / . .. # #! ? & = % %4 %41 %c3%a9 @ : [ ] :80 :443 www. m. amp"
            " example.org ä 例え.jp utm_x=1 a b=2 \ud800 \n"
            " \u3000 < > \" ' \\ | ^ ` { } ~ mailto: urn: javascript: \x00".split(" ")
        )
    ).map("".join),
    st.text(max_size=12).map("https://example.org/{}".format),
)


@given(LINK)
def test_a_published_link_is_a_uri_and_runs_nothing(found):
    uri = links.valid_uri(found)
    if uri is not None:
        assert URI.is_valid(uri)
        assert uri.isascii()
        assert not uri.lower().startswith(("javascript:", "data:", "vbscript:"))
        assert links.valid_uri(uri) == uri


@given(LINK)
def test_a_key_is_the_key_of_what_it_stands_for(found):
    key = links.comparison_keys([found])[0]
    if key is not None:
        assert key.isascii()
        assert links.comparison_keys([found]) == [key]


@given(LINK)
def test_what_is_published_compares_equal_to_what_was_found(found):
    uri = links.valid_uri(found)
    if uri is not None and not any(char.isspace() for char in found):
        assert links.comparison_keys([uri])[0] == links.comparison_keys([found])[0]


@pytest.mark.parametrize(
    ("found", "shown"),
    [
        ("https://user:secret@example.org/a", "https://example.org/a"),
        ("//user@example.org/a", "//example.org/a"),
        ("https://a@b@example.org/", "https://example.org/"),
        ("https://example.org/@user/a", "https://example.org/@user/a"),
        ("https://example.org?q=a@b", "https://example.org?q=a@b"),
        ("mailto:desk@example.org", "mailto:desk@example.org"),
        ("no link @ all", "no link @ all"),
    ],
)
def test_a_link_as_found_is_shown_without_userinfo(found, shown):
    assert links.without_secrets(found) == shown
    assert "secret" not in (links.valid_uri(found) or "")


@pytest.mark.parametrize(
    "page",
    ["https://example.org", "http://www.example.org/", "https://example.org/?utm_source=x", "https://example.org/#top"],
)
def test_a_front_page_names_no_article(page):
    assert links.is_home(links.comparison_keys([page])[0])


@pytest.mark.parametrize("page", ["https://example.org/a", "https://example.org/?id=1", "https://example.org/#!/a"])
def test_a_page_of_its_own_may_name_one(page):
    assert not links.is_home(links.comparison_keys([page])[0])


def test_every_tracker_of_the_vectors_is_out_in_any_case_and_there_are_no_others():
    names, prefixes = VECTORS["trackers"]["names"], VECTORS["trackers"]["prefixes"]
    for name in [*names, *(f"{prefix}anything" for prefix in prefixes)]:
        for written in (name, name.upper()):
            assert links.comparison_keys([f"https://example.org/a?{written}=1&b=2"]) == ["example.org/a?b=2"]
    assert (sorted(links._TRACKERS), sorted(links._TRACKER_PREFIXES)) == (names, prefixes)


@pytest.mark.parametrize("name", VECTORS["kept"])
def test_a_name_that_a_site_may_give_its_pages_by_stays(name):
    assert links.comparison_keys([f"https://example.org/a?{name}=1"]) == [f"example.org/a?{name}=1"]
