"""Which passages a reply stands on: its [n] marks made valid, renumbered, and turned into sources."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from webapp.assistant import words
from webapp.domain import Source

if TYPE_CHECKING:
    from collections.abc import Sequence

    from webapp.domain import Passage

EXCERPT = 300  # characters at most
_MARK = re.compile(r"(?<!\s)\s*\[(\d{1,3}(?:\s*[,;]\s*\d{1,3})*)\]")
_AFTER_STOP = re.compile(r"([.!?…])((?:\s*\[\d{1,3}(?:\s*[,;]\s*\d{1,3})*\])+)")
_ENOUGH = 0.5  # share of a sentence's words a passage must hold to support it


def cited(text: str, passages: Sequence[Passage], scores: Sequence[float]) -> tuple[str, tuple[Source, ...]]:
    """The text with marks 1, 2, … in order of appearance and its sources; marks that point nowhere are removed."""
    text = before_stops(text)
    order: list[int] = []

    def renumber(match: re.Match[str]) -> str:
        marks = ""
        for written in re.findall(r"\d+", match[1]):
            number = int(written)
            if 1 <= number <= len(passages):
                if number not in order:
                    order.append(number)
                marks += f" [{order.index(number) + 1}]"
        return marks

    text = _MARK.sub(renumber, text)
    sources = tuple(
        source(shown, passages[number - 1], scores[number - 1], _saying(text, shown))
        for shown, number in enumerate(order, 1)
    )
    return text.strip(), sources


def before_stops(text: str) -> str:
    """The text with each mark in the sentence it belongs to: "Oui. [1] Non" becomes "Oui [1]. Non"."""
    return _AFTER_STOP.sub(r"\2\1", text)


def supporting(text: str, passages: Sequence[Passage]) -> int | None:
    """The 1-based number of the passage that holds most of the text's words, None when none holds half."""
    best, share = None, _ENOUGH
    for number, passage in enumerate(passages, 1):
        said = set(words.terms(unmarked(text), passage.language))
        held = len(said & set(words.terms(f"{passage.heading} {passage.text}", passage.language))) / (len(said) or 1)
        if held > share:
            best, share = number, held
    return best


def unmarked(text: str) -> str:
    return _MARK.sub("", text)


def source(n: int, passage: Passage, score: float, said: str) -> Source:
    return Source(
        n, passage.id, passage.document_id, passage.title, passage.page, excerpt(passage, said), round(float(score), 4)
    )


def excerpt(passage: Passage, said: str) -> str:
    """The stretch of the passage, word for word, that says most of `said`."""
    text = passage.text
    wanted = set(words.terms(unmarked(said), passage.language))
    spans = words.sentences(text)
    if not spans:
        return text[:EXCERPT]
    held = [len(wanted & set(words.terms(text[start:end], passage.language))) for start, end in spans]
    first = last = max(range(len(spans)), key=lambda i: (held[i], -i))
    while last + 1 < len(spans) and held[last + 1] > 0 and spans[last + 1][1] - spans[first][0] <= EXCERPT:
        last += 1
    while first and held[first - 1] > 0 and spans[last][1] - spans[first - 1][0] <= EXCERPT:
        first -= 1
    return shortened(text[spans[first][0] : spans[last][1]].removeprefix("- "), wanted, passage)


def shortened(stretch: str, wanted: set[str], passage: Passage) -> str:
    """A stretch that is too long, cut at words around what was asked for."""
    if len(stretch) <= EXCERPT:
        return stretch
    start = 0
    for match in re.finditer(r"\w+", stretch):
        if words.stem(match[0].lower(), passage.language) in wanted:
            start = max(0, stretch.rfind(" ", 0, max(match.start() - EXCERPT // 4, 1)) + 1)
            break
    cut = stretch[start : start + EXCERPT]
    return cut[: cut.rfind(" ")].rstrip() if start + EXCERPT < len(stretch) and " " in cut else cut


def _saying(text: str, n: int) -> str:
    """The sentences of the reply that carry the mark n."""
    parts = [text[start:end] for start, end in words.sentences(text)]
    return " ".join(part for part in parts if f"[{n}]" in part) or text
