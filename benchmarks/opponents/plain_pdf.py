"""The text of a PDF file as MuPDF gives it, with its places: no reading order, no headings, no passages."""

from __future__ import annotations

from typing import Any

import pymupdf

_mupdf: Any = pymupdf  # has no types


def pages(data: bytes) -> int:
    with _mupdf.open(stream=data, filetype="pdf") as document:
        return int(document.page_count)


def read(data: bytes) -> int:
    """How many blocks were found, so that nothing is read for nothing."""
    with _mupdf.open(stream=data, filetype="pdf") as document:
        return sum(len(page.get_text("dict")["blocks"]) for page in document)
