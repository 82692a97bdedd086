"""Everything people read is there in French and in English, with the same blanks to fill."""

from __future__ import annotations

import re
import string
from http import HTTPStatus
from typing import TYPE_CHECKING

import pytest

from tests.harness import commands
from webapp import errors
from webapp.domain import HandoverReason, Language
from webapp.routes import problems
from webapp.texts import catalogue, say, say_count, typeset

if TYPE_CHECKING:
    from collections.abc import Iterator

FRENCH, ENGLISH = catalogue(Language.FR), catalogue(Language.EN)
# What routes/problems.py or whoever raises it always fills in.
ALWAYS_GIVEN = {
    "errors.too_many": {"retry_after"},
    "errors.too_many_pending": {"retry_after"},
    "errors.too_many_files_a_day": {"retry_after"},
    "errors.too_many_files": {"count"},
    "errors.large_files": {"name", "megabytes"},
    "errors.wrong_files": {"name"},
}


def _blanks(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_both_languages_have_the_same_files() -> None:
    folder = commands.ROOT / "webapp" / "texts"
    assert {file.name for file in (folder / "fr").iterdir()} == {file.name for file in (folder / "en").iterdir()}


def test_both_languages_say_the_same_things() -> None:
    assert set(FRENCH) == set(ENGLISH)


@pytest.mark.parametrize("key", sorted(FRENCH))
def test_a_text_has_words_and_the_same_blanks_in_both(key: str) -> None:
    for words in (FRENCH[key], ENGLISH[key]):
        assert words.strip() == words != ""
        assert "\x00" not in words
    assert _blanks(FRENCH[key]) == _blanks(ENGLISH[key])


def test_french_is_addressed_politely_and_calmly() -> None:
    assert [key for key, words in FRENCH.items() if "!" in words] == []
    familiar = {" tu ", " ton ", " tes ", " toi "}
    assert [key for key, words in FRENCH.items() if any(word in f" {words.lower()} " for word in familiar)] == []


def _all_errors(of: type[errors.BusinessError] = errors.BusinessError) -> Iterator[type[errors.BusinessError]]:
    for kind in of.__subclasses__():
        yield kind
        yield from _all_errors(kind)


SPOKEN_BY_THE_WEB = [
    kind
    for kind in _all_errors()
    if kind not in (errors.DocumentRefusedError, errors.PictureRefusedError, errors.ModelUnavailableError)  # by workers
]


@pytest.mark.parametrize("kind", SPOKEN_BY_THE_WEB)
def test_every_business_error_has_its_status_and_its_sentence(kind: type[errors.BusinessError]) -> None:
    assert any(issubclass(kind, known) for known, _ in problems.STATUSES)
    key = f"errors.{kind.code}"
    assert _blanks(FRENCH[key]) <= ALWAYS_GIVEN.get(key, set())


def test_statuses_have_titles_and_hand_overs_their_notices() -> None:
    for _, status in problems.STATUSES:
        assert f"errors.titles.{status.value}" in FRENCH
    assert f"errors.titles.{HTTPStatus.INTERNAL_SERVER_ERROR.value}" in FRENCH
    assert {f"notices.handed_over.{reason}" for reason in HandoverReason} <= set(FRENCH)


def test_french_counts_zero_as_one() -> None:
    counted = next(
        key.removesuffix(".other") for key in sorted(FRENCH) if key.endswith(".other") and "{count" in FRENCH[key]
    )
    singular = {language: say(f"{counted}.one", language, count=0) for language in Language}
    assert say_count(counted, Language.FR, 0) == singular[Language.FR]
    assert say_count(counted, Language.EN, 0) == say(f"{counted}.other", Language.EN, count=0)


def test_french_is_typeset() -> None:
    assert typeset("« {name} » n'est là qu'à 9 h : 45 % ?") == (
        "«\u00a0{name}\u00a0» n’est là qu’à 9 h\u00a0: 45\u00a0%\u202f?"
    )
    assert typeset("Pas encore de compte\u00a0?") == "Pas encore de compte\u202f?"
    assert typeset("https://exemple.fr/a?b=c 'mot' 08:30") == "https://exemple.fr/a?b=c 'mot' 08:30"


def test_no_line_begins_with_a_french_sign() -> None:
    straight = re.compile(r" [:;!?»%€]|« |[^\W\d_]'[^\W\d_]")
    assert [key for key, words in FRENCH.items() if straight.search(words)] == []
