"""What a question asks for, and what a passage gives without naming it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.assistant import builders
from webapp.assistant import embeddings, extractive, kinds, retrieval
from webapp.assistant.index import Index
from webapp.domain import Language, Question

if TYPE_CHECKING:
    from webapp.domain import Passage

LEAFLET = """Rejoignez-nous sur nos réseaux.
12 rue des Tilleuls - 62138 Douvrin
info@vaubrelle.example - 03 21 00 00 00
"""
WARRANTIES = """# Garanties
- *sur la structure de la fenêtre, retrouvez toutes nos garanties en page 34, 15
- Nous offrons des garanties exclusives sur tous nos composants
- Structure de la fenêtre : 15 ans
- Vitrage : 10 ans
- Ferrure : 10 ans sur le fonctionnement
- Tablier de volet : 2 ans
"""
SLIDING = """# Fenêtre Lumina
La fenêtre Lumina coulisse.
Performances thermiques : jusqu'à Uw = 1.2 W/m²K.
"""
THERMAL = """# Vitrages
Le coefficient Uw d'une fenêtre dit ce qu'elle perd. La fenêtre de nos gammes PVC affiche un coefficient Uw de 1.3.
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
        ("Quelle est la garantie de la ferrure ?", True),
        ("What is the warranty of the hinges?", True),
        ("Que couvre la garantie ?", False),
    ],
)
def test_a_figure_is_asked_for(question: str, asked: bool) -> None:  # noqa: FBT001 - a parameter of the table
    assert kinds.asks_figure(question) is asked


@pytest.mark.parametrize(
    ("question", "text", "lacks"),
    [
        ("Combien de temps le vitrage est-il garanti ?", "Garantie 15 en page 34", True),
        ("Combien de temps le vitrage est-il garanti ?", "Garanti dix ans", False),
        ("How long is the glazing covered?", "Ten years, from 2024 on", False),
        ("Quel est le poids maximal ?", "Jusqu'à 130 kg", False),
        ("Quel est le poids maximal ?", "Selon le modèle", True),
        ("Comment nettoyer le vitrage ?", "À l'eau claire", False),
    ],
)
def test_a_text_lacks_the_figure_that_is_asked_for(question: str, text: str, lacks: bool) -> None:  # noqa: FBT001 - idem
    assert kinds.lacks_figure(question, text) is lacks


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("Quelle est la durée de garantie de la structure des fenêtres ?", "Structure de la fenêtre : 15 ans"),
        ("Quelle est la garantie du tablier ?", "Tablier de volet : 2 ans"),
        ("Quel est le coefficient Uw de la fenêtre Lumina ?", "Uw = 1.2"),
    ],
)
def test_the_row_that_answers_is_quoted_alone(question: str, told: str) -> None:
    known = builders.passages(("garanties.md", WARRANTIES), ("lumina.md", SLIDING), ("vitrages.md", THERMAL))
    first = _answer(known, question).split(" [1]")[0]
    assert told in first
    assert "\n" not in first


def _answer(known: dict[int, Passage], question: str) -> str:
    """The words up to the second quote."""
    asked = Question(question)
    found = retrieval.search(Index.build(1, builders.rows(known), embeddings.bundled()), asked)
    passages = [known[candidate.passage_id] for candidate in found]
    return extractive.answer(asked, passages, [candidate.score for candidate in found]).text.split("[2]")[0]


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("Quelle est votre adresse ?", "62138"),
        ("Quel est votre numéro de téléphone ?", "03 21 00 00 00"),
        ("Combien de temps le vitrage est-il garanti ?", "dix ans"),
    ],
)
def test_the_quote_that_gives_what_was_asked_comes_first(question: str, told: str) -> None:
    known = builders.passages(("depliant.txt", LEAFLET), ("guide.md", GLAZING), ("autre.md", builders.GUIDE))
    assert told in _answer(known, question).split("[1]")[0]
