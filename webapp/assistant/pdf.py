"""PDF files into pages of visible lines, then blocks."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import pymupdf

from webapp.assistant import layout
from webapp.assistant.parsed import Page, clean
from webapp.errors import DocumentRefusedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from webapp.assistant.columns import Line

MAX_PAGES = 3000
_FLAGS = pymupdf.TEXT_PRESERVE_WHITESPACE | pymupdf.TEXT_MEDIABOX_CLIP | pymupdf.TEXT_CID_FOR_UNKNOWN_UNICODE
_DRAWN = 8 | 16  # char_flags of MuPDF: stroked, filled; neither is the invisible text mode
_BOLD = pymupdf.TEXT_FONT_BOLD
_SMALLEST = 2.0  # points
_FAINTEST = 26  # of 255
_LIGHT = 0xE0  # a channel from here on may be white on white
_CONTRAST = 12  # grey levels that tell a letter from its ground
_SCALE = 0.5
_BORDER = 4.0  # points around what is drawn
_FEW_LETTERS = 20
_CAPTIONS = 100  # letters a page of pictures may carry
_MARGIN = 0.09  # of the height: where running heads and feet stand
_REPEATED = 4  # pages from which a line at the edge is a running one

_mupdf: Any = pymupdf  # has no types
_mupdf.TOOLS.mupdf_display_errors(on=False)
_mupdf.TOOLS.mupdf_display_warnings(on=False)

# MuPDF's own errors are no RuntimeError; the others come from its Python half on pages it did not expect.
UNREADABLE = (
    _mupdf.mupdf.FzErrorBase,
    *(RuntimeError, ValueError, TypeError, AttributeError, LookupError, MemoryError),
)


def read(data: bytes) -> tuple[str, tuple[Page, ...], int]:
    """(title of the metadata, pages with text, number of pages).

    Raises:
        DocumentRefusedError: locked, broken, pictures_only, empty, too_large.
    """
    try:
        document = _mupdf.open(stream=data, filetype="pdf")
    except UNREADABLE:
        raise DocumentRefusedError("broken") from None
    with document:
        _check(document)
        pages = [_lines(document, number) for number in range(document.page_count)]
        if all(lines is None for lines in pages):
            raise DocumentRefusedError("broken")
        lines = _without_running([lines or [] for lines in pages], document)
        _check_text(document, lines)
        body = _body_size(lines)
        done = tuple(Page(number, layout.blocks(found, body)) for number, found in enumerate(lines, 1))
        return (document.metadata or {}).get("title") or "", done, document.page_count


def _check(document: Any) -> None:  # noqa: ANN401 - MuPDF has no types
    if document.needs_pass:
        raise DocumentRefusedError("locked")
    try:
        count = document.page_count
    except UNREADABLE:
        count = 0
    if not count:
        raise DocumentRefusedError("broken")
    if count > MAX_PAGES:
        raise DocumentRefusedError("too_large", limit=MAX_PAGES)


def _check_text(document: Any, pages: Sequence[list[Line]]) -> None:  # noqa: ANN401 - MuPDF has no types
    letters = sum(len(line[6].replace(" ", "")) for lines in pages for line in lines)
    if letters >= _CAPTIONS * len(pages) or (letters >= _FEW_LETTERS and len(pages) == 1):
        return
    pictured = sum(_has_picture(document, number) for number in range(min(len(pages), 50)))
    if pictured and (letters < _FEW_LETTERS or pictured >= 0.8 * min(len(pages), 50)):
        raise DocumentRefusedError("pictures_only")
    if not letters:
        raise DocumentRefusedError("empty")


def _has_picture(document: Any, number: int) -> bool:  # noqa: ANN401 - MuPDF has no types
    try:
        return bool(document.get_page_images(number))
    except UNREADABLE:
        return False


def _lines(document: Any, number: int) -> list[Line] | None:  # noqa: ANN401 - MuPDF has no types
    """The lines a reader of the page sees, in the order of the file; None when the page cannot be read."""
    try:
        page = document.load_page(number)
        raw = page.get_text("dict", flags=_FLAGS)
        return _visible_lines(page, raw)
    except UNREADABLE:
        return None


def _visible_lines(page: Any, raw: dict[str, Any]) -> list[Line]:  # noqa: ANN401 - MuPDF has no types
    width, height = raw["width"], raw["height"]
    found: list[Line] = []
    doubtful: list[int] = []
    unseen: list[Line] = []
    for number, block in enumerate(raw["blocks"]):
        for line in block.get("lines", ()):
            x0, y0, x1, y1 = line["bbox"]
            if x1 <= 0 or y1 <= 0 or x0 >= width or y0 >= height:
                continue
            first = line["spans"][0]
            drawn, ghost, light = _sorted_spans(line["spans"])
            text = drawn or ghost
            if not text:
                continue
            if light and drawn:
                doubtful.append(len(found))
            made: Line = (x0, y0, x1, y1, first["size"], bool(first["flags"] & _BOLD), text, number)
            (found if drawn else unseen).append(made)
    if doubtful:
        found = _with_contrast(page, found, doubtful)
    if not found and unseen and page.get_images():
        return unseen  # a scanned page: the invisible letters are what was recognised on the picture
    return found


def _sorted_spans(spans: list[dict[str, Any]]) -> tuple[str, str, bool]:
    """(text that is drawn, text in the invisible mode, whether some of the drawn may be white on white)."""
    drawn: list[str] = []
    ghost: list[str] = []
    light = False
    for span in spans:
        if span["size"] < _SMALLEST or span["alpha"] < _FAINTEST:
            continue
        if not span["char_flags"] & _DRAWN:
            ghost.append(span["text"])
            continue
        color = span["color"]
        if color:
            light = light or min(color >> 16, (color >> 8) & 0xFF, color & 0xFF) >= _LIGHT
        drawn.append(span["text"])
    return _text(drawn), _text(ghost), light


def _text(pieces: list[str]) -> str:
    if not pieces:
        return ""
    text = "".join(pieces)
    broken = text.rstrip()[-1:] in {"\u00ad", "\u2010"}
    return clean(text) + ("-" if broken else "")


def _with_contrast(page: Any, found: list[Line], doubtful: list[int]) -> list[Line]:  # noqa: ANN401 - MuPDF has no types
    """Drop the light lines that stand on an equally light ground."""
    clip = _around([found[index] for index in doubtful])
    pixels = page.get_pixmap(matrix=_mupdf.Matrix(_SCALE, _SCALE), colorspace=_mupdf.csGRAY, alpha=False, clip=clip)
    samples, stride, left, top = pixels.samples_mv, pixels.stride, pixels.x, pixels.y
    dropped = set()
    for index in doubtful:
        x0, y0, x1, y1 = (int(value * _SCALE) for value in found[index][:4])
        x0, x1 = max(x0 - left, 0), min(x1 + 1 - left, pixels.width)
        inside = range(max(y0 - top, 0), min(y1 + 1 - top, pixels.height))
        rows = [samples[y * stride + x0 : y * stride + x1] for y in inside]
        values = [value for row in rows for value in (min(row, default=255), max(row, default=255))]
        if not values or max(values) - min(values) < _CONTRAST:
            dropped.add(index)
    return [line for index, line in enumerate(found) if index not in dropped]


def _around(lines: Sequence[Line]) -> tuple[float, float, float, float]:
    """The part of a page to draw for some lines of it: a header alone costs little, a whole page of pictures much."""
    sides = zip(*(line[:4] for line in lines), strict=True)
    x0, y0, x1, y1 = (pick(side) for pick, side in zip((min, min, max, max), sides, strict=True))
    return x0 - _BORDER, y0 - _BORDER, x1 + _BORDER, y1 + _BORDER


def _without_running(pages: list[list[Line]], document: Any) -> list[list[Line]]:  # noqa: ANN401 - MuPDF has no types
    """Drop page numbers, and heads and feet that come back on at least half of the pages."""
    if len(pages) < _REPEATED:
        return pages
    height = document[0].rect.height or 1.0
    top, bottom = height * _MARGIN, height * (1 - _MARGIN)
    keys = Counter(key for lines in pages for key in {_shape(x) for x in lines if x[3] < top or x[1] > bottom})
    running = {key for key, times in keys.items() if times >= max(_REPEATED, len(pages) / 2)}
    return [
        [x for x in lines if not ((x[3] < top or x[1] > bottom) and ((key := _shape(x)) in running or key in _NUMBERS))]
        for lines in pages
    ]


_NUMBERS = frozenset({"#", ".#", "- # -", "# / #", "#/#", "page #", "p. #"})


def _shape(line: Line) -> str:
    return re.sub(r"\d+", "#", line[6].lower())


def _body_size(pages: Sequence[list[Line]]) -> float:
    """The letter size most of the text is set in."""
    sizes: Counter[float] = Counter()
    for lines in pages:
        for line in lines:
            sizes[round(line[4], 1)] += len(line[6])
    return sizes.most_common(1)[0][0] if sizes else 10.0
