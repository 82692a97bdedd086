"""Rows of a table said in words: a customer reads no bars between cells."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from webapp.assistant.parsed import CELL
from webapp.domain import Language

if TYPE_CHECKING:
    from collections.abc import Sequence

    from webapp.domain import Passage

_DIGIT = re.compile(r"\d")
_COLON = {Language.FR: "\u00a0: ", Language.EN: ": "}
_SEMICOLON = {Language.FR: "\u00a0; ", Language.EN: "; "}
_ITEM = "- "


def head_of(text: str) -> list[str]:
    """Return the names of the columns of a table, [] where its first row is one like the others.

    Names hold no figure; below one of them each row does.
    """
    first, *others = [line.split(CELL) for line in text.split("\n") if CELL in line] or [[]]
    below = [row for row in others if len(row) == len(first)]
    figures = [all(map(_DIGIT.search, column)) for column in list(zip(*below, strict=True))[1:]]
    return first if any(figures) and not _DIGIT.search(CELL.join(first)) else []


def head_for(passage: Passage, passages: Sequence[Passage]) -> list[str]:
    """Return the head of the table a passage is of; a long one is parted, and its head stands in another passage."""
    same = [each for each in passages if (each.document_id, each.heading) == (passage.document_id, passage.heading)]
    return next((head for each in (passage, *same) if (head := head_of(each.text))), [])


def in_words(text: str, head: Sequence[str], language: Language) -> str:
    """Quoted lines with each row in words, its cells named by the head where there is one, which is not said itself."""
    lines = text.split("\n")
    told = [line for line in lines if line.split(CELL) != head] or lines
    if len(told) == 1:
        told = [told[0].removeprefix(_ITEM)]
    return "\n".join(_row(line, head, language) if CELL in line else line for line in told)


def _row(line: str, head: Sequence[str], language: Language) -> str:
    name, *cells = line.split(CELL)
    if len(head) != len(cells) + 1:
        return f"{name}{_COLON[language]}{_SEMICOLON[language].join(cells)}"
    named = [f"{_within(column)}{_COLON[language]}{cell}" for column, cell in zip(head[1:], cells, strict=True)]
    return f"{name} – {_SEMICOLON[language].join(named)}"


def _within(name: str) -> str:
    """Return a name as it is written within a sentence: "Durée" becomes "durée", "PVC" stays."""
    return name if name[1:2].isupper() else name[:1].lower() + name[1:]
