"""The shapes of the protocol's fields: how order numbers, positions, products, addresses and moments are written."""

from __future__ import annotations

import re

from webapp.domain import Language

# Customers choose the text: what may repeat without end is taken whole ("++"), or two parts of a pattern share a long
# run of blanks between them in every way there is.
SIGN = r"(?:n\s?[°ºo]\s?|num[ée]ros?\s|number\s|no\.?\s|nr\.?\s|ref\.?\s|r[ée]f[ée]rence\s|#)"
CODE = r"(?=[\w/.-]*\d)[A-Za-z0-9]+(?:[/._-][A-Za-z0-9]+)*"
_PAPER = r"(?:bon de commande|commande|cde|dossier|facture|contrat|order|invoice|booking|case|ticket)s?"
ORDER = re.compile(
    rf"\b{_PAPER}\s*+(?P<sign>{SIGN}|[:=]|(?:est|is|c'est|it's)\b)?[:=\s]*+(?:(?:est|is|le|the)\s++)*"
    rf"{SIGN}?[:=\s]*+(?P<code>{CODE})"
    rf"|\b{SIGN}\s*+(?:de (?:commande|dossier|facture|suivi)|of (?:my |the )?order)\s*+(?:est|is|:|=|,)*\s*+(?:le\s++)?"
    rf"(?P<signed>{CODE})"
    r"|\b(?P<named>(?:CMD|CDE|BC|CO|ORD)[-_ ]?\d[\w/-]*)",
    re.IGNORECASE,
)
ASKS_ORDER = re.compile(
    r"(?:numero|n°|reference)[^.?]{0,20}\b(?:commande|dossier)"
    r"|order (?:number|no|id|reference)|\bbooking (?:number|ref)"
)
REFERENCE = re.compile(r"(?<![\w@.+/-])(?:[A-Z]{1,5}[-_]?)?\d[\w/-]{3,}(?![\w@])")
NO_REFERENCE = re.compile(  # years, dates, ranks and hours
    r"(?:19|20)\d\d|\d{1,2}[/.-]\d{1,2}(?:[/.-]\d{2,4})?|\d{4}-\d\d-\d\d|\d{1,2}(?:st|nd|rd|th|h|am|pm|er|e)",
    re.IGNORECASE,
)
_MARK = r"[A-Z]?-?\d{1,4}[A-Za-z]?\b"
POSITION = re.compile(
    rf"\b(?i:rep[èe]res?|rep\.|positions?|pos\.|ch[âa]ssis|ARC|item)\s*+(?:ARC\s*+)?(?i:{SIGN})?\s*+[:=]?\s*+"
    rf"(?:est |is |le |la )?(?P<code>{_MARK}(?!\s*(?:%|mm|cm|m\b|ans?|jours?|h\b))"
    rf"(?:\s*(?:et|and|,|&)\s*{_MARK})*|[A-Z]\b(?!['’]))"
)


def _words(listed: str) -> re.Pattern[str]:
    return re.compile(
        rf"\b(?:{'|'.join(line.strip() for line in listed.splitlines() if line.strip())})\b", re.IGNORECASE
    )


# Whole things first; their parts count when no thing is named.
PRODUCTS = {
    Language.FR: (
        _words(
            r"""volets?(?: (?:roulants?|battants?|coulissants?))?
            portes?[- ]fen[êe]tres?|portes? d['’]entr[ée]es?|portes? (?:de garage|de service|coulissantes?|blind[ée]es?)
            (?<!\bse )(?<!\bje )portes?(?! (?:sur|plainte|atteinte))
            baies? (?:vitr[ée]es?|coulissantes?)|fen[êe]tres?(?: de toit)?|ch[âa]ssis|coulissants?|v[ée]lux
            v[ée]randas?|pergolas?|portails?|stores?(?: bannes?)?|moustiquaires?|garde-corps"""
        ),
        _words(
            r"""(?:double |triple )?vitrages?|vitres?|serrures?|cr[ée]mones?|poign[ée]es?|moteurs?|t[ée]l[ée]commandes?
            coffres?|joints?|tabliers?|sangles?|gonds?|paumelles?|coulisses?|seuils?|lames?"""
        ),
    ),
    Language.EN: (
        _words(
            r"""(?:roller )?shutters?|(?:front |back |entrance |patio |sliding |bifold |garage )?doors?
            (?:bay |roof |french )windows?
            (?<!incognito )(?<!browser )(?<!chat )(?<!time )(?!(?-i:Windows)\b)windows?(?! (?:phone|update|of time))
            blinds?|conservator(?:y|ies)|pergolas?|awnings?|(?:garden|driveway|entrance|electric|sliding) gates?"""
        ),
        _words(
            r"""(?:double|triple) glazing|(?:window )?panes?|(?:door )?handles?|locks?|motors?|remote controls?|hinges?
            seals?|slats?"""
        ),
    ),
}

_NAME = r"[A-ZÀ-Ý][\w'’-]++"
_TOWN = rf"\d{{5}}\s+{_NAME}(?:[ -](?:{_NAME}|sur|sous|en|la|le|les|de|du|d['’]\w+|lès|\d{{1,2}}))*"
_WAY = (
    r"(?i:rue|avenue|av\.|boulevard|bd\.?|place|chemin|impasse|all[ée]es?|route|quai|square|cours|passage|sentier"
    r"|lotissement|r[ée]sidence|hameau|lieu-dit)"
)
_STREET = (  # without its number, the name must begin with a capital: "place" and "route" are common words
    rf"(?:\d{{1,4}}\s?(?:bis|ter|[A-D])?,?\s+{_WAY}\s++[^,;:.!?\n()][^,;:.!?\n()]{{1,49}}?"
    rf"|{_WAY}\s+(?:(?:de|du|des|la|le|les)\s+|[ld]['’])*{_NAME}(?: {_NAME}){{0,7}})"
)
_ROAD = (
    rf"(?:Flat \w+,?\s+)?\d{{1,4}}[A-Za-z]?,?\s+(?:{_NAME}\s+){{1,3}}(?:Street|Road|Lane|Avenue|Close|Drive|Way|Court"
    r"|Crescent|Gardens|Place|Terrace|Square|Rd|Ave|St)\b"
)
_UK_CODE = r"\b[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2}\b"
ADDRESSES = (  # the fullest first
    re.compile(rf"\b{_STREET}[,\s]++(?:[àa]\s++)?{_TOWN}|{_ROAD}(?:,?\s+{_NAME}){{0,3}},?\s+{_UK_CODE}"),
    re.compile(rf"\b{_STREET}(?=[,;:.!?\n()]|$)"),
    re.compile(_ROAD),
    re.compile(rf"(?<![\w-]){_TOWN}"),
    re.compile(_UK_CODE),
)

# Of folded text.
WHEN = re.compile(
    r"\b(?:lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|demain|matin|matinee|apres[- ]midi|soir|midi|week-?end"
    r"|semaine|journee|jour|monday|tuesday|wednesday|thursday|friday|saturday|sunday|tomorrow|morning|afternoon"
    r"|evening|noon|weekday|next week|this week|any ?time|any day|janvier|fevrier|mars|avril|mai|juin|juillet|aout"
    r"|septembre|octobre|novembre|decembre)s?\b"
    r"|\b\d{1,2} ?(?:h|heures|am|pm|o'clock)\b|\b\d{1,2}[h:]\d\d\b|\b\d{1,2}/\d{1,2}\b"
)
FREE = re.compile(
    r"\b(?:disponib\w+|dispos?|libres?|presente?s?|joignable|chez (?:moi|nous)|sur place|(?:me|nous) convien\w*"
    r"|m'arrange|de preference|plutot|(?:peut|peuvent|peux|pouvez) (?:passer|venir|intervenir|m'appeler|me rappeler)"
    r"|available|availability|free|at home|be home|be in|i'm in|works for (?:me|us)|suits?|(?:can|could) come"
    r"|come (?:by|round|over)|call me|reach me)\b"
)
ASKS_WHEN = re.compile(
    r"\bdisponib\w+|\bquand (?:etes|seriez|pouvez|souhaitez)|\bquel(?:le)?s? (?:jour|creneau|date|heure)|\bcreneau"
    r"|\bavailab\w+|\bwhen (?:are|would|could|can|will) you|\bwhat (?:day|time)|\bsuits? you|\bbest time"
)
EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]++@[\w-]++(?:\.[\w-]++)+")
PHONE = re.compile(r"(?<![\w.,/+-])(?:\+\d{1,3}[ .-]?(?:\(0\)[ .-]?)?|0)\d(?:[ .\u00a0\u202f-]?\d){7,9}(?![\w/-])")
