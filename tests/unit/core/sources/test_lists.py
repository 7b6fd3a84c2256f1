"""Lists of sources as people have them, and as they are exported: OPML, TOML, a URL a line."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.core.sources import lists, opml, table
from worker.core.sources.difference import Kind, compare
from worker.core.sources.options import parsed
from worker.errors import UsageError
from worker.model import Definition


def read(text, name="feeds"):
    return lists.read(text if isinstance(text, bytes) else text.encode(), name)


def urls(text):
    found = read(text)
    assert found.wrong == ()
    return [one.url for one in found.wanted]


def outlines(*lines, before=""):
    return f'<?xml version="1.0"?>{before}\n<opml version="2.0"><body>\n' + "\n".join(lines) + "\n</body></opml>"


def test_a_line_is_a_url_a_comment_or_blank():
    text = "\ufeff# mine\n\nhttps://a.example/f#x  # the first\r\n   https://b.example/f\n#https://c.example/\n"
    assert urls(text) == ["https://a.example/f#x", "https://b.example/f"]
    assert urls(text.strip("\ufeff").encode("utf-16")) == ["https://a.example/f#x", "https://b.example/f"]


def test_a_line_that_is_no_url_costs_only_itself_and_is_named():
    found = read("https://a.example/f\nThe Gazette\nhttps://b.example/f\n")
    assert len(found.wanted) == 2
    assert (
        str(found.wrong[0])
        == "feeds, line 2: this is no http://, https:// or kafka:// URL; put # before what is no URL"
    )


def test_outlines_of_a_reader_give_url_title_and_folder():
    found = read(
        outlines(
            '<outline text="News"><outline title="Local">',
            '<outline type="rss" text="The Gazette" xmlUrl="https://a.example/f" htmlUrl="https://a.example/"/>',
            "</outline></outline>",
            '<outline text="https://b.example/f" xmlurl="https://b.example/f"/>',
        )
    )
    assert [(one.url, one.given, one.whole, one.where) for one in found.wanted] == [
        ("https://a.example/f", {"title": "The Gazette", "folder": ("News", "Local")}, False, "feeds, line 4"),
        ("https://b.example/f", {}, False, "feeds, line 6"),
    ]


@pytest.mark.parametrize("attribute", ["xmlUrl", "XMLURL", "xmlurl"])
def test_a_feed_is_known_by_its_attribute_however_it_is_written(attribute):
    assert urls(outlines(f'<outline {attribute}="https://a.example/f"/>')) == ["https://a.example/f"]


def test_an_ampersand_that_stands_alone_is_part_of_the_url():
    text = outlines('<outline text="a" xmlUrl="https://a.example/f?x=1&y=2&copy=3&amp;z=4&#38;w=5"/>')
    assert urls(text) == ["https://a.example/f?x=1&y=2&copy=3&z=4&w=5"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "iso-8859-1"])
def test_an_encoding_is_known_by_its_mark_or_its_declaration(encoding):
    text = outlines('<outline text="Café &amp; Bar" xmlUrl="https://a.example/f?a=1&b=2"/>')
    (one,) = read(
        text.replace("?>", f' encoding="{encoding[:6] if "16" in encoding else encoding}"?>').encode(encoding)
    ).wanted
    assert (one.url, one.given["title"]) == ("https://a.example/f?a=1&b=2", "Café & Bar")


def test_names_of_html_are_letters():
    (one,) = read(
        outlines('<outline text="Caf&eacute; &amp; Bar &unknown; &Ouml;" xmlUrl="https://a.example/f"/>')
    ).wanted
    assert one.given["title"] == "Café & Bar &unknown; Ö"


def test_what_a_doctype_declares_is_neither_expanded_nor_fetched():
    laughs = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    doctype = f'<!DOCTYPE opml SYSTEM "file:///etc/passwd" [<!ENTITY a0 "ha">{laughs}<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    (one,) = read(outlines('<outline text="&a9;&x;" xmlUrl="https://a.example/f"/>', before=doctype)).wanted
    assert one.given["title"] == "&a9;&x;"


def test_another_file_that_is_included_is_not_fetched_and_said():
    found = read(outlines('<outline type="include" url="https://a.example/more.opml"/>'))
    assert "apply that one too" in found.wrong[0].message


def test_outlines_too_deep_to_be_read_are_said_not_lost_in_silence():
    deep = "<outline text='a'>" * 5_000 + '<outline xmlUrl="https://deep.example/f"/>' + "</outline>" * 5_000
    found = read(outlines('<outline xmlUrl="https://a.example/f"/>', deep))
    assert [one.url for one in found.wanted] == ["https://a.example/f"]
    assert "may be missing" in found.wrong[0].message


def test_xml_that_breaks_off_gives_what_stands_before_and_is_said():
    found = read('<opml><body>\n<outline xmlUrl="https://a.example/f"/>\n<outline xmlUrl="https://b.exa')
    assert [one.url for one in found.wanted] == ["https://a.example/f"]
    assert found.wrong[-1].where.startswith("feeds, line ")


def test_an_option_of_ours_that_is_misspelt_is_named():
    ours = f'xmlns:n="{opml.NAMESPACE}"'
    found = read(outlines(f'<outline {ours} n:intervall="15m" xmlUrl="https://a.example/f"/>'))
    assert "did you mean interval" in found.wrong[0].message


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("<html><body>", "is <html> and no OPML"),
        ("<rss version='2.0'></rss>", "sources add URL"),
        ("<", "no XML"),
        ("", "lists no sources"),
        ("# nothing\n", "lists no sources"),
        ("<opml><body/></opml>", "lists no sources"),
        ("[[source]\n", "feeds is no TOML: .*line 1"),
        ("url = 'https://a.example/f'\n", "begin each source with"),
        ("[source]\nurl = 'https://a.example/f'\n", "begin each source with"),
        (b"https://a.example/f\n\xff\n", "line 2: this is not UTF-8"),
    ],
)
def test_a_file_that_is_no_list_is_refused_with_what_to_do(text, why):
    with pytest.raises(UsageError, match=why):
        read(text)


def test_a_table_states_a_source_wholly():
    found = read(
        '[[source]]\nurl = "https://a.example/f"\n\n[[source]]\nid = "b"\nurl = "https://b.example/f"\ninterval = 900\n'
        'headers = { X-Key = "a_key" }\n'
    )
    assert [(one.id, one.given, one.whole) for one in found.wanted] == [
        (None, {}, True),
        ("b", {"interval_s": 900, "headers": (("X-Key", "a_key"),)}, True),
    ]


def test_a_table_that_can_not_be_used_is_named_by_its_line():
    found = read('# mine\n[[source]]\ntitle = "no url"\n[[source]]\nurl = "https://b.example/f"\nintervall = 5\n')
    assert [one.where for one in found.wrong] == ["feeds, line 2", "feeds, line 4"]
    assert "did you mean interval" in found.wrong[1].message
    inline = read('source = [{ url = "https://a.example/f" }, { url = 5 }]')
    assert inline.wrong[0].where == "feeds, source 2"


def exported(form, definitions):
    return read(opml.written(definitions) if form == "opml" else table.written(definitions))


@pytest.mark.parametrize("form", ["opml", "toml"])
def test_an_export_applied_elsewhere_gives_the_same_ids_and_options(form, full):
    plain = Definition("0123456789abcdef", "https://b.example/f?a=1&b=2", "b.example", 5)
    found = exported(form, [full, plain])
    plan = compare(found.wanted, [], 9)
    assert found.wrong == ()
    assert [one.definition for one in plan.differences] == [replace(full, added_at=9), replace(plain, added_at=9)]


@pytest.mark.parametrize("form", ["opml", "toml"])
@given(
    title=st.text(max_size=40), folder=st.lists(st.text(max_size=8), max_size=3), query=st.text("&'%a=;", max_size=20)
)
def test_whatever_a_title_or_a_url_holds_it_is_read_back(form, title, folder, query):
    given_ = parsed({"title": title, "folder": folder})
    one = Definition("id", f"https://b.example/f?{query}", "b.example", 5, **given_)
    (difference,) = compare(exported(form, [one]).wanted, [one], 9).differences
    assert difference.kind is Kind.SAME
