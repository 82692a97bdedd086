"""The values rule: no number, date, address, link or reference that stands in no passage nor the conversation.

`known` is what these hold, as `values.known` reads it.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING

from webapp.assistant import values, words

if TYPE_CHECKING:
    from webapp.assistant.values import Value

_MARK = re.compile(r"(?<!\s)\s*\[\d{1,3}\]")
_LIST_NUMBER = re.compile(r"(?m)^([^\S\n]*+)\d{1,2}[.)](?=\s)")
_UNFINISHED = re.compile(r"\[\d*$|(?<!\S)[^\s\d@/]*+[\d@/]\S*$|(?<!\S)((?:(?!https?|www)\S)*+)(?:https?|www)\S*$")


def draft(text: str, known: frozenset[str]) -> str:
    """The text up to its first unsupported value, and without a last word that may still become one."""
    shown = _UNFINISHED.sub(r"\1", text)
    wrong = _unsupported_values(shown, known)
    return shown[: min(value.start for value in wrong)].rstrip() if wrong else shown.rstrip()


def unsupported(text: str, known: frozenset[str]) -> list[str]:
    """The values of a text that are none of `known`; marks of citations are not values."""
    return [value.text for value in _unsupported_values(text, known)]


def keep_supported(text: str, known: frozenset[str]) -> str:
    """The text without the sentences that state an unsupported value; "" when none is left."""
    text = _LIST_NUMBER.sub(r"\1-", text)
    wrong = _unsupported_values(text, known)
    if not wrong:
        return text
    starts = [value.start for value in wrong]
    return words.keep(text, lambda start, stop: bisect_left(starts, start) == bisect_left(starts, stop))


def _unsupported_values(text: str, known: frozenset[str]) -> list[Value]:
    blanked = _MARK.sub(lambda mark: " " * len(mark[0]), text)
    return [value for value in values.found(blanked) if not value.keys & known]
