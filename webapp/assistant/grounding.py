"""The values rule: no number, date, address, link or reference that stands in no passage nor the conversation."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from webapp.assistant import values, words

if TYPE_CHECKING:
    from webapp.assistant.values import Value

_MARK = re.compile(r"\s*\[\d{1,3}\]")
_LIST_NUMBER = re.compile(r"(?m)^(\s*)\d{1,2}[.)](?=\s)")
_UNFINISHED = re.compile(r"\[\d*$|\S*[\d@/]\S*$|(?:https?|www)\S*$")


def draft(text: str, allowed: str) -> str:
    """The text up to its first unsupported value, and without a last word that may still become one."""
    shown = _UNFINISHED.sub("", text)
    wrong = _unsupported_values(shown, values.known(allowed))
    return shown[: min(value.start for value in wrong)].rstrip() if wrong else shown.rstrip()


def unsupported(text: str, allowed: str) -> list[str]:
    """The values of a text that stand nowhere in `allowed`; marks of citations are not values."""
    return [value.text for value in _unsupported_values(text, values.known(allowed))]


def keep_supported(text: str, allowed: str) -> str:
    """The text without the sentences that state an unsupported value; "" when none is left."""
    text = _LIST_NUMBER.sub(r"\1-", text)
    known = values.known(allowed)
    wrong = _unsupported_values(text, known)
    if not wrong:
        return text
    return words.keep(text, lambda start, stop: not any(start <= value.start < stop for value in wrong))


def _unsupported_values(text: str, known: frozenset[str]) -> list[Value]:
    blanked = _MARK.sub(lambda mark: " " * len(mark[0]), text)
    return [value for value in values.found(blanked) if not value.keys & known]
