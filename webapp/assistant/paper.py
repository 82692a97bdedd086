"""A PDF sent by a customer: its first pages as pixels, and the text a reader sees on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pymupdf
from PIL import Image

from webapp.assistant import pdf
from webapp.errors import DocumentRefusedError, PictureRefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MOST_PAGES = 10
MOST_CHARACTERS = 20_000
_SIDE = 1600  # pixels
_MOST_SCALE = 4.0  # 288 dpi: a stamp need not become a poster

_mupdf: Any = pymupdf  # has no types
_UNREADABLE = (*pdf.UNREADABLE, DocumentRefusedError)


class Paper:
    """One open PDF.

    Raises:
        PictureRefusedError: broken, locked, empty.
    """

    def __init__(self, source: Path) -> None:
        self._data = source.read_bytes()
        try:
            self._document = _mupdf.open(stream=self._data, filetype="pdf")
            locked, self.page_count = bool(self._document.needs_pass), 0
            if not locked:
                self.page_count = self._document.page_count
        except _UNREADABLE:
            raise PictureRefusedError("broken") from None
        if locked:
            raise PictureRefusedError("locked")
        if not self.page_count:
            raise PictureRefusedError("empty")

    def pages(self) -> Iterator[Image.Image]:
        """The first MOST_PAGES pages; one that cannot be drawn is passed over."""
        for number in range(min(self.page_count, MOST_PAGES)):
            try:
                yield self._drawn(number)
            except _UNREADABLE:
                continue

    def _drawn(self, number: int) -> Image.Image:
        page = self._document.load_page(number)
        long = max(page.rect.width, page.rect.height)
        if not long > 0:
            raise ValueError
        scale = min(_SIDE / long, _MOST_SCALE)
        pixels = page.get_pixmap(matrix=_mupdf.Matrix(scale, scale), colorspace=_mupdf.csRGB, alpha=False)
        return Image.frombytes("RGB", (pixels.width, pixels.height), pixels.samples)

    def text(self) -> str:
        """What is written on the same pages; empty for a scan nobody recognised."""
        try:
            _, pages, _ = pdf.read(self._first_pages())
        except _UNREADABLE:
            return ""
        return "\n\n".join(page.text for page in pages)[:MOST_CHARACTERS]

    def _first_pages(self) -> bytes:
        if self.page_count <= MOST_PAGES:
            return self._data
        self._document.select(range(MOST_PAGES))
        data: bytes = self._document.tobytes()
        return data
