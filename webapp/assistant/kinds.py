"""The kinds of value a question asks for: a contact detail or a figure, which a text may give without naming it."""

from __future__ import annotations

import re

from webapp.assistant import values, words
from webapp.domain import Language

_DIGIT = re.compile(r"\d")
# What such details are called, by what they look like: a leaflet prints "62138 Douvrin", not "address". First the sign
# without which there is none, which is quick to look for.
_DETAILS: tuple[tuple[re.Pattern[str], re.Pattern[str], dict[Language, str]], ...] = (
    (
        _DIGIT,
        re.compile(r"\b(?:F-)?\d{5}\s+[A-ZÀ-Ý][\w'’-]+|\b[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}\b"),
        {Language.FR: "adresse", Language.EN: "address"},
    ),
    (
        _DIGIT,
        re.compile(r"(?<![\w.,])(?:\+\d{1,3}[\s.-]?(?:\(0\))?|0)\d(?:[\s.-]?\d{2}){4}(?!\d)"),
        {Language.FR: "téléphone", Language.EN: "telephone phone"},
    ),
    (
        re.compile("@"),
        re.compile(r"(?<![\w.+-])[\w.+-]++@[\w-]++\.\w"),
        {Language.FR: "mail", Language.EN: "mail email"},
    ),
)
_FIGURE_ASKED = re.compile(
    r"\bcombien\b|\bquel(?:le)?s? (?:est|sont|était) (?:l[ea]s? |l['’])?"
    r"(?:durée|délai|prix|tarif|coût|montant|poids|taille|dimension|hauteur|largeur|épaisseur|coefficient|nombre)"
    r"|\b(?:quelle durée|quel délai|quel prix|quel poids)\b|\bhow (?:long|many|much|far|heavy|wide|tall|high|thick)\b"
    r"|\bwhat is the (?:price|cost|weight|length|width|height|delay|period|number|coefficient)\b",
    re.IGNORECASE,
)
_DURATION_ASKED = re.compile(
    r"\bcombien (?:de temps|d['’]années|d['’]ans|de mois|de jours)\b|\b(?:durée|délai)s?\b|\bhow long\b"
    r"|\bquelles? (?:est |sont )?(?:la |les |l['’])?garanties?\b|\bwhat (?:is the )?(?:warranty|guarantee)\b",
    re.IGNORECASE,
)
_DURATION = re.compile(
    rf"\b(?:\d+|{'|'.join(sorted(values.NUMBER_WORDS))})\s*"
    r"(?:ans?|annees?|mois|semaines?|jours?|heures?|minutes?|years?|months?|weeks?|days?|hours?)\b"
)


def details(text: str, language: Language) -> str:
    """The names of the contact details a text gives, as words a question may use."""
    return " ".join(names[language] for sign, pattern, names in _DETAILS if sign.search(text) and pattern.search(text))


def asks_figure(question: str) -> bool:
    return bool(_FIGURE_ASKED.search(question) or _DURATION_ASKED.search(question))


def lacks_figure(question: str, text: str) -> bool:
    """Whether the question asks for a figure that the text does not give: a length of time, or any number."""
    if _DURATION_ASKED.search(question):
        return not _DURATION.search(words.fold(text))
    return asks_figure(question) and not gives_figure(text)


def gives_figure(text: str) -> bool:
    return bool(_DIGIT.search(text)) or any(word in values.NUMBER_WORDS for word in words.fold(text).split())
