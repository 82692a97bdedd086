"""Word files into blocks."""

from __future__ import annotations

import zipfile
from io import BytesIO
from typing import TYPE_CHECKING

from webapp.assistant.parsed import CELL, Block, BlockKind, clean
from webapp.errors import DocumentRefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docx.document import Document
    from docx.table import Table
    from docx.text.paragraph import Paragraph
    from docx.text.run import Run

_MOST_UNPACKED = 200 * 1024 * 1024
_WHITE = "FFFFFF"


def read(data: bytes) -> tuple[str, list[Block]]:
    """(title, blocks) of a .docx.

    Raises:
        DocumentRefusedError: broken, too_large.
    """
    import docx  # noqa: PLC0415 - lxml loads only where files are read
    from docx.opc.exceptions import OpcError  # noqa: PLC0415 - idem
    from lxml.etree import LxmlError  # type: ignore[import-untyped]  # noqa: PLC0415 - idem

    try:
        if sum(entry.file_size for entry in zipfile.ZipFile(BytesIO(data)).infolist()) > _MOST_UNPACKED:
            raise DocumentRefusedError("too_large", limit=_MOST_UNPACKED)
        document = docx.Document(BytesIO(data))
        return document.core_properties.title or "", list(_blocks(document))
    except (OpcError, LxmlError, zipfile.BadZipFile, KeyError, ValueError, OSError, AttributeError, RecursionError):
        raise DocumentRefusedError("broken") from None


def _blocks(document: Document) -> Iterator[Block]:
    from docx.table import Table  # noqa: PLC0415 - as above

    for item in document.iter_inner_content():
        if isinstance(item, Table):
            yield from _rows(item)
        elif text := _text(item):
            yield Block(_kind(item), text)


def _kind(paragraph: Paragraph) -> BlockKind:
    style = (paragraph.style.name or "") if paragraph.style is not None else ""
    if style.startswith(("Heading", "Title", "Titre")):
        return BlockKind.HEADING
    return BlockKind.ROW if style.startswith("List") else BlockKind.PARAGRAPH


def _rows(table: Table) -> Iterator[Block]:
    for row in table.rows:
        cells: list[str] = []
        for cell in row.cells:
            text = clean(" ".join(_text(paragraph) for paragraph in cell.paragraphs))
            if text and text not in cells[-1:]:  # a merged cell comes once for each column it covers
                cells.append(text)
        if cells:
            yield Block(BlockKind.ROW, CELL.join(cells))


def _text(paragraph: Paragraph) -> str:
    if not any(_unseen(run) for run in paragraph.runs):
        return clean(paragraph.text)
    return clean("".join(run.text for run in paragraph.runs if not _unseen(run)))


def _unseen(run: Run) -> bool:
    font = run.font
    white = font.color is not None and font.color.type is not None and str(font.color.rgb) == _WHITE
    return bool(font.hidden) or white or (font.size is not None and font.size.pt < 2)  # noqa: PLR2004 - no eye reads 2 points
