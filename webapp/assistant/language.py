"""French or English, from the small words and letters of a text."""

from __future__ import annotations

import re

from webapp.domain import Language

_WORD = re.compile(r"[a-zàâäçéèêëîïôöùûüÿœæ]+(?:['’](?=[a-zàâçéèêîôûœ]))?")
_FRENCH_WORDS = """
le la les l' un une des du de d' et ou où est sont pas ne n' je j' tu il elle on nous vous ils elles mon ma mes ton
ta tes son sa ses notre votre nos vos leur leurs ce c' cet cette ces qui que qu' quoi quel quelle quels quelles
comment pourquoi quand combien avec sans pour par dans sur sous chez au aux en y a ai as avez avons ont ont suis
êtes sommes fait faire faut peut peux pouvez puis-je puis bonjour bonsoir merci salut svp stp oui non plus très
bien aussi donc mais si être avoir été encore toujours jamais mes s' m' t' se me te lui moi toi d'accord voir
savoir combien depuis garantie fenêtre porte volet commande livraison prix délai besoin marche panne cassé cassée
ouvre ferme
"""
_FRENCH = frozenset(_FRENCH_WORDS.split())
_ENGLISH_WORDS = """
the an of and or is are was were not no do does did don't i you he she it we they my your his her its our their
this that these those who which what where when why how much many with without for by in on at to from about be
been being have has had can could should would will may might must please hello hi thanks thank yes there here any
some me us him them if then than as also but just still ever never need want get got make does know see all more
very good long warranty window door shutter order delivery price broken work works open close glass
"""
_ENGLISH = frozenset(_ENGLISH_WORDS.split())
_BOTH = frozenset({"on", "a", "as", "me", "son", "more", "long", "an", "pour", "sur", "or", "but", "fait", "tu", "in"})
_ACCENTED = re.compile("[àâçéèêëîïôùûœæ]")


def detect(text: str, default: Language = Language.FR) -> Language:
    """The language of a question or a passage; `default` when nothing tells."""
    lowered = text[:4000].lower().replace("’", "'")
    words = _WORD.findall(lowered)
    french = sum(_weight(word) for word in words if word in _FRENCH) + len(_ACCENTED.findall(lowered)) * 0.5
    english = sum(_weight(word) for word in words if word in _ENGLISH)
    if french == english:
        return default
    return Language.FR if french > english else Language.EN


def _weight(word: str) -> float:
    return 0.4 if word in _BOTH else 1.0
