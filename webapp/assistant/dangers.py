"""Words of danger: the firm's own, and those no assistant should answer by quoting a leaflet."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from webapp.assistant.spoken import any_of, plain

if TYPE_CHECKING:
    from collections.abc import Iterable

# What doors, windows and leaflets are called after: said of a thing one buys, never of what is happening.
_OF_PRODUCTS = any_of(r"""
(?:resist|protect|protege|protection|exposition|expose|tenue|reaction|classement|euroclasse)\w* (?:au|a l|contre le|contre l|contre les|contre la) (?:feu|incendies?|flammes?|fumees?)
(?:coupe|pare) (?:feu|flammes?|fumees?)
(?:detect\w+|avertisseurs?|conduits?|evacuation|extraction|exutoires?|alarmes?|trappes?|rideaux?|clapets?) (?:de |des |d |a |anti )?(?:fumees?|incendies?|feu|gaz|monoxyde de carbone)
(?:verres?|vitrages?|vitres?) (?:anti )?(?:fumee?s?|feu|incendie)
(?:securite|norme|reglementation|assurance|risques?|prevention|porte|issue|certificat|garantie) (?:anti |d |de l |contre l |au |de )?(?:incendies?|feu)
contre l incendie
anti \w+
en cas d(?:e|es|u)? \w+(?: de \w+)?
(?:fire|smoke|flame|gas|heat|carbon monoxide) (?:and \w+ )?(?:doors?|rat\w+|resist\w+|proof\w*|retard\w+|detectors?|alarms?)
(?:fire|smoke|flame|gas|heat|carbon monoxide) (?:vents?|seals?|screens?|shutters?|curtains?|barriers?|dampers?|class\w*|exits?)
(?:fire|smoke|flame|gas|heat) (?:escapes?|glass|glazing|safety|standards?|regulations?|extinguishers?|certificat\w+|insurance)
(?:gas|fire) (?:boilers?|stoves?|places?)
fireplaces?|fireproof|smoked (?:glass|glazing)
in (?:the )?(?:case|event) of (?:an? )?\w+
""")  # noqa: E501  a phrase a line
_LIMB = r"(?:doigts?|mains?|pouces?|bras|pieds?|jambes?|tete|visage|poignets?)"
_FRENCH = any_of(
    r"""
odeurs? (?:\w+ )?(?:\w+ )?de (?:gaz|brulee?|fumee)
(?:sent|sentait|sens) (?:\w+ )?(?:le |du |une odeur de )?(?:gaz|brulee?)
fuites? de gaz|monoxyde de carbone
incendies?|(?:en|pris|prend|prendre|prennent) feu|le feu (?:a pris|prend|s est|se propage)
(?:il y a|depart de|debut de) (?:le |du )?feu|au feu|feu dans (?:mon|ma|le|la|l|notre)
(?:il y a|voi[st]|avec|sort\w*) des flammes|en flammes|brule (?:chez|dans|en ce moment)|ca brule
(?:il y a|de la|beaucoup de|plein de|une) fumee|fumee (?:noire|blanche|sort)
electrocut\w+|chocs? electriques?|decharges? electriques?|coups? de jus|pris (?:le courant|une decharge)
(?:des|gerbe d) etincelles?|courts? circuits?
(?:s est|suis|etes|est|sont|ete|un|une|des|personne) blessee?s?|blessee?s? (?:a|au|aux|par|grav\w+)
(?:ma|mes|une|des) blessures?|saign\w+|du sang|en sang|pompiers|ambulance|evanoui\w*
eclats? de verre|(?:vitr\w+|verre) (?:\w+ ){0,3}(?:explosee?s?|eclatee?s?)
(?:vitr\w+|verre|fenetre|porte|volet|battant|vantail|baie|store|portail) (?:\w+ ){0,2}tombee?s? (?:sur|dans|de|devant)
(?:fenetre|porte|vitr\w+|baie|portail|vantail|battant|volet) (?:\w+ )?(?:est|a|vient de) tombee?r?(?! en panne| malade)
danger (?:immediat|imminent|de mort|grave)|(?:suis|sommes|sont|est|met\w*|ma famille|mes enfants) en danger
(?:risque|menace) de tomber(?! en panne| malade)|va (?:se decrocher|tomber)(?! en panne| malade)
(?<!est ce que )c est (?:vraiment |tres |trop |devenu )?dangereux(?! (?:de|d|pour|que))
(?:enfants?|fils|fille|bebe|mari|femme|mere|pere|client\w*|voisine?) (?:\w+ ){0,3}(?:est|a|ete) (?:\w+ )?(?:blesse|brule|coince|ecrase|coupe)e?s?
(?:coince|ecrase|pince|coupe|brule|ouvert|sectionne|broye)e?s? (?:\w+ )?(?:le|la|les|l|un|une|au|mon|ma|mes) LIMB
LIMB (?:\w+ )?(?:coince|ecrase|pince|coupe|brule|sectionne|broye)e?s?
""".replace("LIMB", _LIMB)  # noqa: E501  a phrase a line
)
_ENGLISH = any_of(r"""
smell(?:s|ing|ed)? (?:of |like |strongly of |some )?(?:gas|smoke|burning)|gas smell|gas leak\w*|leaking gas|burning smell
carbon monoxide|(?:on|caught|catch(?:es|ing)?|there is a|there s a) fire|fire (?:has )?(?:broke|started)|(?:in|see|huge) flames
(?:there is|there s|see|seeing|lots of|a lot of|thick|black|full of) smoke|smoke (?:is |was )?(?:coming|pour\w+|billow\w+)
electric(?:al)? shocks?|electrocut\w+|(?:got|get|had|getting|gave me) an? (?:nasty |bad )?shock|shocked (?:me|my|him|her)
short circuit\w*|sparking|sparks (?:are |were )?(?:fly|com)\w+
injured|injuries|(?:an|my|his|her|serious) injury|unconscious|ambulance|fire ?brigade|fire department
(?:i am|i m|he is|she is|he s|she s|badly|hand is|finger is) bleeding
(?:glass|pane|window|door|shutter|panel) (?:\w+ ){0,2}(?:fell|fallen|collapsed) (?:on|over|onto|in|off|out)
(?:glass|pane|window) (?:\w+ ){0,2}(?:exploded|shattered)|broken glass fell|shards? of glass|(?:about|going) to (?:fall|collapse)
(?:in|immediate|serious) danger|it s dangerous|is dangerous
(?:got|is|was|were|are|been|badly|get) (?:\w+ )?hurt|(?:hurt|burn(?:ed|t)|electrocuted) me
(?:hurt|cut|burn(?:ed|t)|crushed|trapped) (?:my|his|her|(?:him|her|my)self)
(?:child|children|kids?|son|daughter|baby|wife|husband|mother|father) (?:\w+ ){0,3}(?:got|is|was|been) (?:\w+ )?(?:burn(?:ed|t)|trapped|bleeding|cut|crushed)
(?:finger|hand|arm|foot|leg|head)s? (?:\w+ ){0,2}(?:trapped|caught|crushed|stuck|cut|burn(?:ed|t))
""")  # noqa: E501  a phrase a line
_PLURAL = r"(?:s|x|es)?"


def named(said: str, safety_words: Iterable[str]) -> bool:
    """Say whether a danger is named in a text made plain."""
    happening = _OF_PRODUCTS.sub(" , ", said)
    if _FRENCH.search(happening) or _ENGLISH.search(happening):
        return True
    return any(_stands(plain(word), said, happening) for word in safety_words)


def _stands(word: str, said: str, happening: str) -> bool:
    """A firm that names a phrase of products means it."""
    return bool(word) and _pattern(word).search(said if " " in word else happening) is not None


@lru_cache(maxsize=1000)
def _pattern(word: str) -> re.Pattern[str]:
    """A word or phrase as whole words, each in the singular or the plural."""
    singular = [each[:-1] if len(each) > len("gaz") and each[-1] in "sx" else each for each in word.split()]
    return any_of(" ".join(re.escape(each) + _PLURAL for each in singular))
