"""A conversation as a summary reads it: the sentences that tell something, without greetings, thanks and regrets."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

from webapp.assistant import citations, phrases, words
from webapp.assistant.summary_cues import (
    ASKING,
    COMPLIED,
    COURTESY,
    DEFECT,
    OFFER,
    PROMISE,
    REGRET,
    SETTLED,
    THANKS,
    TROUBLE,
    cue,
)
from webapp.domain import Author, Language, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from webapp.domain import ToldCase, Turn

QUOTED = 240  # characters of a message
_READ = 4_000  # characters read of a message
_HEAD, _TAIL = 16_000, 32_000  # characters read of a conversation, from its beginning and its end
_ENDLESS = re.compile(r"\S{100,}")
TOLD = 3  # words that carry a meaning, in a sentence worth quoting
_GENERIC_WORDS = """
aide aider besoin question questions souci probleme urgent urgence quelqu'un personne problem issue trouble someone
somebody anybody assistance support team service quick quelques renseignement information ok oui non yes no
"""
_GENERIC = frozenset(_GENERIC_WORDS.split())
_MARKUP = re.compile(r"\*\*|^[^\S\n]*+(?:#+|>|[-*•])\s+|\\(?=[\\`*_<>\[\]])", re.MULTILINE)
_CLAUSE = re.compile(r"(?<=\w{3}[.!?…])\s+")
_GAP = "[…]"


@dataclass(frozen=True, slots=True)
class Said:
    """One turn with the sentences of it that tell something: greetings, thanks and regrets are left out."""

    author: Author
    language: Language
    sentences: tuple[str, ...]
    answers_nothing: bool = False
    complied: bool = False
    thanked: bool = False

    @property
    def by_customer(self) -> bool:
        return self.author is Author.CLIENT


def readable(case: ToldCase) -> ToldCase:
    """A case within what is read in a second: long messages cut, words no person writes left out, a middle skipped."""
    turns = [replace(turn, text=_ENDLESS.sub(_GAP, turn.text[:_READ])) for turn in case.turns]
    head = _within(turns, _HEAD)
    tail = _within(turns[len(head) :][::-1], _TAIL)[::-1]
    return replace(case, turns=(*head, *tail))


def _within(turns: Sequence[Turn], budget: int) -> list[Turn]:
    lengths = accumulate(len(turn.text) for turn in turns)
    return [turn for turn, length in zip(turns, lengths, strict=True) if length <= budget]


def read_turns(turns: Sequence[Turn], language: Language) -> list[Said]:
    """The turns that hold words, what a person of the firm wrote in several messages on end taken as one."""
    return _merged([_said(turn, language) for turn in turns if turn.author is not Author.SYSTEM and turn.text.strip()])


def _merged(said: Sequence[Said]) -> list[Said]:
    joined: list[Said] = []
    for one in said:
        if joined and one.author is Author.STAFF is joined[-1].author:
            joined[-1] = replace(joined[-1], sentences=joined[-1].sentences + one.sentences)
        else:
            joined.append(one)
    return joined


def gist(sentences: Sequence[str], wanted: Callable[[str], bool] | None = None) -> str:
    """Sentences on one line, within QUOTED characters; of a longer message those that are wanted come before others."""
    whole = " ".join(sentences)
    if len(whole) <= QUOTED:
        return whole
    first = [place for place, text in enumerate(sentences) if wanted is None or wanted(text)] or [0]
    kept: list[int] = []
    for place in [*first, *(place for place in range(len(sentences)) if place not in first)]:
        if sum(len(sentences[each]) + 1 for each in [*kept, place]) <= QUOTED:
            kept.append(place)
    return _joined(sentences, sorted(kept)) if kept else cut(sentences[first[0]])


def _joined(sentences: Sequence[str], places: Sequence[int]) -> str:
    parts = [sentences[places[0]]]
    for before, place in pairwise(places):
        parts += [_GAP] * (place > before + 1) + [sentences[place]]
    return " ".join(parts + [_GAP] * (places[-1] + 1 < len(sentences)))


def cut(text: str) -> str:
    if len(text) <= QUOTED:
        return text
    return f"{text[: max(text.rfind(' ', 0, QUOTED), QUOTED // 2)]} {_GAP}"


def sentences_of(text: str) -> list[str]:
    """The sentences of a message without Markdown, line breaks and marks of sources."""
    plain = citations.unmarked(_MARKUP.sub("", text))
    found = [plain[start:end] for start, end in words.sentences(plain)]
    return [" ".join(part.split()) for sentence in found for part in _CLAUSE.split(sentence) if part.strip()]


def _said(turn: Turn, language: Language) -> Said:
    empty = turn.outcome is Outcome.NO_ANSWER or (turn.author is Author.ASSISTANT and turn.text.strip() in _FIXED)
    if empty or phrases.small_talk(turn.text, language):
        return Said(turn.author, language, (), answers_nothing=empty)
    told = [text for text in sentences_of(turn.text) if _tells(text, turn.author, language)]
    heard = cue(turn.text)
    if turn.author is not Author.CLIENT and not told and REGRET.search(heard):
        return Said(turn.author, language, (), answers_nothing=True)
    complied, thanked = COMPLIED.search(heard) is not None, THANKS.search(heard) is not None
    return Said(turn.author, language, tuple(told), complied=complied, thanked=thanked)


def _tells(text: str, author: Author, language: Language) -> bool:
    """Whether a sentence is more than courtesy; a regret may hold the request or the promise itself."""
    heard = cue(text)
    if not re.search(r"\w{2}", heard):
        return False
    if author is Author.CLIENT:
        return any(pattern.search(heard) for pattern in (ASKING, DEFECT, SETTLED)) or not COURTESY.search(
            heard.strip(" .!,;:-")
        )
    if OFFER.search(heard):
        return False
    if is_promise(text) or not COURTESY.search(heard.strip(" .!,;:-")):
        return True
    return len(meaning(text, language)) > 2 * TOLD


def meaning(text: str, language: Language) -> set[str]:
    """The stems of the words that say something."""
    said = (word for word in words.content_words(text, language) if len(word) > 1 or word.isdigit())
    return {words.stem(word, language) for word in said if words.fold(word) not in _GENERIC}


def is_request(text: str) -> bool:
    heard = cue(text)
    return any(pattern.search(heard) for pattern in (ASKING, DEFECT, TROUBLE))


def is_promise(text: str) -> bool:
    return not text.endswith("?") and PROMISE.search(cue(text)) is not None


_FIXED = frozenset(
    text for kind in (phrases.NO_ANSWER, phrases.GREETING, phrases.THANKS, phrases.GOODBYE) for text in kind.values()
)
