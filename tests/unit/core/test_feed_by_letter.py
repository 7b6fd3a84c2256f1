"""What a strict second reading of other people's feeds showed (docs/accuracy.md), each case in own words."""

import json

import pytest
from unit.core.polled import one, polled, rss

ATOM = '<feed xmlns="http://www.w3.org/2005/Atom"><title>Harbour News</title><entry>{}</entry></feed>'
TEXT = "<description>There are forty-one of them.</description>"


def item_of(article):
    return json.loads(article.item + b"}")


def names(article):
    return {one["role"]: one["value"] for one in item_of(article)["altIds"]}


def test_an_atom_id_is_no_link():
    found = one(polled(ATOM.format("<id>https://news.harbour.example/?p=7</id><title>Seals counted</title>")))
    assert names(found) == {"guid": "https://news.harbour.example/?p=7"}


def test_an_rss_guid_that_is_a_permalink_is_one():
    found = one(polled(rss(f"<guid>https://news.harbour.example/seals</guid><title>Seals counted</title>{TEXT}")))
    assert names(found)["link"] == "https://news.harbour.example/seals"


@pytest.mark.parametrize("kind", ["", ' type="text"'])
def test_the_angle_brackets_of_a_plain_atom_title_are_shown(kind):
    entry = f"<id>seven</id><title{kind}>How to close a &lt;dialog> with R&amp;amp;D</title>"
    assert item_of(one(polled(ATOM.format(entry))))["headlines"][0]["value"] == "How to close a <dialog> with R&D"


def test_the_markup_of_an_html_atom_title_is_not():
    found = one(polled(ATOM.format('<id>seven</id><title type="html">How to &lt;i>close&lt;/i> it</title>')))
    assert item_of(found)["headlines"][0]["value"] == "How to close it"


@pytest.mark.parametrize(
    "text",
    [
        "<!-- not a <!DOCTYPE --><rss><channel><item>{}</item></channel></rss>",
        "<rss><channel><item>{}<category><![CDATA[<!DOCTYPE html>]]></category></item></channel></rss>",
        '<?xml version="1.0"?><!-- a --><!DOCTYPE rss [<!ENTITY a "b">]><rss><channel><item>{}</item></channel></rss>',
    ],
)
def test_a_doctype_is_one_only_before_the_root(text):
    found = one(polled(text.format(f"<title>Seals counted</title>{TEXT}")))
    assert item_of(found)["headlines"][0]["value"] == "Seals counted"
