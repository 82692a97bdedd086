"""What reading a file gives, whatever its type, and the cleaning every text goes through."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from webapp.domain import Language


class BlockKind(StrEnum):
    HEADING = "heading"
    QUESTION = "question"  # a heading whose answer stays a passage of its own
    PARAGRAPH = "paragraph"
    ROW = "row"  # one row of a table, cells joined by CELL


CELL = " | "


@dataclass(frozen=True, slots=True)
class Block:
    kind: BlockKind
    text: str


@dataclass(frozen=True, slots=True)
class Page:
    """`number` is the 1-based page of the file, None where the file has no pages."""

    number: int | None
    blocks: tuple[Block, ...]

    @property
    def text(self) -> str:
        return "\n".join(block.text for block in self.blocks)


@dataclass(frozen=True, slots=True)
class ParsedDocument:
    title: str
    language: Language
    pages: tuple[Page, ...]
    page_count: int | None


@dataclass(frozen=True, slots=True)
class PassageDraft:
    """A passage as ingestion will store it; `ordinal` counts from 0 through the document."""

    ordinal: int
    page: int | None
    heading: str
    text: str
    language: Language


# Characters nobody sees: a document could carry instructions in them. Soft hyphen, zero width, direction marks,
# variation selectors, Tag characters, and the controls PostgreSQL refuses or a reader never typed.
_UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\uffff\ud800-\udfff\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\U000e0000-\U000e0fff]"
)
_BLANKS = re.compile(r"[ \t\u00a0\u2000-\u200a\u202f\u205f\u3000]+")
_PRIVATE: dict[int, str] = dict.fromkeys(range(0xE000, 0xF900), " ")  # drawings of symbol fonts, no letters
_BULLETS: dict[int, str] = dict.fromkeys((0xF0A7, 0xF0B7, 0xF0FC, 0xF0D8, 0xF076, 0xF06E, 0xF0E0, 0xF02D), "•")
_LIGATURES: dict[int, str] = {0xFB00: "ff", 0xFB01: "fi", 0xFB02: "fl", 0xFB03: "ffi", 0xFB04: "ffl"}
_FORMS = {**_PRIVATE, **_BULLETS, **_LIGATURES}


def visible(text: str) -> str:
    """Drop the characters nobody sees; line ends stay."""
    return _UNSEEN.sub("", text)


def clean(text: str) -> str:
    """One line of text as a reader sees it: composed accents, single plain spaces, nothing unseen."""
    if text.isascii() and text.isprintable():
        return " ".join(text.split()) if "  " in text else text.strip()
    text = _UNSEEN.sub("", unicodedata.normalize("NFC", text.translate(_FORMS)))
    return _BLANKS.sub(" ", text.replace("\r", " ").replace("\n", " ")).strip()


def human_name(filename: str) -> str:
    """`2024-04_CATALOGUE-GENERAL_WEB.pdf` -> `Catalogue general` (the file name as a last resort for a title)."""
    stem = clean(re.split(r"[\\/]", filename)[-1])
    stem = re.sub(r"\.[A-Za-z0-9]{1,5}$", "", stem)
    words = re.sub(r"[_\-.+\s]+", " ", re.sub(r"^\d{4}[-_]\d{2}([-_]\d{2})?[-_ ]", "", stem)).split()
    words = [word for word in words if word.lower() not in {"web", "final", "def", "vf", "hd", "bd", "print"}]
    name = " ".join(words) or stem or filename
    return name.capitalize() if name.isupper() else name[:1].upper() + name[1:]
