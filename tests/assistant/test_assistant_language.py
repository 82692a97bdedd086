from __future__ import annotations

import pytest

from webapp.assistant import language
from webapp.domain import Language

FRENCH = ["Quelle garantie ?", "mon volet ne ferme plus", "et pour les portes ?", "Bonjour", "prix livraison svp"]
ENGLISH = ["What is the warranty?", "my shutter does not close", "and for doors?", "Hello", "how much is delivery"]


@pytest.mark.parametrize("text", FRENCH)
def test_short_french_questions_are_french(text: str) -> None:
    assert language.detect(text, Language.EN) is Language.FR


@pytest.mark.parametrize("text", ENGLISH)
def test_short_english_questions_are_english(text: str) -> None:
    assert language.detect(text, Language.FR) is Language.EN


@pytest.mark.parametrize("default", list(Language))
def test_a_text_that_tells_nothing_takes_the_default(default: Language) -> None:
    assert language.detect("CMD2024-001", default) is default
