"""Markup: what may run goes, what is said stays, and no nesting is too deep."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.core.normalise import html, text


@pytest.mark.parametrize(
    ("markup", "safe"),
    [
        ("<script>alert(1)</script>said", "said"),
        ('<p onclick="run()">said</p>', "<p>said</p>"),
        ('<a href="javascript:run()">said</a>', "<a>said</a>"),
        ('<a href=" java\nscript:run()">said</a>', "<a>said</a>"),
        ('<a href="vbscript:run()">said</a>', "<a>said</a>"),
        ('<img src="data:image/svg+xml,x" onerror="run()" alt="seen">', '<img alt="seen">'),
        ('<iframe src="https://example.org">in it</iframe>said', "said"),
        ("<svg><script>run()</script></svg>said", "said"),
        ("<math><mtext><img onerror=run()></mtext></math>said", "said"),
        ('<object data="x">in it</object><embed src="x">said', "said"),
        ("<style>p{background:url(x)}</style><!-- hidden -->said", "said"),
        ('<p style="position:fixed">said</p>', "<p>said</p>"),
        ('<form action="x"><input name="password"></form>said', "said"),
    ],
)
def test_what_could_run_or_load_code_goes(markup, safe):
    assert html.sanitise(markup) == safe


@pytest.mark.parametrize(
    "link", ["https://example.org/a?b=1", "mailto:desk@example.org", "tel:+4912345", "/relative", "#below"]
)
def test_links_that_lead_somewhere_stay(link):
    assert f'href="{link}"' in html.sanitise(f'<a href="{link}">there</a>')


@pytest.mark.parametrize(
    ("markup", "said"),
    [
        ("<p>One</p><p>Two<br>three</p>", "One\n\nTwo\nthree"),
        ("<h1>Head</h1>lead <b>bold</b>face", "Head\n\nlead boldface"),
        ("<ul><li>a</li><li>b</li></ul>", "a\n\nb"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\n\nc"),
        ("<p>white \n\t space  collapses </p>", "white space collapses"),
        ("<pre>as\n  it is</pre>", "as\n  it is"),
        ("plain\n\nlines", "plain lines"),
        ("Fish &amp; chips &lt;b&gt;", "Fish & chips <b>"),
        ("said<script>x</script><style>y</style><noscript>z</noscript>", "said"),
        ("<script>x</script><style>y</style><noscript>z</noscript>said", "said"),
        ("<html><head><title>x</title></head><body><p>said</p></body></html>", "said"),
        ("<svg><text>x</text></svg>said", "said"),
        ("<p>never <i>closed", "never closed"),
        ("a < b and <3", "a < b and <3"),
        ("<!-- nothing -->", ""),
        ('<img src="/a.jpg" alt="seen">', ""),
        ("", ""),
    ],
)
def test_the_text_of_markup_has_its_paragraphs(markup, said):
    assert html.text_of(markup) == said


@pytest.mark.parametrize(
    "found", ["<p>x", "a<br/>b", "</div>", "<!-- c -->", "<A HREF=x>", "<!DOCTYPE html>", "x <em>y</em>"]
)
def test_known_tags_look_like_html(found):
    assert html.looks_like_html(found)


@pytest.mark.parametrize("found", ["a < b", "<3", "<name@example.org>", "<unknown>", "x <- y", "Fish &amp; chips", ""])
def test_angle_brackets_alone_are_text(found):
    assert not html.looks_like_html(found)


@pytest.mark.parametrize(
    "markup",
    [
        "<div>" * 50_000 + "said",
        "<div><b>" * 20_000 + "said" + "</b></div>" * 20_000,
        "<p " + " ".join(f"a{n}=1" for n in range(100_000)) + ">said</p>",
        "said" + "</div>" * 50_000,
    ],
    ids=["deep", "deep and closed", "attributes", "closing"],
)
def test_what_is_built_to_take_for_ever_is_read_all_the_same(markup):
    assert html.text_of(markup) == "said"
    assert "said" in html.sanitise(markup)


def test_a_flood_of_references_is_kept_as_text():
    assert html.text_of(html.sanitise("said &amp; " * 60_000)) == ("said & " * 60_000).strip()


MARKUP = st.lists(
    st.sampled_from(
        "<p> </p> <br> <script> </script> <svg> <style> <a\thref='javascript:x'> <img\tonerror=x> <td> <pre> </pre>"
        " <!-- --> <![CDATA[ ]]>"
        " &lt; &#0; &#xD800; <template> <math> <mtext> <noscript> <textarea> </textarea> <title> <iframe\tsrcdoc=x>".split(
            " "
        )
    )
    | st.text(st.characters(codec=None), max_size=5)
).map("".join)


@given(MARKUP)
def test_any_markup_is_sanitised_and_nothing_that_runs_survives(markup):
    safe = html.sanitise(markup)
    assert safe == html.sanitise(safe)
    assert not re.search(
        r"<[^>]*(?:\son[a-z]+\s*=|javascript:)|<(?:script|style|iframe|svg|math|template)\b", safe, re.IGNORECASE
    )
    assert safe.encode().decode() == safe


@given(MARKUP)
def test_any_markup_has_a_text_that_can_be_hashed_and_shown(markup):
    said = html.text_of(markup)
    assert said == text.paragraphs(said)
    assert said.encode().decode() == said
