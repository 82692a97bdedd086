"""The fields of the firm's protocol, found in the words of a conversation by their shape and what stands around them.

Nothing is worked out: each value is a stretch of what somebody wrote. Where no pattern fits, the field stays empty.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from webapp.assistant import summary_patterns as patterns
from webapp.assistant import words
from webapp.assistant.summary_cues import DEFECT, cue
from webapp.assistant.summary_turns import gist, sentences_of
from webapp.domain import Author, FactKind, Language, SummaryFields

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from webapp.domain import ToldCase, Turn

_LONGEST = 300  # characters of a field
_TOLD = 4  # words of a sentence that names a defect
_BARE = 4  # characters of a reference that nothing but its shape tells
_SIGNED = 2  # idem of one that "n°" or "number" tells
_MOST_CONTACTS = 3
_OF_CUSTOMER = ("defect", "site_address", "availability", "contact")


def find(case: ToldCase, language: Language) -> SummaryFields:
    """The fields a conversation states; the customer's own words before those of the firm's people."""
    customer = [turn.text for turn in case.turns if turn.author is Author.CLIENT]
    people = customer + [turn.text for turn in case.turns if turn.author is Author.STAFF]
    order = _confirmed_order(case) or _first(map(_order, people))
    order = order or _answered(case.turns, patterns.ASKS_ORDER, _bare_reference)
    return SummaryFields(
        order_number=order,
        position=_first(map(_position, people)),
        product=_product(customer, language) or _product(people, language),
        defect=_first(map(_defect, customer)),
        photos=True if case.photos else None,
        site_address=_address(customer, order),
        availability=_first(map(_availability, customer)) or _answered(case.turns, patterns.ASKS_WHEN, _moment),
        contact=_contact(customer, order),
    )


def _confirmed_order(case: ToldCase) -> str | None:
    return next((fact.value for fact in case.confirmed if fact.kind is FactKind.ORDER_NUMBER), None)


def supported(told: SummaryFields, case: ToldCase) -> SummaryFields:
    """The fields without those that do not stand, word for word, in the conversation.

    Some must be the customer's own words: the firm's address is not the site's.
    """
    everybody = _level(" ".join(turn.text for turn in case.turns if turn.author is not Author.SYSTEM))
    customer = _level(" ".join(turn.text for turn in case.turns if turn.author is Author.CLIENT))
    dropped: dict[str, None] = {}
    for name in told.__slots__:
        value = getattr(told, name)
        if isinstance(value, str) and not _stands(value, customer if name in _OF_CUSTOMER else everybody):
            dropped[name] = None
    return replace(told, **dropped)


def _stands(value: str, conversation: str) -> bool:
    """Whether a value, or each part of a list of values, stands there as whole words."""
    if len(value) > _LONGEST:
        return False
    return _holds(conversation, _level(value)) or all(_holds(conversation, _level(part)) for part in value.split(", "))


def _holds(conversation: str, part: str) -> bool:
    return bool(part) and re.search(rf"(?<!\w){re.escape(part)}(?!\w)", conversation) is not None


def _level(text: str) -> str:
    return " ".join(cue(text).split()).strip(" .,;:")


def _first(found: Iterable[str | None]) -> str | None:
    return next((value for value in found if value), None)


def _answered(turns: Sequence[Turn], asks: re.Pattern[str], read: Callable[[str], str | None]) -> str | None:
    """What the customer said right after the firm asked for it."""
    asked = False
    for turn in turns:
        if turn.author is not Author.CLIENT:
            asked = asks.search(cue(turn.text)) is not None
        elif asked and (value := read(turn.text)):
            return value
    return None


def _order(text: str) -> str | None:
    for match in patterns.ORDER.finditer(text):
        code = (match["code"] or match["signed"] or match["named"]).rstrip("./-_")
        least = _BARE if match["code"] and not match["sign"] else _SIGNED
        if len(code) >= least and not patterns.NO_REFERENCE.fullmatch(code):
            return code
    return None


def _bare_reference(text: str) -> str | None:
    rest = patterns.PHONE.sub(" ", patterns.EMAIL.sub(" ", text))
    codes = (match[0] for match in patterns.REFERENCE.finditer(rest))
    return _first(code for code in codes if not patterns.NO_REFERENCE.fullmatch(code))


def _position(text: str) -> str | None:
    match = patterns.POSITION.search(text)
    return match["code"] if match else None


def _product(texts: Sequence[str], language: Language) -> str | None:
    for things in patterns.PRODUCTS[language]:
        match = next((found for text in texts if (found := things.search(text))), None)
        if match:
            return match[0]
    return None


def _defect(text: str) -> str | None:
    told = [sentence for sentence in sentences_of(text) if len(words.tokens(sentence)) >= _TOLD]
    named = [sentence for sentence in told if DEFECT.search(cue(sentence))]
    return gist(named[:2]) if named else None


def _address(texts: Sequence[str], order: str | None) -> str | None:
    for pattern in patterns.ADDRESSES:
        found = (match[0].strip() for text in texts for match in pattern.finditer(text))
        address = _first(value for value in found if order is None or order not in value)
        if address:
            return " ".join(address.split())
    return None


def _availability(text: str) -> str | None:
    told = [each for each in sentences_of(text) if patterns.FREE.search(cue(each)) and patterns.WHEN.search(cue(each))]
    return gist(told) if told else None


def _moment(text: str) -> str | None:
    told = [each for each in sentences_of(text) if patterns.WHEN.search(cue(each))]
    return gist(told) if told else None


def _contact(texts: Sequence[str], order: str | None) -> str | None:
    kinds = (patterns.PHONE, patterns.EMAIL)
    found = dict.fromkeys(match[0] for text in texts for kind in kinds for match in kind.finditer(text))
    return ", ".join([value for value in found if value != order][:_MOST_CONTACTS]) or None
