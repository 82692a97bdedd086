"""What was asked, what was done and what stays open, in the very words of a conversation."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from webapp.assistant.summary_cues import ASKED_BACK, ASKING, SETTLED, cue
from webapp.assistant.summary_turns import TOLD, cut, gist, is_promise, is_request, meaning, read_turns
from webapp.domain import Author, Language

if TYPE_CHECKING:
    from collections.abc import Sequence

    from webapp.assistant.summary_turns import Said
    from webapp.domain import Turn

_MOST_ASKED = 3
_NEW = 0.6  # share of a later request's words that the earlier ones do not have
_REAL = 2  # words that carry a meaning, in first words that ask nothing


@dataclass(frozen=True, slots=True)
class Lines:
    """`done` names who said it; `asked_back` stands in for it when the firm only asked questions."""

    asked: list[str]
    done: list[tuple[Author, str]]
    asked_back: str
    open: list[str]
    owed_by_customer: str


def read(turns: Sequence[Turn], language: Language) -> Lines:
    said = read_turns(turns, language)
    requests = _requests(said)
    done = _done(said, [place for place, _ in requests])
    back = next((text for one in reversed(said) if (text := _asked_back(one))), "")
    still = _open(said)
    silent = bool(said) and not still and not said[-1].by_customer and _asked_back(said[-1])
    asked = [text for _, text in requests] or _anything(turns)
    return Lines(asked, done, "" if done else back, still, back if silent else "")


def _requests(said: Sequence[Said]) -> list[tuple[int, str]]:
    """The first real request and the later ones that are about something else, each with its place."""
    found: list[tuple[int, str]] = []
    known: set[str] = set()
    for place, one in enumerate(said):
        asking = _asking(one, first=not found) if one.by_customer and len(found) < _MOST_ASKED else []
        told = meaning(" ".join(asking), one.language)
        least = max(TOLD, _NEW * len(told)) if found else 1
        if len(told - known) >= least:
            found.append((place, gist(asking, is_request)))
        if found:
            known |= meaning(" ".join(one.sentences), one.language)
    return found


def _asking(one: Said, *, first: bool) -> list[str]:
    """What a message asks for. The first one says why the customer came, in whatever form, if it says anything."""
    if not first:
        return [text for text in one.sentences if ASKING.search(cue(text))]
    asks = any(is_request(text) for text in one.sentences)
    return list(one.sentences) if asks or len(meaning(" ".join(one.sentences), one.language)) >= _REAL else []


def _anything(turns: Sequence[Turn]) -> list[str]:
    """The first words of a customer who asked for nothing that can be told apart."""
    said = [" ".join(turn.text.split()) for turn in turns if turn.author is Author.CLIENT]
    return [cut(text) for text in said if text][:1]


def _answer(one: Said) -> list[str]:
    """What a turn of the firm states: no question back, no courtesy, no mere promise."""
    if one.by_customer:
        return []
    stated = [text for text in one.sentences if not ASKED_BACK.search(cue(text))]
    facts = [text for text in stated if one.author is Author.ASSISTANT or not is_promise(text)]
    return stated if len(meaning(" ".join(facts), one.language)) >= TOLD else []


def _done(said: Sequence[Said], asked_at: Sequence[int]) -> list[tuple[Author, str]]:
    """The last thing a person stated, then the first answer to each request quoted."""
    places = [place for place, one in enumerate(said) if one.author is Author.STAFF and _answer(one)][-1:]
    for asked, following in pairwise([*asked_at, len(said)]):
        places += [place for place in range(asked, following) if _answer(said[place])][:1]
    return [(said[place].author, gist(_answer(said[place]))) for place in list(dict.fromkeys(places))[:_MOST_ASKED]]


def _asked_back(one: Said) -> str:
    if one.author is not Author.STAFF:
        return ""
    return gist([text for text in one.sentences if ASKED_BACK.search(cue(text))])


def _settled(said: Sequence[Said]) -> bool:
    """Whether the customer's last words say that it is done with."""
    last = next((one for one in reversed(said) if one.by_customer and one.sentences), None)
    heard = cue(" ".join(last.sentences)) if last else ""
    return bool(SETTLED.search(heard)) and not is_request(SETTLED.sub(" ", heard))


def _open(said: Sequence[Said]) -> list[str]:
    """What the firm still owes: the customer's last words without an answer, then what a person promised last."""
    if _settled(said):
        return []
    spoke = [place for place, one in enumerate(said) if not one.by_customer and not one.answers_nothing]
    answered = spoke[-1] if spoke else -1
    waiting = [one for one in said[answered + 1 :] if one.by_customer]
    told = [text for one in waiting for text in one.sentences]
    owed = _without_answer(told, said[-1].language, thanked=any(one.thanked for one in waiting)) if told else ""
    if not owed and spoke and any(one.complied for one in waiting):
        owed = _asked_back(said[answered])
    return list(dict.fromkeys(text for text in (owed, _promise(said)) if text))


def _without_answer(told: Sequence[str], language: Language, *, thanked: bool) -> str:
    """What the customer said last: what is asked in it, or all of it when it is more than a remark beside thanks."""
    asking = [text for text in told if is_request(text)]
    if asking:
        return gist(asking[-3:])
    return gist(told[-3:]) if not thanked and len(meaning(" ".join(told), language)) >= TOLD else ""


def _promise(said: Sequence[Said]) -> str:
    """What a person said would be done, unless something was stated since."""
    for one in reversed(said):
        if one.author is not Author.STAFF:
            continue
        promised = [text for text in one.sentences if is_promise(text)]
        if promised:
            return gist(promised)
        if _answer(one):
            return ""
    return ""
