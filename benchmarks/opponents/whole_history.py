"""The prompt one writes first, as the predecessor did: rules, the firm's protocol, the customer's orders and all that
was said, each time, then the passages and the question.
"""  # noqa: D205  one sentence of two lines

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from webapp.domain import Author

if TYPE_CHECKING:
    from collections.abc import Sequence

    from webapp.domain import Passage, Question

RULES = (
    "Tu es l'assistant du service après-vente. Réponds en phrases courtes et claires, avec vous. Présente-toi, demande "
    "la raison du contact, donne le détail d'une commande quand on le demande, n'utilise que ce que tu sais, dis "
    "poliment ce qui manque, passe la main à un technicien quand il le faut, et n'écris pas de longues listes."
)
ORDERS = [
    {
        "numero": f"CMD-2024-{number:05d}",
        "date_commande": "2024-03-12",
        "date_livraison": "2024-05-02",
        "statut": "livree",
        "montant_ttc": 4200.0 + number,
        "produits": [
            {"type": "fenêtre", "modele": "Vaubrelle", "quantite": 3, "prix": 640.0},
            {"type": "volet roulant", "modele": "Altair", "quantite": 3, "prix": 410.0},
        ],
        "adresse_livraison": "12 rue des Lilas, 35000 Rennes",
        "garantie_jusqu_au": "2029-05-02",
    }
    for number in range(1, 4)
]


def prompt(question: Question, passages: Sequence[Passage], protocol: str) -> str:
    said = "\n".join(
        f"{'User' if turn.author is Author.CLIENT else 'Assistant'}: {turn.text}" for turn in question.history
    )
    orders = "\n".join(json.dumps(order, ensure_ascii=False) for order in ORDERS)
    context = "\n\n".join(passage.text for passage in passages)
    before = f"System: {RULES}\nSystem: {protocol}\nSystem: {orders}\n{said}\nUser: {question.text}"
    return f"{before}\n\nContext:\n{context}\n\n{question.text}"
