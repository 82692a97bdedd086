"""Answers without a model: the sentences of the best passages that answer, quoted with their sources."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from webapp.assistant import citations, embeddings, language, phrases, retrieval, words
from webapp.domain import Outcome, Reply

if TYPE_CHECKING:
    from collections.abc import Sequence

    from webapp.domain import Language, Passage, Question, Source

_MOST_SOURCES = 2
_MOST_READ = 3  # passages looked into
_FITTING = 0.8  # of the best quote's fit
_WHOLE = 400  # a passage up to so many characters is quoted whole
_QUOTED = 420  # characters quoted of a longer one
_LISTED = 3  # line ends that make a passage a list, of which only the fitting rows are quoted
_MOST_ROWS = 4
_EMPTY = 0.6  # taken off a sentence that tells nothing new
_ROW_SHARE = 0.6  # of the best row's score
_CLOSE = 0.92  # of the best score: from here a second passage is quoted too
_CONFIDENT = 0.29  # score from which a passage really is about the question
_CONFIDENT_ACROSS = 0.19  # idem between languages, where no word is shared
_OWN_LANGUAGE = 0.85  # of the best score: a passage in the reader's language goes first from here


@dataclass(frozen=True, slots=True)
class _Quote:
    """`fit` is how much its best sentence has to do with the question."""

    passage: Passage
    score: float
    text: str
    fit: float


def answer(question: Question, passages: Sequence[Passage], scores: Sequence[float]) -> Reply:
    """Quote what answers, or say honestly that nothing does."""
    spoken = language.detect(question.text)
    polite = phrases.small_talk(question.text, spoken)
    if polite:
        return Reply(polite, None, spoken)
    if not passages or not confident(question, passages, scores):
        return no_answer(spoken)
    query = retrieval.standalone(question)
    ranked = _in_own_language(sorted(zip(scores, passages, strict=True), key=lambda pair: -pair[0]), spoken)
    best = ranked[0][0]
    quotes = [_quote(query, passage, score) for score, passage in ranked[:_MOST_READ] if score >= _CLOSE * best]
    return _reply(_fittest(quotes), spoken)


def _fittest(quotes: list[_Quote]) -> list[_Quote]:
    """The quotes that answer best, each text once: a passage about the subject may still not say what was asked."""
    unique = list({quote.text: quote for quote in reversed(quotes)}.values())
    ranked = sorted(unique, key=lambda quote: -quote.fit)
    return [quote for quote in ranked if quote.fit >= _FITTING * ranked[0].fit][:_MOST_SOURCES]


def no_answer(spoken: Language) -> Reply:
    return Reply(phrases.NO_ANSWER[spoken], Outcome.NO_ANSWER, spoken)


def confident(question: Question, passages: Sequence[Passage], scores: Sequence[float]) -> bool:
    """Whether the best passage really is about the question."""
    spoken = language.detect(question.text)
    same = [score for passage, score in zip(passages, scores, strict=True) if passage.language is spoken]
    return max(same, default=0.0) >= _CONFIDENT or max(scores) >= (_CONFIDENT_ACROSS if not same else _CONFIDENT)


def _in_own_language(ranked: list[tuple[float, Passage]], spoken: Language) -> list[tuple[float, Passage]]:
    best = ranked[0][0]
    own = [pair for pair in ranked if pair[1].language is spoken and pair[0] >= _OWN_LANGUAGE * best]
    if not own:
        return ranked
    return own + [pair for pair in ranked if pair[1].language is spoken and pair not in own]


def _quote(query: str, passage: Passage, score: float) -> _Quote:
    spans = words.sentences(passage.text)
    listed = passage.text.count("\n") >= _LISTED
    values = _sentence_scores(query, passage, [passage.text[start:end] for start, end in spans])
    if len(passage.text) <= _WHOLE and not listed:
        return _Quote(passage, score, passage.text, max(values))
    if listed:
        chosen = [i for i in range(len(spans)) if values[i] >= _ROW_SHARE * max(values)]
        chosen = sorted(sorted(chosen, key=lambda i: -values[i])[:_MOST_ROWS])
        return _Quote(passage, score, "\n".join(passage.text[spans[i][0] : spans[i][1]] for i in chosen), max(values))
    first = last = max(range(len(spans)), key=values.__getitem__)
    while True:
        before = values[first - 1] if first else -1.0
        after = values[last + 1] if last + 1 < len(spans) else -1.0
        start, end = (first - 1, last) if before > after else (first, last + 1)
        if max(before, after) < 0 or spans[end][1] - spans[start][0] > _QUOTED:
            break
        first, last = start, end
    return _Quote(passage, score, passage.text[spans[first][0] : spans[last][1]], max(values))


def _sentence_scores(query: str, passage: Passage, sentences: list[str]) -> list[float]:
    """How much each sentence has to do with the query: meaning and shared words."""
    encoder = embeddings.bundled()
    vectors = encoder.encode([query, *sentences])
    wanted = set(words.query_terms(query, passage.language))
    told = wanted - set(words.terms(passage.title, passage.language))
    near = vectors[1:] @ vectors[0]
    scores = []
    for sentence, likeness in zip(sentences, near, strict=True):
        held = set(words.terms(sentence, passage.language))
        empty = held <= wanted and not re.search(r"\d", sentence)  # it only repeats the question
        scores.append(float(likeness) + len(told & held) / (len(told) or 1) - (_EMPTY if empty else 0.0))
    return scores


def _reply(quotes: list[_Quote], spoken: Language) -> Reply:
    lines: list[str] = []
    if all(quote.passage.language is not spoken for quote in quotes):
        lines.append(phrases.OTHER_LANGUAGE[spoken])
    sources: list[Source] = []
    for n, quote in enumerate(quotes, 1):
        lines.append(f"{_markdown(quote.text)} [{n}]")
        sources.append(citations.source(n, quote.passage, quote.score, quote.text))
    return Reply("\n\n".join(lines), Outcome.ANSWERED, spoken, tuple(sources))


def _markdown(text: str) -> str:
    """Quoted text whose characters Markdown would take for marks stay what they are; lines stay lines."""
    return re.sub(r"([\\`*_<>\[\]])", r"\\\1", text).replace("\n", "  \n")
