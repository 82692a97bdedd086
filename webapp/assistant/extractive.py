"""Answers without a model: the sentences of the best passages that answer, quoted with their sources."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from webapp.assistant import citations, embeddings, kinds, language, phrases, retrieval, rows, words
from webapp.assistant.parsed import CELL
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
_MOST_ROWS = 8
_EMPTY = 0.6  # taken off a sentence that tells nothing new
_WITHOUT_FIGURE = 0.5  # taken off a sentence without a figure, when one is asked for
_FOOTNOTE = 2.0  # taken off a footnote or the head of a table, which answer nothing by themselves
_LABELLED = 0.3  # put on a row whose label is what is asked about ("Vitrage : 10 ans")
_ROW_SHARE = 0.6  # of the best row's score
_CLOSE = 0.92  # of the best score: from here a second passage is quoted too
_CLOSE_FIGURE = 0.75  # idem when a figure is asked for, which the passage most on the subject may not give
_CONFIDENT = 0.29  # score from which a passage really is about the question
_DETAIL = 0.05  # put on the score of a passage that gives the contact detail asked for
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
    return _reply(
        _fitting([_quote(query, passage, score) for score, passage in _read(query, ranked)]), passages, spoken
    )


def _read(query: str, ranked: list[tuple[float, Passage]]) -> list[tuple[float, Passage]]:
    """The passages worth looking into: those that hold the names asked about, where there are any."""
    names = words.names(query)
    named = [pair for pair in ranked if pair[0] >= _CONFIDENT and names <= _tokens(pair[1])] or ranked
    close = (_CLOSE_FIGURE if kinds.asks_figure(query) else _CLOSE) * named[0][0]
    return [pair for pair in named if pair[0] >= close][:_MOST_READ]


def _tokens(passage: Passage) -> set[str]:
    return set(words.tokens(words.fold(f"{passage.title} {passage.heading} {passage.text}")))


def _fitting(quotes: list[_Quote]) -> list[_Quote]:
    """The quotes worth reading, best passage first, each text once; a passage on the subject may not answer."""
    unique = list({quote.text: quote for quote in reversed(quotes)}.values())[::-1]
    wanted = _FITTING * max(quote.fit for quote in unique)
    return [quote for quote in unique if quote.fit >= wanted][:_MOST_SOURCES]


def no_answer(spoken: Language) -> Reply:
    return Reply(phrases.NO_ANSWER[spoken], Outcome.NO_ANSWER, spoken)


def confident(question: Question, passages: Sequence[Passage], scores: Sequence[float]) -> bool:
    """Whether the best passage really is about the question."""
    spoken = language.detect(question.text)
    pairs = list(zip(passages, scores, strict=True))
    same = [score + _detail(question.text, passage) for passage, score in pairs if passage.language is spoken]
    return max(same, default=0.0) >= _CONFIDENT or max(scores) >= (_CONFIDENT_ACROSS if not same else _CONFIDENT)


def _detail(question: str, passage: Passage) -> float:
    """What a passage gains that gives the contact detail asked for, whatever else it is about."""
    named = set(words.terms(kinds.details(passage.text, passage.language), passage.language))
    return _DETAIL if named & set(words.query_terms(question, passage.language)) else 0.0


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
    head = CELL.join(rows.head_of(passage.text))
    scores = []
    for sentence, likeness in zip(sentences, near, strict=True):
        held = set(words.terms(f"{sentence} {kinds.details(sentence, passage.language)}", passage.language))
        score = float(likeness) + len(told & held) / (len(told) or 1)
        label = set(words.terms(sentence.partition(":")[0], passage.language)) if ":" in sentence else set()
        score += _LABELLED if label and label <= wanted else 0.0
        repeats = held <= wanted and not kinds.gives_figure(sentence)
        score -= _FOOTNOTE if sentence == head else 0.0
        scores.append(score - _taken_off(sentence, repeats=repeats, lacks=kinds.lacks_figure(query, sentence)))
    return scores


def _taken_off(sentence: str, *, repeats: bool, lacks: bool) -> float:
    """What a sentence loses that only repeats the question, that lacks the figure asked for, or that is a footnote."""
    footnote = _FOOTNOTE if sentence.startswith("*") else 0.0
    return footnote + (_EMPTY if repeats else 0.0) + (_WITHOUT_FIGURE if lacks else 0.0)


def _reply(quotes: list[_Quote], passages: Sequence[Passage], spoken: Language) -> Reply:
    lines: list[str] = []
    if all(quote.passage.language is not spoken for quote in quotes):
        lines.append(phrases.OTHER_LANGUAGE[spoken])
    sources: list[Source] = []
    for n, quote in enumerate(quotes, 1):
        head = rows.head_for(quote.passage, passages)
        told = rows.in_words(quote.text, head, quote.passage.language)
        lines.append(f"{_markdown(told)} [{n}]")
        sources.append(citations.source(n, quote.passage, quote.score, quote.text))
    return Reply("\n\n".join(lines), Outcome.ANSWERED, spoken, tuple(sources))


def _markdown(text: str) -> str:
    """Quoted text whose characters Markdown would take for marks stay what they are; lines stay lines."""
    return re.sub(r"([\\`*_<>\[\]])", r"\\\1", text).replace("\n", "  \n")
