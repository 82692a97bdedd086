"""Cutting a parsed document into passages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from webapp.assistant import language, words
from webapp.assistant.parsed import BlockKind, PassageDraft

if TYPE_CHECKING:
    from collections.abc import Iterator

    from webapp.assistant.parsed import Block, ParsedDocument

MOST = 900  # characters of a passage
_FRAGMENT = 80  # a shorter passage says too little alone: it goes with the one before
_CARRIED = 60  # characters of a heading that still holds on the next page
_SHORT = 200  # a passage shorter than this goes on under the next heading of its page


def split(parsed: ParsedDocument) -> list[PassageDraft]:
    """Passages of about 400 to 900 characters that never cross a page nor cut a sentence or a row."""
    drafts: list[PassageDraft] = []
    heading = ""
    for page in parsed.pages:
        cutter = _Cutter(heading, explicit=page.number is None)
        for block in page.blocks:
            cutter.add(block)
        for title, text in cutter.finish():
            spoken = language.detect(text, parsed.language)
            drafts.append(PassageDraft(len(drafts), page.number, title, text, spoken))
        heading = cutter.heading if len(cutter.heading) <= _CARRIED else ""
    return drafts


class _Cutter:
    """Gathers the blocks of one page; `heading` is the one in force, at the start the last of the page before."""

    def __init__(self, heading: str, *, explicit: bool) -> None:
        self._explicit = (
            explicit  # headings the author marked as such part passages, guessed ones only long enough ones
        )
        self.heading = heading
        self._title = heading
        self._gathered: list[str] = []
        self._size = 0
        self._alone = False
        self._bare: list[str] = []
        self._done: list[tuple[str, str]] = []

    def add(self, block: Block) -> None:
        if block.kind in (BlockKind.HEADING, BlockKind.QUESTION):
            self._open(block)
            return
        self._bare = []
        for piece in _pieces(block):
            if self._gathered and self._size + len(piece) > MOST:
                self._close()
            self._append(piece)

    def finish(self) -> list[tuple[str, str]]:
        """Pairs (heading, text), in reading order."""
        if self._bare and not self._gathered:  # a page of headings alone still says something
            self._title, self._gathered = self._bare[0], self._bare
        self._close()
        return self._done

    def _open(self, block: Block) -> None:
        if self._gathered and (
            self._alone or block.kind is BlockKind.QUESTION or self._explicit or self._size >= _SHORT
        ):
            self._close()
        self.heading = block.text
        self._alone = block.kind is BlockKind.QUESTION
        if self._gathered:
            self._append(block.text)
        else:
            self._title = block.text
            self._bare.append(block.text)

    def _append(self, piece: str) -> None:
        self._gathered.append(piece)
        self._size += len(piece) + 1

    def _close(self) -> None:
        if self._gathered:
            text = "\n".join(self._gathered)
            if (
                not self._explicit
                and self._done
                and self._size < _FRAGMENT
                and len(self._done[-1][1]) < MOST - _FRAGMENT
            ):
                title, before = self._done.pop()
                named = self._title if self._title not in (title, text) else ""
                self._done.append((title, "\n".join(filter(None, (before, named, text)))))
            else:
                self._done.append((self._title, text))
        self._gathered, self._size, self._title = [], 0, self.heading


def _pieces(block: Block) -> Iterator[str]:
    """A block whole where it fits, else its sentences gathered up to the limit, else its words."""
    if len(block.text) <= MOST:
        yield block.text
        return
    gathered = ""
    for start, end in words.sentences(block.text):
        for part in _words(block.text[start:end]):
            if gathered and len(gathered) + len(part) >= MOST:
                yield gathered
                gathered = ""
            gathered = f"{gathered} {part}" if gathered else part
    if gathered:
        yield gathered


def _words(sentence: str) -> Iterator[str]:
    while len(sentence) > MOST:
        cut = sentence.rfind(" ", 0, MOST)
        cut = cut if cut > 0 else MOST
        yield sentence[:cut].rstrip()
        sentence = sentence[cut:].lstrip()
    yield sentence
