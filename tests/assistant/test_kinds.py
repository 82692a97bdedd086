"""What a question asks for, and what a passage gives without naming it."""

from __future__ import annotations

import pytest

from tests.assistant import builders
from webapp.assistant import extractive, kinds, retrieval
from webapp.assistant.index import Index
from webapp.domain import Language, Question

LEAFLET = """Rejoignez-nous sur nos réseaux.
12 rue des Tilleuls - 62138 Douvrin
info@vaubrelle.example - 03 21 00 00 00
"""
GLAZING = """# Vitrage
Un vitrage cassé se remplace sous garantie si la casse vient de la pose, jamais si elle vient d'un choc.

# Vitrage, garantie
Le vitrage isolant est garanti dix ans.
"""


@pytest.mark.parametrize(
    ("text", "language", "names"),
    [
        ("12 rue des Tilleuls - 62138 Douvrin", Language.FR, "adresse"),
        ("14 High Street, London SW1A 1AA", Language.EN, "address"),
        ("03.21.00.00.00", Language.FR, "téléphone"),
        ("Write to help@vaubrelle.example", Language.EN, "mail email"),
        ("Garantie de 12000 cycles", Language.FR, ""),
    ],
)
def test_a_detail_is_found_under_the_name_people_give_it(text: str, language: Language, names: str) -> None:
    assert kinds.details(text, language) == names


@pytest.mark.parametrize(
    ("question", "asked"),
    [
        ("Combien de temps le vitrage est-il garanti ?", True),
        ("Quel est le poids maximal ?", True),
        ("How long is the glazing covered?", True),
        ("Comment nettoyer le vitrage ?", False),
        ("Who do I call?", False),
    ],
)
def test_a_figure_is_asked_for(question: str, asked: bool) -> None:  # noqa: FBT001 - a parameter of the table
    assert kinds.asks_figure(question) is asked


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("Quelle est votre adresse ?", "62138"),
        ("Combien de temps le vitrage est-il garanti ?", "dix ans"),
    ],
)
def test_the_quote_that_gives_what_was_asked_comes_first(question: str, told: str) -> None:
    known = builders.passages(("depliant.txt", LEAFLET), ("guide.md", GLAZING), ("autre.md", builders.GUIDE))
    asked = Question(question)
    found = retrieval.search(Index.build(1, builders.rows(known)), asked)
    passages = [known[candidate.passage_id] for candidate in found]
    reply = extractive.answer(asked, passages, [candidate.score for candidate in found])
    assert told in reply.text.split("[1]")[0]
