"""What a conversation says that a person who takes it over should know first. No model is asked."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from webapp.assistant import values
from webapp.domain import Author, Brief, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from webapp.domain import Question, Reply, Turn

_LONG_NUMBER = re.compile(r"\d{5,}")
_THREE_DIGITS = re.compile(r"\d{3}")  # in a row: "4/16/4" is a glazing
_COLOUR = re.compile(r"RAL", re.IGNORECASE)
_LAST_SAID = 10  # turns: what somebody reads in a few lines


def brief(question: Question, reply: Reply | None) -> Brief:
    """Sum up a question and what went before; `reply` is what was found for it, None when nothing was looked for."""
    history = question.history[-_LAST_SAID:]
    asked = [text for text in (*_said_before(history), question.text) if text.strip()]
    answers = [turn for turn in history if turn.author is Author.ASSISTANT and turn.outcome is not Outcome.HANDED_OVER]
    last = answers[-1] if answers else None
    found_nothing = reply is not None or (last is not None and last.outcome is Outcome.NO_ANSWER)
    answered = last.text if last is not None and last.outcome is Outcome.ANSWERED and not found_nothing else None
    return Brief(tuple(asked), answered, found_nothing, tuple(_references(asked)))


def _said_before(history: Sequence[Turn]) -> list[str]:
    return [turn.text for turn in history if turn.author is Author.CLIENT]


def _references(texts: Iterable[str]) -> Iterator[str]:
    """Give the numbers of orders and the like, each once, the last named first."""
    seen: set[str] = set()
    for text in reversed(list(texts)):
        for value in values.found(text):
            written = value.text.strip()
            if _is_reference(value) and written not in seen:
                seen.add(written)
                yield written


def _is_reference(value: values.Value) -> bool:
    if any(key.startswith("ref:") for key in value.keys):
        return _THREE_DIGITS.search(value.text) is not None and not _COLOUR.match(value.text)
    return _LONG_NUMBER.fullmatch(value.text) is not None
