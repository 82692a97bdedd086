"""Small texts of a window maker that does not exist, in both languages, and what turns them into an index."""

from __future__ import annotations

import random
import re
from uuid import UUID

from webapp.assistant import documents, embeddings
from webapp.assistant.index import Index, IndexRow
from webapp.domain import Language, Passage

GUIDE = """# Garanties
| Élément | Durée |
|---|---|
| Structure de la fenêtre | 15 ans |
| Vitrage isolant | 10 ans |
| Moteur de volet | 7 ans |

# Entretien du vitrage
Nettoyez le vitrage avec de l'eau tiède et un chiffon doux. N'utilisez jamais de laine d'acier.

# Bruit du volet roulant
Un volet roulant qui grince manque de graisse. Appliquez un spray silicone dans les coulisses, deux fois par an.

# Délai de livraison
Les menuiseries sur mesure sont livrées en six semaines. Le transporteur vous appelle la veille.
"""
MANUAL = """# Door handle
A loose door handle is fixed with a 4 mm hex key. Turn the screw under the rose clockwise.

# Condensation
Condensation on the outside of triple glazing is normal on cold mornings and shows good insulation.
"""
DOCUMENT = UUID(int=7)


def passages(*texts: tuple[str, str]) -> dict[int, Passage]:
    """Passages by id of (file name, content) pairs, split as ingestion does."""
    found: dict[int, Passage] = {}
    for name, content in texts:
        parsed = documents.parse(content.encode(), name)
        for draft in documents.split(parsed):
            number = len(found) + 1
            found[number] = Passage(
                number, DOCUMENT, parsed.title, draft.page, draft.heading, draft.text, draft.language
            )
    return found


def rows(of: dict[int, Passage]) -> list[IndexRow]:
    encoder = embeddings.bundled()
    made = []
    for passage in of.values():
        draft = documents.PassageDraft(0, passage.page, passage.heading, passage.text, passage.language)
        (vector,) = embeddings.passage_vectors(encoder, passage.title, [draft])
        made.append(IndexRow(passage.id, passage.text, passage.title, passage.heading, passage.language, vector))
    return made


def library() -> tuple[Index, dict[int, Passage]]:
    known = passages(("guide-client.md", GUIDE), ("manual.md", MANUAL))
    return Index.build(1, rows(known), embeddings.bundled()), known


def passage(text: str, number: int = 1, heading: str = "", language: Language = Language.FR) -> Passage:
    return Passage(number, DOCUMENT, "Guide", 3, heading, text, language)


def many_rows(count: int, headings: int) -> list[IndexRow]:
    """Passages of as many words of the guide each, under headings that say nothing of them."""
    chance = random.Random(1)
    of_texts, of_names = (sorted(set(re.findall(r"[a-zé]{5,}", text))) for text in (GUIDE, MANUAL))
    names = [" ".join(chance.sample(of_names, k=2)) for _ in range(headings)]
    numbers = range(1, count + 1)
    return rows({n: passage(" ".join(chance.sample(of_texts, k=8)), n, names[n % headings]) for n in numbers})
