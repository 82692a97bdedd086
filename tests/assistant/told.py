"""Conversations of a window maker's customers, written for these tests, as a summary is told of them."""

from __future__ import annotations

from webapp.assistant import phrases
from webapp.domain import Author, Language, ToldCase, Turn

CLIENT, ASSISTANT, STAFF, SYSTEM = Author.CLIENT, Author.ASSISTANT, Author.STAFF, Author.SYSTEM
NO_ANSWER = phrases.NO_ANSWER[Language.FR]

SHUTTER = (
    (CLIENT, "Bonjour"),
    (ASSISTANT, phrases.GREETING[Language.FR]),
    (CLIENT, "Mon volet roulant est bloqué depuis lundi, commande n° CMD2024-001, repère 3. Il fait un bruit."),
    (ASSISTANT, "Un volet qui grince manque de graisse. Appliquez un spray dans les coulisses [1]."),
    (CLIENT, "Cela n'a rien changé. Je voudrais parler à quelqu'un."),
    (STAFF, "Bonjour, pouvez-vous m'indiquer l'adresse du chantier et vos disponibilités ?"),
    (CLIENT, "C'est au 12 rue des Lilas, 67000 Strasbourg. Je suis disponible mardi matin ou jeudi après 14h."),
    (CLIENT, "Mon téléphone : 06 12 34 56 78, camille.martin@exemple.fr"),
    (STAFF, "Merci. Je transmets votre demande au technicien, nous vous rappelons demain au 03 88 00 00 00."),
    (CLIENT, "Merci beaucoup"),
)
DOOR = (
    (CLIENT, "Hello, my front door handle is loose and the door does not close. Order number 2024-118, position 2."),
    (STAFF, "Thank you. What is the address of the site, and when are you available?"),
    (CLIENT, "12 Station Road, Reading RG1 1LX. Tuesday morning or any afternoon after 3pm. 07700 900123"),
    (STAFF, "We will call you back tomorrow."),
)


def told(*said: tuple[Author, str], language: Language = Language.FR, photos: bool = False) -> ToldCase:
    return ToldCase(tuple(Turn(author, text) for author, text in said), language, photos)
