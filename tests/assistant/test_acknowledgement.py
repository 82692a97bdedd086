"""What is said of files that came, and what of pictures is never said."""

from __future__ import annotations

import pytest

from webapp.assistant import unseen
from webapp.assistant.acknowledgement import acknowledge
from webapp.domain import AttachmentState, Author, FactKind, FoundFact, Language, Question, Received, Turn

FR, EN = Language.FR, Language.EN
PHOTO = Received(is_pdf=False, state=AttachmentState.CLEAN)
DARK = Received(is_pdf=False, state=AttachmentState.CLEAN, is_poor=True)
INVOICE = Received(is_pdf=True, state=AttachmentState.PENDING, transcript="Commande n° CMD2024-0117")
LOCKED = Received(is_pdf=True, state=AttachmentState.REJECTED)
BROKEN = "La poignée de ma fenêtre est cassée, commande n° CMD2024-1."


def test_what_came_is_counted_and_passed_on_and_what_is_missing_is_asked_for() -> None:
    said = acknowledge(Question("", received=(PHOTO, PHOTO, INVOICE)), FR)
    assert said.startswith("Merci, j’ai bien reçu 2 photos et un PDF. Une personne de l’équipe les regardera")
    assert "numéro de commande proposé sous votre message est exact, le produit concerné et ce qui ne va pas" in said
    one = acknowledge(Question("", received=(PHOTO,)), EN)
    assert one.startswith("Thank you, I have received a photo. A person from our team will look at it")
    assert one.endswith("tell us your order number, which product it is and what is wrong.")


def test_what_is_known_is_not_asked_again() -> None:
    assert "indiquez" not in acknowledge(Question(BROKEN, received=(PHOTO,)), FR)
    said = acknowledge(Question("The handle of my window no longer closes.", received=(PHOTO,)), EN)
    assert said.endswith("tell us your order number.")
    before = (Turn(Author.CLIENT, "Mon volet roulant est bloqué."),)
    confirmed = (FoundFact(FactKind.ORDER_NUMBER, "CMD2024-0117"),)
    assert "indiquez" not in acknowledge(Question("", before, (PHOTO,), confirmed), FR)
    assert "indiquez-nous aussi votre numéro de commande." in acknowledge(Question("", before, (PHOTO,)), FR)


def test_a_refusal_and_a_poor_photo_are_counted_and_their_reason_is_left_to_what_stands_beside_them() -> None:
    said = acknowledge(Question(BROKEN, received=(PHOTO, DARK, LOCKED)), FR).split("\n\n")
    assert said[0].startswith("Merci, j’ai bien reçu 2 photos.")
    assert said[1:] == [
        "Un fichier n’a pas été retenu : la raison est écrite à côté.",
        "Une photo est difficile à lire : un conseil est écrit à côté.",
    ]
    all_refused = acknowledge(Question("", received=(LOCKED, LOCKED)), EN)
    assert all_refused == "2 files were not kept: the reasons are written beside them."
    assert acknowledge(Question(BROKEN, received=(DARK,)), EN).endswith(
        "\n\nOne photo is hard to read: there is advice beside it."
    )


CLAIMS = """
Sur votre photo, la poignée est cassée.
D'après l'image que vous avez envoyée, le joint est décollé.
Votre photo montre une fissure.
Je vois que la poignée est cassée.
On voit nettement une rayure.
J’observe une fissure dans l’angle.
On your photo I see a broken handle.
The picture you sent shows a crack.
Based on your pictures, the seal is worn.
I can see a crack in the glass.
As shown in the attached picture, the glass is cracked.
"""
NO_CLAIMS = """
Envoyez une photo du défaut et de l'étiquette [1].
Prenez une photo sur laquelle on voit l'étiquette [1].
Je ne peux pas voir votre photo.
I cannot see pictures.
La garantie dure sept ans [1].
Please send us a picture of the label [1].
"""


@pytest.mark.parametrize("claim", CLAIMS.strip().splitlines())
def test_a_sentence_that_tells_what_a_picture_shows_is_taken_out(claim: str) -> None:
    text = f"La garantie dure sept ans [1]. {claim}"
    assert unseen.keep_unclaimed(text, pictures=True) == "La garantie dure sept ans [1]."
    assert unseen.draft(text, pictures=True) == "La garantie dure sept ans [1]."


@pytest.mark.parametrize("sentence", NO_CLAIMS.strip().splitlines())
def test_a_sentence_that_asks_for_a_picture_or_declines_to_see_stays(sentence: str) -> None:
    text = f"{sentence}\n\nVoilà."
    assert unseen.keep_unclaimed(text, pictures=True) == unseen.draft(text, pictures=True) == text


def test_without_pictures_seeing_is_a_turn_of_phrase() -> None:
    seen = "Je vois que vous êtes client depuis 2019."
    assert unseen.keep_unclaimed(seen, pictures=False) == seen
    assert unseen.keep_unclaimed("Votre photo montre une fissure.", pictures=False) == ""
    assert unseen.concerns(Question("Que voyez-vous sur ma photo ?"))
    assert not unseen.concerns(Question("Combien de temps dure la garantie ?"))
