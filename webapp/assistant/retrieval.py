"""From a question in its conversation to the passages that may answer it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from webapp.assistant import language, words
from webapp.assistant.words import fold
from webapp.domain import Author, Candidate, Question

if TYPE_CHECKING:
    from webapp.assistant.index import Index

DEFAULT_K = 5
_FEW_WORDS = 2  # content words of a question that cannot stand alone
_LONGEST_QUERY = 1_000  # characters
_LEANING = re.compile(
    r"\A(et|mais|and|but|ou|or|donc|so|alors|then|sinon|aussi|also)\b"
    r"|\b(celui|celle|ceux|celles|celui-ci|celle-ci|lui|elle|ca|cela|it|they|them|that one|this one|those)\b",
    re.IGNORECASE,
)


def search(index: Index, question: Question, k: int = DEFAULT_K) -> list[Candidate]:
    """The `k` best passages for a question, read with the one before when it leans on it."""
    return index.search(standalone(question), k)


def standalone(question: Question) -> str:
    """The question, preceded by the customer's last one when it cannot be understood alone ("et pour les volets ?")."""
    text = question.text[:_LONGEST_QUERY]
    before = next((turn.text for turn in reversed(question.history) if turn.author is Author.CLIENT), "")
    if not before or not _leans(text):
        return text
    return f"{text} {before[:_LONGEST_QUERY]} {text}"  # said twice: what is new counts most


def _leans(text: str) -> bool:
    content = words.content_words(text, language.detect(text))
    return len(content) <= _FEW_WORDS or (len(content) <= 2 * _FEW_WORDS and bool(_LEANING.search(fold(text.strip()))))
