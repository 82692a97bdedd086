"""Numbers and dates on labels and invoices, each taken only where its name stands beside it or above it."""

from __future__ import annotations

import re
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING

from webapp.assistant import values
from webapp.assistant.parsed import CELL
from webapp.assistant.summary_patterns import CODE, NO_REFERENCE, ORDER, SIGN
from webapp.assistant.words import fold
from webapp.domain import FactKind, FoundFact

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_OF_A_KIND = 3  # a sheet with more is a list or a catalogue, and says nothing of this customer's case
_SHORTEST = 4  # characters of a number
_LONGEST_LINE = 600  # what is longer is a text, of which the beginning is looked at
_FIRST_YEAR, _LAST_YEAR = 1980, 2099


_END = r"(?![\w/])(?!\s*(?:€|EUR\b|%|mm\b|cm\b|kg\b|[x×]\s?\d))(?![.,]\d|\s\d{3}\b)"
_IS = r"\s*+(?:[:=#]|est|is)?\s*+"
_SERIAL = re.compile(
    rf"(?:(?:{SIGN}\s*+(?:de\s+)?)?\bs[ée]rie\s*+(?:{SIGN})?|\bserial\s*+(?:{SIGN})?|\bS/N|\bSN(?=[\s:]))"
    rf"{_IS}(?:S/?N\s*[:.]?\s*)?(?P<code>{CODE}){_END}",
    re.IGNORECASE,
)
_REFERENCE = re.compile(
    r"(?:\b(?:r[ée]f[ée]rence|r[ée]f|ref|model|mod[èe]le|P/N)(?:\s*(?:produit|article|product))?"
    rf"|\b(?:article|item|part)(?=\s*(?:{SIGN}|[:=])))"  # "article 1240" is one of a law
    rf"\s*+(?:\.|{SIGN})?{_IS}(?P<code>{CODE}){_END}",
    re.IGNORECASE,
)
_NOT_THE_PAPER = re.compile(r"facture|invoice|dossier|contrat|case|ticket|booking|suivi", re.IGNORECASE)
# What stands before "commande 1250" or after "serie" when the number is none of an order.
_AMOUNT = re.compile(r"\b(?:montant|total|prix|frais|acompte|remise|quantite|qte|delai|date|amount|price|quantity)\b")
_SOMEBODY = re.compile(r"\b(?:client|customer|compte|account|siret|siren|tva|vat|iban|rcs|ape|tel|norme?|page)\b")
_DATED = re.compile(
    r"(?:\b(?:commande|facture|bon de livraison|order|invoice)\b[^:]{0,25} (?:du|of|dated)"
    r"|\bdate(?: (?:de |d ?['’] ?|of )?(?:la )?(?:commande|facture|facturation|livraison|fabrication|achat|pose"
    r"|installation|vente|production|order|invoice|delivery|purchase|manufacture|sale))?"
    r"|\b(?:order|invoice|delivery|purchase|manufacturing|production) date"
    r"|\b(?:fabrique|livre|pose|installe|achete|vendu|commande|facture|produit|emis)e?s?(?: le)?"
    r"|\b(?:made|manufactured|delivered|installed|purchased|bought|ordered|invoiced|sold|produced)(?: on)?)\s*[:.]?\s*"
)
_RUN_TOGETHER = re.compile(r"(?<=[\d ])du ?(?=\d)")  # as the blanks of "n° F2024-118 du 12/03" are often read
_ALONE = re.compile(r"[\w°º .'’/()-]{2,40}?\s*[:.]?")


def find_facts(transcript: str) -> tuple[FoundFact, ...]:
    """What the lines of a label or an invoice name, in their order; nothing of a kind they hold too many of."""
    found: dict[str, FoundFact] = {}
    for line in _told(transcript):
        for fact in _of_line(line):
            found.setdefault(fact.value, fact)
    many = {kind for kind in FactKind if sum(fact.kind is kind for fact in found.values()) > MOST_OF_A_KIND}
    return tuple(fact for fact in found.values() if fact.kind not in many)


def _told(transcript: str) -> Iterator[str]:
    """Each line, and each name of a column or line of its own followed by what stands below it."""
    lines = [
        _RUN_TOGETHER.sub(" du ", line.strip()[:_LONGEST_LINE]) for line in transcript.splitlines() if line.strip()
    ]
    for line in lines:
        yield line.replace(CELL, " ")
    for place, (line, below) in enumerate(pairwise(lines)):
        names, cells = line.split(CELL), below.split(CELL)
        if len(names) == 1 and _is_name(line):
            yield f"{line} {below}"
        if len(names) == 1 or len(names) != len(cells):
            continue
        for column, name in enumerate(names):
            if _is_name(name):
                yield from (f"{name} {row[column]}" for row in _rows(lines[place + 1 :], len(names)))


def _is_name(cell: str) -> bool:
    return not re.search(r"\d", cell) and _ALONE.fullmatch(cell) is not None


def _rows(lines: list[str], columns: int) -> Iterator[list[str]]:
    """The rows below the head of a table, to the first that has other columns, or one too many."""
    for line in lines[: MOST_OF_A_KIND + 1]:
        cells = line.split(CELL)
        if len(cells) != columns:
            return
        yield cells


def _of_line(line: str) -> Iterator[FoundFact]:
    for match in ORDER.finditer(line):
        if (code := match["code"] or match["signed"] or match["named"]) and _is_number(line, match, code):
            other = _NOT_THE_PAPER.search(match[0][: -len(code)])
            yield FoundFact(FactKind.REFERENCE if other else FactKind.ORDER_NUMBER, code.upper())
    for kind, pattern in ((FactKind.SERIAL_NUMBER, _SERIAL), (FactKind.REFERENCE, _REFERENCE)):
        for match in pattern.finditer(line):
            if _is_number(line, match, match["code"]):
                yield FoundFact(kind, match["code"].upper())
    yield from _dates(line)


def _is_number(line: str, match: re.Match[str], code: str) -> bool:
    before, after = fold(line[: match.start()]), line[match.end() :]
    if len(code) < _SHORTEST or NO_REFERENCE.fullmatch(code) or not re.match(_END, after):
        return False
    last = before[-25:]
    return not (_AMOUNT.search(last) or _SOMEBODY.search(f"{last} {fold(match[0])}"))


def _dates(line: str) -> Iterator[FoundFact]:
    for value in values.found(line):
        key = next((key for key in value.keys if key.startswith("date:")), None)
        told = fold(line[: value.start])
        named = list(_DATED.finditer(told))
        if key and named and named[-1].end() == len(told) and (day := _day(key)):
            yield FoundFact(FactKind.DATE, day.isoformat())


def _day(key: str) -> date | None:
    """The day of a key such as "date:2024-3-12", None where the calendar has none."""
    year, month, day = map(int, key.removeprefix("date:").split("-"))
    try:
        return date(year, month, day) if _FIRST_YEAR <= year <= _LAST_YEAR else None
    except ValueError:
        return None
