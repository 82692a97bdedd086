"""No text that a stranger writes makes a pattern of ours work longer than its length tells."""

from __future__ import annotations

import importlib
import itertools
import pkgutil
import re
import sys
from typing import TYPE_CHECKING

import pytest

import webapp
from tests.harness import backtracking
from webapp.assistant import (
    acknowledgement,
    citations,
    escalation,
    facts,
    grounding,
    markup,
    prompts,
    retrieval,
    summary,
    unseen,
    values,
)
from webapp.assistant.brief import brief
from webapp.domain import AttachmentState, Author, Language, Outcome, Question, Received, ToldCase, Turn
from webapp.routes import rendering

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PIECES = (
    *(
        "a-",
        "-",
        "1",
        "12.",
        "x/",
        "a@",
        "a.",
        "(",
        "*",
        "[",
        "](",
        " ",
        "\n",
        "_",
        "'",
        "<",
        "`",
        "a",
        "A ",
        "a ",
        "é",
    ),
    *("Aa-", "de l'", ", ", "a,", "1 ", "= ", "<a", "a | ", "[1", "a_-", "w", "1-", "# "),
)
BLANKS = (" ", "\n", ", ", "1", "a", "-", "Aa-", "de l'", "= ")  # what may go on after a word a pattern begins with
ROOMS = ("webapp.assistant.", "webapp.services.", "webapp.routes.", "webapp.texts")
TIMES = 4  # four times the text is four times the work, and sixteen times if it is quadratic
TOO_MUCH = 6
SHORT_TEXT = 50
SHORT_MESSAGE = 300
SOME_WORDS = 16  # of those a pattern looks for
EVERY = 11  # of the texts is searched by both matchers


def _patterns() -> Iterator[tuple[str, re.Pattern[str]]]:
    """Give every compiled pattern over text that a module of the rooms keeps, with where it stands."""
    names = (each.name for each in pkgutil.walk_packages(webapp.__path__, "webapp."))
    for name in sorted(name for name in names if name.startswith(ROOMS)):
        for variable, value in vars(importlib.import_module(name)).items():
            for place, pattern in enumerate(_held(value)):
                if isinstance(pattern.pattern, str):
                    yield f"{name}.{variable}.{place}", pattern


def _held(value: object) -> Iterator[re.Pattern[str]]:
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, dict):
        yield from _held(tuple(value.values()))
    elif isinstance(value, tuple | list):
        for each in value:
            yield from _held(each)


PATTERNS = {id(pattern): (place, pattern) for place, pattern in _patterns()}


def _grows_too_much(work: Callable[[str], int], start: str, piece: str, short: int) -> bool:
    """Tell whether more text takes far more work; what work is, is counted, so that no machine is too slow for it."""
    less, more = (work(start + (piece * length)[:length]) for length in (short, short * TIMES))
    return more > TOO_MUCH * less


def _lines(read: Callable[[str], object], text: str) -> int:
    """Return how many lines and calls of Python a reading takes."""
    told = 0

    def tell(*_: object) -> object:
        nonlocal told
        told += 1
        return tell

    before = sys.gettrace()
    sys.settrace(tell)
    try:
        read(text)
    finally:
        sys.settrace(before)
    return told


def _texts(pattern: re.Pattern[str]) -> Iterator[tuple[str, str]]:
    """Give pieces to repeat, some after a word the pattern looks for, since that is where it begins to read."""
    words = sorted(set(re.findall(r"[A-Za-zà-ÿ]{2,}", pattern.pattern)))
    words = words[:: len(words) // SOME_WORDS + 1]
    yield from (("", piece) for piece in (*PIECES, *(f"{word} " for word in words)))
    yield from ((word, piece) for word in ("1 ", *words) for piece in BLANKS)
    yield from ((f"{word} ", piece) for word in words for piece in BLANKS[:2] + BLANKS[-3:])


@pytest.mark.parametrize("pattern", [pytest.param(each, id=place) for place, each in PATTERNS.values()])
def test_the_work_of_a_pattern_grows_as_the_text(pattern: re.Pattern[str]) -> None:
    steps = backtracking.counting(pattern)
    assert [text for text in _texts(pattern) if _grows_too_much(steps, *text, SHORT_TEXT)] == []


def test_work_is_counted_of_the_search_that_is_made() -> None:
    for place, pattern in PATTERNS.values():
        find = backtracking.finding(pattern)
        for start, piece in itertools.islice(_texts(pattern), 0, None, EVERY):
            text = start + (piece * SHORT_TEXT)[:SHORT_TEXT]
            assert find(text) == [each.span() for each in pattern.finditer(text)], (place, text)


def test_patterns_are_found_and_one_that_is_quadratic_is_told() -> None:
    assert len(PATTERNS) > 80
    endless = backtracking.counting(re.compile(r"[\w-]+@"))
    assert _grows_too_much(endless, "", "a-", SHORT_TEXT)


def _asked(text: str) -> Question:
    said = (Turn(Author.CLIENT, text), Turn(Author.ASSISTANT, "Voici.", Outcome.ANSWERED))
    return Question(
        f"{text} ?", said, (Received(is_pdf=False, state=AttachmentState.CLEAN, is_poor=False, transcript=text),)
    )


def _after_much(text: str) -> Question:
    """It was said before turns that leave it no place."""
    return Question("Et ?", (*_asked(text).history, *[Turn(Author.CLIENT, "mot " * 200)] * 2))


@pytest.mark.parametrize(
    "read",
    [
        pytest.param(values.known, id="known"),
        pytest.param(facts.find_facts, id="facts"),
        pytest.param(markup.read_markdown, id="markdown"),
        pytest.param(markup.read_html, id="html"),
        pytest.param(lambda text: brief(_asked(text), None), id="brief"),
        pytest.param(lambda text: escalation.reason(f"{text} x", _asked(text).history, ("gaz",)), id="escalation"),
        pytest.param(lambda text: acknowledgement.acknowledge(_asked(text), Language.FR), id="acknowledgement"),
        pytest.param(lambda text: prompts.reply_messages(_asked(text), (), Language.FR), id="prompts"),
        pytest.param(lambda text: prompts.reply_messages(_after_much(text), (), Language.FR), id="stated"),
        pytest.param(lambda text: retrieval.standalone(_asked(text)), id="standalone"),
        pytest.param(lambda text: citations.cited(text, (), ()), id="cited"),
        pytest.param(lambda text: grounding.keep_supported(text, frozenset()), id="supported"),
        pytest.param(lambda text: grounding.draft(text, frozenset()), id="draft"),
        pytest.param(lambda text: unseen.draft(text, pictures=True), id="unseen"),
        pytest.param(lambda text: summary.quote(ToldCase(_asked(text).history, Language.FR)), id="summary"),
        pytest.param(lambda text: rendering.to_html.__wrapped__(text, Author.ASSISTANT), id="rendering"),
        pytest.param(lambda text: rendering.to_html.__wrapped__(text, Author.CLIENT), id="client"),
    ],
)
def test_the_work_on_a_message_grows_as_its_text(read: Callable[[str], object]) -> None:
    def work(text: str) -> int:
        return _lines(read, text)

    texts = itertools.product(("", "commande"), PIECES)
    assert [text for text in texts if _grows_too_much(work, *text, SHORT_MESSAGE)] == []


def test_a_reading_that_begins_again_at_each_place_is_told() -> None:
    def again(text: str) -> None:
        for start in range(len(text)):
            for _ in text[start:]:
                pass

    assert _grows_too_much(lambda text: _lines(again, text), "", "a", SHORT_TEXT)
