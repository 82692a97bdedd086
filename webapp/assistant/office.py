"""Word files into blocks, a paragraph or a row at a time: a small file may unpack to a tree no memory holds."""

from __future__ import annotations

import zipfile
from io import BytesIO
from typing import TYPE_CHECKING, Any

from webapp.assistant.parsed import CELL, Block, BlockKind, clean
from webapp.errors import DocumentRefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from docx.oxml.table import CT_Row
    from docx.oxml.text.paragraph import CT_P
    from docx.text.run import Run

_MOST_UNPACKED = 20 * 1024 * 1024  # of a part; Word writes some 10 kB a page, and pictures are parts of their own
_MOST_PIECES = 50_000  # elements of one paragraph, or of one row
_CHUNK = 64 * 1024
_MOST_COLUMNS = 63  # Word's own
_TEXT, _STYLES, _PROPERTIES = "word/document.xml", "word/styles.xml", "docProps/core.xml"
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_TITLE = "{http://purl.org/dc/elements/1.1/}title"
_WHITE = "FFFFFF"


def read(data: bytes) -> tuple[str, list[Block]]:
    """(title, blocks) of a .docx.

    Raises:
        DocumentRefusedError: broken, too_large.
    """
    from lxml.etree import LxmlError  # type: ignore[import-untyped]  # noqa: PLC0415 - loads only where files are read

    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            return _title(archive), list(_blocks(archive, _styles(archive)))
    except (LxmlError, zipfile.BadZipFile, KeyError, ValueError, OSError, AttributeError, RecursionError):
        raise DocumentRefusedError("broken") from None


def _title(archive: zipfile.ZipFile) -> str:
    """Return the title the file gives itself, "" where it gives none."""
    return "".join(element.text or "" for element in _children(archive, _PROPERTIES) if element.tag == _TITLE)


def _styles(archive: zipfile.ZipFile) -> dict[str, str]:
    """Return the names of the styles by their ids."""
    styles = (element for element in _children(archive, _STYLES) if element.tag == f"{_W}style")
    return {style.styleId: style.name_val or "" for style in styles if style.styleId}


def _blocks(archive: zipfile.ZipFile, styles: Mapping[str, str]) -> Iterator[Block]:
    """Give the paragraphs and rows that stand in the text itself, in order."""
    above: list[str] = []
    for element in _children(archive, _TEXT):
        if element.tag == f"{_W}tr":
            above = _row(element, above)
            # A merged cell comes once for each column it covers.
            if cells := [text for text, before in zip(above, ["", *above], strict=False) if text not in ("", before)]:
                yield Block(BlockKind.ROW, CELL.join(cells))
        elif element.tag == f"{_W}tbl":
            above = []
        elif element.tag == f"{_W}p" and len(element) and (text := _text(element)):
            yield Block(_kind(styles.get(element.style or "", "")), text)


def _children(archive: zipfile.ZipFile, name: str) -> Iterator[Any]:
    """Give what stands right below the root of a part or below its body, and the rows of a table before the table.

    Each is forgotten once it was looked at.
    """
    depths = {f"{_W}body": 2, f"{_W}tbl": 3}
    open_: list[str] = []
    pieces = 0
    for event, element in _events(archive, name):
        if event == "start":
            open_.append(element.tag)
            pieces += 1
            if pieces > _MOST_PIECES:
                raise DocumentRefusedError("too_large", limit=_MOST_PIECES)
            continue
        open_.pop()
        if open_ and (len(open_) == 1 or depths.get(open_[-1]) == len(open_)):
            yield element
            element.getparent().remove(element)
            pieces = 0


def _events(archive: zipfile.ZipFile, name: str) -> Iterator[tuple[str, Any]]:
    from docx.oxml.parser import element_class_lookup  # noqa: PLC0415 - loads only where files are read
    from lxml.etree import XMLPullParser  # noqa: PLC0415 - idem

    if name not in archive.namelist() and name != _TEXT:
        return
    if archive.getinfo(name).file_size > _MOST_UNPACKED:
        raise DocumentRefusedError("too_large", limit=_MOST_UNPACKED)
    parser = XMLPullParser(events=("start", "end"), resolve_entities=False, remove_comments=True, remove_pis=True)
    parser.set_element_class_lookup(element_class_lookup)
    with archive.open(name) as part:
        while chunk := part.read(_CHUNK):
            parser.feed(chunk)
            yield from parser.read_events()
    parser.close()


def _kind(style: str) -> BlockKind:
    name = style.lower()
    if name.startswith(("heading", "title", "titre")):
        return BlockKind.HEADING
    return BlockKind.ROW if name.startswith("list") else BlockKind.PARAGRAPH


def _row(row: CT_Row, above: list[str]) -> list[str]:
    """Return the text of each column; a cell merged with the one above it says what that one says."""
    columns: list[str] = []
    for cell in row.tc_lst:
        place = len(columns)
        goes_on = cell.vMerge == "continue" and place < len(above)
        text = above[place] if goes_on else clean(" ".join(_text(paragraph) for paragraph in cell.p_lst))
        columns += [text] * min(cell.grid_span, _MOST_COLUMNS)
    return columns


def _text(element: CT_P) -> str:
    from docx.text.run import Run  # noqa: PLC0415 - loads only where files are read

    runs = [Run(each, None) for each in element.r_lst]  # type: ignore[arg-type]  # no part stands behind it
    if not any(map(_unseen, runs)):
        return clean(element.text)
    return clean("".join(run.text for run in runs if not _unseen(run)))


def _unseen(run: Run) -> bool:
    font = run.font
    white = font.color is not None and font.color.type is not None and str(font.color.rgb) == _WHITE
    return bool(font.hidden) or white or (font.size is not None and font.size.pt < 2)  # noqa: PLR2004 - no eye reads 2 points
