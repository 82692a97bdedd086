"""HTML, Markdown and plain text into blocks."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from webapp.assistant.parsed import CELL, Block, BlockKind, clean, visible

_HIDING = "script style template noscript svg head object iframe select textarea"
_HIDDEN_TAGS = frozenset(_HIDING.split())
_VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"]
)
_BREAKING_TAGS = """
p div section article main aside header footer nav ul ol li dl dt dd table thead tbody tr br hr pre blockquote
figure figcaption form fieldset details summary body html h1 h2 h3 h4 h5 h6
"""
_BREAKING = frozenset(_BREAKING_TAGS.split())
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6", "dt", "summary", "caption"})
_HIDDEN_STYLE = re.compile(
    r"display:none|visibility:hidden|opacity:0(\.0*)?(;|$)|font-size:0(\.0*)?(px|pt|em|rem|%)?(;|$)"
)
_WHITE_STYLE = re.compile(r"(^|;)color:(#fff(fff)?|white|transparent)\b")


class _Reader(HTMLParser):
    """Streams the tags, so that no depth of nesting can exhaust a stack."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks: list[Block] = []
        self.title = ""
        self._pieces: list[str] = []
        self._cells: list[str] | None = None
        self._hidden: list[str] = []  # the open tags since the one that hides
        self._heading = False
        self._in_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_title = tag == "title"
        if tag in _VOID:
            if tag in {"br", "hr"} and not self._hidden and self._cells is None:
                self._flush()
            return
        if self._hidden or tag in _HIDDEN_TAGS or _hides(dict(attrs)):
            self._hidden.append(tag)
            return
        if tag == "tr":
            self._flush()
            self._cells = []
        elif tag in _BREAKING and self._cells is None:
            self._flush()
            self._heading = tag in _HEADINGS

    def handle_endtag(self, tag: str) -> None:
        self._in_title = False
        if self._hidden:
            if tag in self._hidden:
                del self._hidden[len(self._hidden) - 1 - self._hidden[::-1].index(tag) :]
            return
        if self._cells is not None and tag in {"td", "th", "tr"}:
            self._cell()
        if tag in {"tr", "table"} and self._cells is not None:
            row = CELL.join(cell for cell in self._cells if cell)
            self._cells = None
            self._emit(BlockKind.ROW, row)
        elif tag in _BREAKING and self._cells is None:
            self._flush()

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title += data
        elif not self._hidden:
            self._pieces.append(data)

    def close(self) -> None:
        super().close()
        self._cells = None
        self._flush()

    def _cell(self) -> None:
        text = clean(" ".join(self._pieces))
        self._pieces = []
        if text and self._cells is not None:
            self._cells.append(text)

    def _flush(self) -> None:
        self._emit(BlockKind.HEADING if self._heading else BlockKind.PARAGRAPH, clean("".join(self._pieces)))
        self._pieces, self._heading = [], False

    def _emit(self, kind: BlockKind, text: str) -> None:
        if text:
            self.blocks.append(Block(kind, text))


def _hides(attributes: dict[str, str | None]) -> bool:
    style = re.sub(r"\s+", "", (attributes.get("style") or "").lower())
    white = _WHITE_STYLE.search(style, max(style.rfind("background"), 0))  # on no ground of its own
    return (
        "hidden" in attributes
        or attributes.get("aria-hidden") == "true"
        or bool(_HIDDEN_STYLE.search(style))
        or bool(white)
    )


_TAG = re.compile(r"<[A-Za-z/!?]")


def read_html(text: str) -> tuple[str, list[Block]]:
    """(title, blocks) of what a reader of the page would see."""
    whole, end, tail = text.rpartition(">")
    reader = _Reader()
    reader.feed(whole + end + _TAG.split(tail, maxsplit=1)[0])  # an unended tag is sought to the last letter
    reader.close()
    return clean(reader.title), reader.blocks


_MARKS = re.compile(r"(\*\*|__|`)(.+?)\1")
_LINK = re.compile(r"!?\[([^\[\]]*+)\]\(([^)\s]{0,500}+)[^)]{0,200}+\)")
_COMMENT = re.compile(r"<!--.*?(-->|\Z)", re.DOTALL)
_FRONT = re.compile(r"\A---\n(.*?)\n---\n", re.DOTALL)


def read_markdown(text: str) -> tuple[str, list[Block]]:
    text = _COMMENT.sub("", visible(text).replace("\r\n", "\n"))
    title = ""
    if front := _FRONT.match(text):
        named = re.search(r"^title:(.*)", front[1], re.MULTILINE)
        title = named[1].strip().strip("\"'") if named else ""
        text = text[front.end() :]
    blocks = _lines(re.sub(r"\n(=+|-{3,})(?=\n|\Z)", r" \1", text), _markdown_line)
    return title, blocks


def read_text(text: str) -> tuple[str, list[Block]]:
    return "", _lines(visible(text).replace("\r\n", "\n").replace("\f", "\n\n"), _text_line)


def _lines(text: str, classify: object) -> list[Block]:
    """Paragraphs are lines up to a blank one; headings and rows stand alone."""
    blocks: list[Block] = []
    gathered: list[str] = []

    def flush() -> None:
        joined = clean(" ".join(gathered))
        if joined:
            blocks.append(Block(BlockKind.PARAGRAPH, joined))
        gathered.clear()

    for line in text.split("\n"):
        kind, content = classify(line)  # type: ignore[operator]
        if kind is BlockKind.PARAGRAPH and content:
            gathered.append(content)
            continue
        flush()
        if content:
            blocks.append(Block(kind, content))
    flush()
    return blocks


def _markdown_line(line: str) -> tuple[BlockKind, str]:
    stripped = line.strip()
    if heading := re.match(r"#{1,6}\s+(.*)", stripped):
        return BlockKind.HEADING, clean(_plain(heading[1].rstrip("#")))
    if underlined := re.match(r"(.+?) (=+|-{3,})$", stripped):
        return BlockKind.HEADING, clean(_plain(underlined[1]))
    if stripped.startswith("|"):
        cells = [clean(_plain(cell)) for cell in stripped.strip("|").split("|")]
        ruled = all(re.fullmatch(r":?-+:?", cell) for cell in cells if cell)
        return BlockKind.ROW, "" if ruled else CELL.join(cell for cell in cells if cell)
    if item := re.match(r"([-*+•]|\d+[.)])\s+(.*)", stripped):
        return BlockKind.ROW, clean(_plain(f"{item[1]} {item[2]}" if item[1][0].isdigit() else f"- {item[2]}"))
    return BlockKind.PARAGRAPH, _plain(stripped.lstrip("> "))


def _text_line(line: str) -> tuple[BlockKind, str]:
    stripped = line.strip()
    if re.match(r"([-*•▪]|\d+[.)])\s+", stripped):
        return BlockKind.ROW, clean(stripped)
    if "\t" in stripped:
        return BlockKind.ROW, CELL.join(cell for cell in map(clean, stripped.split("\t")) if cell)
    return BlockKind.PARAGRAPH, stripped


def _plain(text: str) -> str:
    text = _LINK.sub(lambda match: f"{match[1]} ({match[2]})" if match[2].startswith("http") else match[1], text)
    return re.sub(r"<[a-zA-Z/][^<>]*+>", " ", _MARKS.sub(r"\2", text))
