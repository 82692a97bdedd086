"""Reading a file of the knowledge: its type by its content first, its name second, then pages of blocks."""

from __future__ import annotations

import re
import zipfile
from io import BytesIO
from typing import TYPE_CHECKING

from webapp.assistant import language
from webapp.assistant.parsed import (
    Block,
    BlockKind,
    Page,
    ParsedDocument,
    PassageDraft,
    clean,
    human_name,
)
from webapp.assistant.passages import split
from webapp.assistant.words import fold
from webapp.domain import MAX_DOCUMENT_BYTES
from webapp.errors import DocumentRefusedError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Block", "BlockKind", "Page", "ParsedDocument", "PassageDraft", "parse", "read_document", "split"]

MAX_CHARACTERS = 10_000_000
_OLE = b"\xd0\xcf\x11\xe0"  # an Office file of the old kind, or a locked one of the new kind
_TITLE_LENGTH = 120
_TITLE_WORDS = 8


def read_document(path: Path, filename: str) -> ParsedDocument:
    """Read one file; `filename` is the name its sender gave it.

    Raises:
        DocumentRefusedError: code pictures_only, locked, broken, empty, too_large or unsupported.
    """
    if path.stat().st_size > MAX_DOCUMENT_BYTES:
        raise DocumentRefusedError("too_large", limit=MAX_DOCUMENT_BYTES)
    return parse(path.read_bytes(), filename)


def parse(data: bytes, filename: str) -> ParsedDocument:
    """Like `read_document`, from the bytes."""
    if not data.strip(b" \t\r\n\x00"):
        raise DocumentRefusedError("empty")
    kind = _kind(data, filename.rpartition(".")[2].lower())
    title, pages, page_count = _read(kind, data)
    pages = tuple(page for page in pages if page.blocks)
    size = sum(len(block.text) for page in pages for block in page.blocks)
    if not size:
        raise DocumentRefusedError("empty")
    if size > MAX_CHARACTERS:
        raise DocumentRefusedError("too_large", limit=MAX_CHARACTERS)
    sample = " ".join(block.text for page in pages[:20] for block in page.blocks)
    return ParsedDocument(_title(title, pages, filename, page_count), language.detect(sample), pages, page_count)


def _read(kind: str, data: bytes) -> tuple[str, tuple[Page, ...], int | None]:
    """(title the file gives itself or "", pages, page count or None)."""
    from webapp.assistant import markup, office, pdf, structured  # noqa: PLC0415 - MuPDF loads only where files are read

    if kind == "pdf":
        return pdf.read(data)
    if kind == "docx":
        title, blocks = office.read(data)
    else:
        text = _decode(data)
        readers = {
            "json": structured.read,
            "html": markup.read_html,
            "md": markup.read_markdown,
            "txt": markup.read_text,
        }
        title, blocks = readers[kind](text)
    return title, (Page(None, tuple(blocks)),), None


def _kind(data: bytes, extension: str) -> str:
    head = data[:1024]
    if b"%PDF-" in head:
        return "pdf"
    if head.startswith(b"PK\x03\x04"):
        return _zip_kind(data)
    if head.startswith(_OLE):
        raise DocumentRefusedError("locked" if extension == "docx" else "unsupported")
    if extension in {"pdf", "docx"}:
        raise DocumentRefusedError("broken")
    if not head.startswith((b"\xff\xfe", b"\xfe\xff")) and b"\x00" in data[:8192]:
        raise DocumentRefusedError("unsupported")
    return _text_kind(head.lstrip(b"\xef\xbb\xbf \t\r\n").lower(), extension)


def _zip_kind(data: bytes) -> str:
    try:
        names = zipfile.ZipFile(BytesIO(data)).namelist()
    except (zipfile.BadZipFile, ValueError, OSError):
        raise DocumentRefusedError("broken") from None
    if "word/document.xml" in names:
        return "docx"
    raise DocumentRefusedError("unsupported")


def _text_kind(head: bytes, extension: str) -> str:
    if re.match(rb"<!doctype html|<html|<head|<body|(<\?xml[^>]*>\s*)?<!doctype html", head):
        return "html"
    if extension in {"json", "jsonl"} or (head[:1] in (b"{", b"[") and extension not in {"md", "txt"}):
        return "json"
    if extension in {"html", "htm", "xhtml"}:
        return "html"
    if extension in {"md", "markdown"}:
        return "md"
    if extension in {"txt", "text", ""} or len(extension) > 4:  # noqa: PLR2004 - "Réponse n.2 du service" has no extension
        return "txt"
    raise DocumentRefusedError("unsupported")


def _decode(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def _title(given: str, pages: tuple[Page, ...], filename: str, page_count: int | None) -> str:
    """The title the file gives itself when it reads like one, else its first heading, else its name made readable."""
    given = clean(given)
    if _sensible(given, filename):
        return given[:_TITLE_LENGTH]
    first = next((b.text for p in pages[:2] for b in p.blocks if b.kind is BlockKind.HEADING), "")
    fits = 2 <= len(first.split()) <= _TITLE_WORDS  # noqa: PLR2004 - one word names a part
    # The largest words of a leaflet are often its slogan: they are its title when its file is called so too.
    if fits and _sensible(first, filename) and (page_count is None or _share_a_word(first, human_name(filename))):
        return first[:_TITLE_LENGTH]
    return human_name(filename)[:_TITLE_LENGTH]


def _share_a_word(one: str, other: str) -> bool:
    starts = [{word[:5] for word in re.findall(r"[^\W\d_]{4,}", fold(text))} for text in (one, other)]
    return bool(starts[0] & starts[1])


def _sensible(title: str, filename: str) -> bool:
    lowered = title.lower()
    if not 4 <= len(title) <= _TITLE_LENGTH or lowered == filename.lower():  # noqa: PLR2004 - shorter is a mark, not a title
        return False
    if re.search(
        r"\.(docx?|pdf|indd|pptx?|xlsx?|odt|txt|html?|qxp|tex|dvi|ps)$|microsoft word|untitled|sans titre", lowered
    ):
        return False
    letters = sum(char.isalpha() for char in title)
    return letters >= len(title) / 2 and "_" not in title
