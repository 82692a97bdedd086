"""Words as the word index and the extractive assistant see them: folded, without stop words, stemmed."""

from __future__ import annotations

import re
import threading
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

import Stemmer

from webapp.domain import Language

if TYPE_CHECKING:
    from collections.abc import Callable

_TOKEN = re.compile(r"[^\W_]+")
_DECIMAL = re.compile(r"[.,](?<=\d.)(?=\d)")  # the mark first: few places have one
_STEMMERS = {Language.FR: "french", Language.EN: "english"}
_local = threading.local()

# Function words, and the words questions are made of ("what is", "comment faire"), which say nothing of the subject.
_STOP_FR = """
a ai ainsi alors apres au aucun aussi autre aux avec avez avoir avons c ca car ce cela ces cet cette ceux chez ci
comme comment d dans de des donc dont du elle elles en encore entre es est et etaient etait ete etes etre eu eux
fait faire faut fut ici il ils j je l la le les leur leurs lors lorsque lui m ma mais me meme mes moi mon n ne ni
nos notre nous on ont ou par parce pas pendant peu peut peuvent peux plus pour pourquoi pourrais pouvez puis
puisque qu quand que quel quelle quelles quels qui quoi s sa sans se sera ses si soit son sont sous suis sur t ta
te tel telle tes toi ton tous tout toute toutes tres tu un une va vers vont vos votre vous y sert svp merci bonjour
souhaite voudrais veux savoir existe combien
"""
_STOP_EN = """
a about after all also am an and any are as at be because been before being but by can could did do does doing for
from get got had has have having he her here him his how i if in into is it its just know like may me might more
most my no nor not of on once only or our out own please s same she should so some such t than that the their them
then there these they this those to too under up us very was we were what when where which while who whom whose why
will with would you your want tell much many hello thanks hi
"""
STOP = {Language.FR: frozenset(_STOP_FR.split()), Language.EN: frozenset(_STOP_EN.split())}


def fold(text: str) -> str:
    """Lower case without accents; ligatures opened."""
    if text.isascii():
        return text.lower()
    text = text.lower().replace("œ", "oe").replace("æ", "ae")
    return "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))


def tokens(text: str) -> list[str]:
    """Words and numbers, lower case, accents kept (the stemmers want them); `1,3` and `1.3` are one number."""
    return _TOKEN.findall(_DECIMAL.sub("d", text.lower()))


def content_words(text: str, language: Language) -> list[str]:
    """The words that carry a meaning, accents kept."""
    stop = STOP[language]
    return [word for word in tokens(text) if fold(word) not in stop]


def terms(text: str, language: Language) -> list[str]:
    """The folded stems of the content words, in order, repeats kept; a word that folds to nothing is none."""
    return list(filter(None, map(_TERM[language], tokens(text))))


def names(question: str) -> set[str]:
    """The names in a question, folded: its capitalised words but those that open a sentence; none when all shout."""
    inner = re.findall(r"(?<![.?!…])(?<![.?!…] )(?<!^)\b[A-ZÀ-ÝŒ][\w-]+", question)
    return set() if question.isupper() else {token for word in inner for token in tokens(fold(word))}


# Turns of phrase a question opens with; their nouns are not what it is about.
_ASKING = re.compile(
    r"\b(pendant |depuis |en |dans |au bout de )?combien de temps\b|\bquelle est la (durée|valeur) (de |d['’])"
    r"|\b(à|de|en) quoi consiste\b|\bde quelle (façon|manière)\b|\bd'accord\b|\bhow long\b|\bwhat (kind|sort) of\b"
    r"|\bnuméro de (?=téléphone)|(?<=phone )number\b",
    re.IGNORECASE,
)


def query_terms(text: str, language: Language) -> list[str]:
    """The terms of a question without its turns of phrase ("combien de temps")."""
    return terms(_ASKING.sub(" ", text), language) or terms(text, language)


def _cached_term(language: Language) -> Callable[[str], str]:
    """What gives the folded stem of a word, and nothing for a stop word."""

    @lru_cache(maxsize=100_000)
    def term(word: str) -> str:
        return "" if fold(word) in STOP[language] else _stem(word, language)

    return term


_TERM = {language: _cached_term(language) for language in Language}


@lru_cache(maxsize=20_000)
def stem(word: str, language: Language) -> str:
    return _stem(word, language)


def _stem(word: str, language: Language) -> str:
    return fold(_stemmer(language).stemWord(word))


def _stemmer(language: Language) -> Stemmer.Stemmer:
    """A stemmer of this thread: one may not be shared."""
    found = getattr(_local, language.value, None)
    if found is None:
        found = Stemmer.Stemmer(_STEMMERS[language])
        setattr(_local, language.value, found)
    return found


_ABBREVIATIONS = "".join(
    rf"(?<!\b{word}\.)" for word in ("M", "Mr", "Mrs", "Mme", "Dr", "St", "cf", "art", "n", "p", "vs")
)
_SENTENCE_END = re.compile(_ABBREVIATIONS + r"(?:(?<=[.!?…])|(?<=[.!?…][»\"”')]))\s+(?=[«\"“'(\-•A-ZÀ-ÝŒ0-9])|\n+")


def sentences(text: str) -> list[tuple[int, int]]:
    """The (start, end) of each sentence or line of a text, outer blanks left out."""
    spans, start = [], 0
    for cut in [*_SENTENCE_END.finditer(text), None]:
        end = cut.start() if cut else len(text)
        piece = text[start:end]
        if piece.strip():
            lead = len(piece) - len(piece.lstrip())
            spans.append((start + lead, start + lead + len(piece.strip())))
        start = cut.end() if cut else end
    return spans


def keep(text: str, wanted: Callable[[int, int], bool]) -> str:
    """The text with only its sentences whose (start, end) are wanted; line ends between them stay."""
    kept, end = [], 0
    for start, stop in sentences(text):
        gap = text[end:start]
        end = stop
        if wanted(start, stop):
            kept.append(("\n" if "\n" in gap else " ") + text[start:stop])
    return "".join(kept).strip()
