"""From the words of a message to the HTML a browser may show: what a model says is hostile text until it left here."""

from __future__ import annotations

import re
from functools import lru_cache
from html import escape
from typing import TYPE_CHECKING

import nh3
from markdown_it import MarkdownIt

from webapp.domain import Author
from webapp.texts import keep_together

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it.renderer import RendererHTML
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token
    from markdown_it.utils import EnvType, OptionsDict

MAX_MARKDOWN_LENGTH = 20_000  # longer words are shown as they are: no reply of ours comes near it
CACHED_MESSAGES = 1024

TAGS = {
    *("p", "br", "strong", "em", "ul", "ol", "li", "code", "pre", "blockquote", "a"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}
# Controls but newline and tab, soft hyphen, zero width, bidi overrides, invisible tags: they hide or reorder words.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]"
)
_ADDRESS = re.compile(r"(?:https?://|mailto:)[^\s]+|#source-[0-9]{1,2}", re.IGNORECASE)
_MARK = re.compile(r"\[([0-9]{1,2})\](?!\()")
_MARK_LINK = re.compile(r'<a [^>]*href="#source-([0-9]{1,2})"[^>]*>(.*?)</a>', re.DOTALL)


@lru_cache(maxsize=CACHED_MESSAGES)
def to_html(content: str, author: Author) -> str:
    """Render Markdown of the assistant or staff through the allow-list, and anybody else's words as plain text.

    A mark such as [1] of the assistant becomes a link to `#source-1`; `link_marks` ties it to its message.
    """
    visible = _INVISIBLE.sub("", content.replace("\r\n", "\n").replace("\r", "\n"))
    if author not in (Author.ASSISTANT, Author.STAFF) or len(visible) > MAX_MARKDOWN_LENGTH:
        return escape(visible).replace("\n", "<br>")
    return _INVISIBLE.sub("", _cleaner.clean(_with_marks.render(visible)))  # again: entities name them too


def link_marks(html: str, anchor: str, numbers: Sequence[int]) -> str:
    """Point the marks of one message at its own chips, `#source-<anchor>-<n>`; one without a source is plain text."""

    def link(match: re.Match[str]) -> str:
        if int(match[1]) not in numbers:
            return match[2]
        return match[0].replace(f'"#source-{match[1]}"', f'"#source-{anchor}-{int(match[1])}"')

    return _MARK_LINK.sub(link, html)


def _mark(state: StateInline, silent: bool) -> bool:  # noqa: FBT001  the signature of a markdown-it rule
    match = _MARK.match(state.src, state.pos, state.posMax)
    if match is None:
        return False
    if not silent:
        opening = state.push("link_open", "a", 1)
        opening.attrs = {"href": f"#source-{int(match[1])}", "class": "mark"}
        state.push("text", "", 0).content = match[0]
        state.push("link_close", "a", -1)
    state.pos = match.end()
    return True


def _picture_text(
    _self: RendererHTML, tokens: Sequence[Token], index: int, _options: OptionsDict, _env: EnvType
) -> str:
    return escape(tokens[index].content)


def _heading(_self: RendererHTML, tokens: Sequence[Token], index: int, _options: OptionsDict, _env: EnvType) -> str:
    return "<p><strong>" if tokens[index].nesting == 1 else "</strong></p>\n"


def _text(_self: RendererHTML, tokens: Sequence[Token], index: int, _options: OptionsDict, _env: EnvType) -> str:
    return escape(keep_together(tokens[index].content))


def _parser() -> MarkdownIt:
    """No raw HTML, no pictures, no link definitions (`[1]: https://...` would swallow its line)."""
    parser = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable("table")
    parser.disable(["reference", "html_block", "html_inline"])
    parser.inline.ruler.before("link", "mark", _mark)
    parser.add_render_rule("text", _text)
    parser.add_render_rule("image", _picture_text)
    parser.add_render_rule("heading_open", _heading)
    parser.add_render_rule("heading_close", _heading)
    return parser


def _only_ours(tag: str, attribute: str, value: str) -> str | None:
    if (tag, attribute) == ("a", "href"):
        return value if _ADDRESS.fullmatch(value) else None
    return value if attribute in ("class", "rel") else None  # rel is the cleaner's own


_with_marks = _parser()
_cleaner = nh3.Cleaner(
    tags=TAGS,
    attributes={"a": {"href"}},
    allowed_classes={"a": {"mark"}},
    attribute_filter=_only_ours,
    url_schemes={"http", "https", "mailto"},
    link_rel="noopener noreferrer nofollow ugc",
)
