"""Numbers, dates, amounts, addresses, links and references in a text, in a form that can be compared."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from webapp.assistant.words import fold

if TYPE_CHECKING:
    from collections.abc import Callable

_SPACE = " \u00a0\u2009\u202f"
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "janvier january jan",
            "fevrier february feb",
            "mars march mar",
            "avril april apr",
            "mai may",
            "juin june jun",
            "juillet july jul",
            "aout august aug",
            "septembre september sep sept",
            "octobre october oct",
            "novembre november nov",
            "decembre december dec",
        ),
        1,
    )
    for name in names.split()
}
NUMBER_WORDS = {
    word: str(number)
    for number, forms in {
        2: "deux two", 3: "trois three", 4: "quatre four", 5: "cinq five", 6: "six", 7: "sept seven", 8: "huit eight",
        9: "neuf nine", 10: "dix ten", 11: "onze eleven", 12: "douze twelve douzaine dozen", 13: "treize thirteen",
        14: "quatorze fourteen", 15: "quinze fifteen quinzaine", 16: "seize sixteen", 17: "seventeen", 18: "eighteen",
        19: "nineteen", 20: "vingt twenty vingtaine", 30: "trente thirty trentaine", 40: "quarante forty quarantaine",
        50: "cinquante fifty cinquantaine", 60: "soixante sixty soixantaine", 70: "seventy septante", 80: "eighty",
        90: "ninety nonante", 100: "cent hundred centaine", 1000: "mille thousand", 1000000: "million",
    }.items()
    for word in forms.split()
}  # fmt: skip
_MONTH = r"(?:" + "|".join(sorted({*_MONTHS, "février", "août", "décembre"}, key=len, reverse=True)) + r")"

# In order: what an earlier pattern took is not looked at again. Customers choose the text, so each pattern begins only
# where a run of its characters does, and takes such a run whole ("++"): a long one is read once, not from each of its
# characters. What follows an address without a blank belongs to it, and is supported by no source.
_DOMAIN = r"@[\w-]++(?:\.[\w-]++)*"
_EMAIL = re.compile(rf"(?<![\w.+-])[\w.+-]++{_DOMAIN}(?:[\w.+-]*+{_DOMAIN})*")
_LINK = re.compile(
    r"(?:https?://|www\.)[^\s<>()\]]+"
    r"|(?<![\w-])(?<![\w-]\.)-*+\w[\w-]*+(?:\.[\w-]++)*\.(?:fr|com|net|org|eu|be|ch|io|info|gouv|uk)\b"
    r"(?:/[^\s<>()\]]*)?",
    re.IGNORECASE,
)
_STREET = re.compile(
    r"\b(?:rue|avenue|boulevard|place|chemin|impasse|allée|quai|route|square)(?:\s+(?:de|du|des|la|le|les)|\s+[dl]['’])*"
    r"\s*[A-ZÀ-Ý][\w'’-]+|\b[A-Z]\w+\s(?:Street|Road|Lane|Avenue)\b"
)
_DATE = re.compile(
    r"\b(\d{4})-(\d{1,2})-(\d{1,2})\b|\b(\d{1,2})[/.](\d{1,2})[/.](\d{4}|\d{2})\b"
    rf"|\b(\d{{1,2}})(?:er|st|nd|rd|th)?\s+(?:of\s+)?({_MONTH})\b\.?(?:,?\s+(\d{{4}}))?"
    rf"|\b({_MONTH})\s+(\d{{1,2}})(?:st|nd|rd|th)?\b(?:,?\s+(\d{{4}}))?",
    re.IGNORECASE,
)
_PHONE = re.compile(rf"(?<![\w.,])(?:\+\d{{1,3}}[{_SPACE}.-]?(?:\(0\))?|0)\d(?:[{_SPACE}.-]?\d{{2}}){{4}}(?!\d)")
_REFERENCE = re.compile(
    r"(?<![\w.,])(?:[A-Za-z]+(?:\d|[-/]\d|_(?=[\w/-]{0,60}\d))|\d+[A-Za-z]+\d|\d+[-/]\d+[-/])[\w/-]*\w"
)
_NUMBER = re.compile(rf"(?<!\w)\d{{1,3}}(?:[{_SPACE}'’]\d{{3}})+(?:[.,]\d+)?(?![\d])|\d+(?:[.,]\d+)*")
_PARTS = re.compile(r"\b(\d{4})\b|\b(\d{1,2})(?=[hH]\d{2}\b)|(?<=[hH])(\d{2})\b")  # of dates and times, as numbers
_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Value:
    """A value as written at `start`, and the forms any of which supports it."""

    start: int
    text: str
    keys: frozenset[str]


def known(text: str) -> frozenset[str]:
    """All forms of all values of a text, which support the values of another."""
    keys = {key for value in found(text, loose=True) for key in value.keys}
    return frozenset(keys | {"day:" + key.split("-", 1)[1] for key in keys if key.startswith("date:")})


def found(text: str, *, loose: bool = False) -> list[Value]:
    """The values of a text in order. `loose` (for sources) adds the years of dates and the parts of times."""
    spans: list[Value] = []
    rest = text
    for pattern, keys in _READERS:
        for match in pattern.finditer(rest):
            forms = keys(match)
            if forms:
                spans.append(Value(match.start(), match[0], frozenset(forms)))
        rest = pattern.sub(lambda match: " " * len(match[0]), rest) if pattern is not _WORD else rest
    if loose:
        parts = [part for value in spans for part in _PARTS.findall(value.text)]
        spans.extend(Value(0, "", frozenset({number})) for pair in parts for number in pair if number)
        spans.extend(Value(0, "", frozenset({fold(m[0])})) for m in _STREET.finditer(text))
    return sorted(spans, key=lambda value: value.start)


def _number_forms(written: str) -> set[str]:
    """`1 250,50` -> 1250.5; `1.500` may be 1500 or 1.5."""
    bare = re.sub(rf"[{_SPACE}'’]", "", written)
    parts = re.split(r"[.,]", bare)
    if len(parts) == 1:
        return {_plain(bare)}
    forms = {_plain(f"{''.join(parts[:-1])}.{parts[-1]}")}
    if all(len(part) == 3 for part in parts[1:]) and parts[0] != "0":  # noqa: PLR2004 - thousands come in threes
        forms.add(_plain("".join(parts)))
    return forms


def _plain(number: str) -> str:
    whole, _, decimals = number.partition(".")
    decimals = decimals.rstrip("0")
    return (whole.lstrip("0") or "0") + (f".{decimals}" if decimals else "")


def _date_forms(match: re.Match[str]) -> set[str]:
    groups = match.groups()
    if groups[0]:
        year, month, day = groups[0], int(groups[1]), int(groups[2])
    elif groups[3]:
        day, month, year = int(groups[3]), int(groups[4]), groups[5]
    elif groups[6]:
        day, month, year = int(groups[6]), _MONTHS[fold(groups[7])], groups[8]
    else:
        month, day, year = _MONTHS[fold(groups[9])], int(groups[10]), groups[11]
    if year and len(year) == 2:  # noqa: PLR2004 - "24" for 2024
        year = f"20{year}"
    return {f"date:{year}-{month}-{day}" if year else f"day:{month}-{day}"}


def _phone_forms(match: re.Match[str]) -> set[str]:
    digits = re.sub(r"\D", "", match[0].replace("(0)", ""))
    return {f"phone:{digits[-9:]}"}


def _reference_forms(match: re.Match[str]) -> set[str]:
    return {"ref:" + re.sub(r"[\W_]", "", fold(match[0]))}


def _link_forms(match: re.Match[str]) -> set[str]:
    address = fold(match[0]).lstrip("-").rstrip(".,;:!?/")
    return {"link:" + re.sub(r"^https?://(www\.)?|^www\.", "", address)}


def _word_forms(match: re.Match[str]) -> set[str]:
    number = NUMBER_WORDS.get(fold(match[0]))
    return {number} if number else set()


_READERS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], set[str]]], ...] = (
    (_EMAIL, lambda match: {"mail:" + fold(match[0]).rstrip(".")}),
    (_LINK, _link_forms),
    (_STREET, lambda match: {fold(match[0])}),
    (_PHONE, _phone_forms),
    (_DATE, _date_forms),
    (_REFERENCE, _reference_forms),
    (_NUMBER, lambda match: _number_forms(match[0])),
    (_WORD, _word_forms),
)
