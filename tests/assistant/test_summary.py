"""The summary in the conversation's own words: what was asked, what was done, what stays open."""

from __future__ import annotations

import pytest

from tests.assistant.told import ASSISTANT, CLIENT, DOOR, NO_ANSWER, SHUTTER, STAFF, SYSTEM, told
from webapp.assistant.summary import quote
from webapp.assistant.summary_turns import readable
from webapp.domain import Author, Language, Outcome, ToldCase, Turn

Said = tuple[Author, str]


def lines(*said: Said) -> list[str]:
    return quote(told(*said)).text.splitlines()


def still_open(*said: Said) -> list[str]:
    label = "Reste à faire : "
    return [line.removeprefix(label) for line in lines(*said) if line.startswith(label)]


def test_a_whole_case_in_french() -> None:
    assert lines(*SHUTTER) == [
        "Demande : Mon volet roulant est bloqué depuis lundi, commande n° CMD2024-001, repère 3. Il fait un bruit.",
        "Réponse de l’assistant : Un volet qui grince manque de graisse. Appliquez un spray dans les coulisses.",
        "Reste à faire : Je transmets votre demande au technicien, nous vous rappelons demain au 03 88 00 00 00.",
        (
            "Dossier : commande CMD2024-001 ; repère 3 ; produit volet roulant"
            " ; adresse 12 rue des Lilas, 67000 Strasbourg"
            " ; disponibilités Je suis disponible mardi matin ou jeudi après 14h."
            " ; contact 06 12 34 56 78, camille.martin@exemple.fr"
        ),
    ]


def test_it_speaks_the_language_the_customer_wrote_in() -> None:
    assert quote(told(*DOOR, language=Language.FR)).text.splitlines() == [
        "Asked: Hello, my front door handle is loose and the door does not close. Order number 2024-118, position 2.",
        "Asked of the customer: What is the address of the site, and when are you available?",
        "Still open: We will call you back tomorrow.",
        (
            "Case: order 2024-118 ; position 2 ; product front door ; address 12 Station Road, Reading RG1 1LX"
            " ; availability Tuesday morning or any afternoon after 3pm. ; contact 07700 900123"
        ),
    ]


def test_later_requests_are_told_when_they_are_different() -> None:
    said = lines(
        (CLIENT, "Quelle est la garantie du vitrage ?"),
        (ASSISTANT, "Le vitrage est garanti 10 ans [1]."),
        (CLIENT, "La garantie du vitrage est bien de 10 ans ?"),
        (CLIENT, "Combien de temps dure la livraison des menuiseries ?"),
        (ASSISTANT, "Les menuiseries sont livrées en six semaines [1]."),
    )
    assert said[:4] == [
        "Demande : Quelle est la garantie du vitrage ?",
        "Demande : Combien de temps dure la livraison des menuiseries ?",
        "Réponse de l’assistant : Le vitrage est garanti 10 ans.",
        "Réponse de l’assistant : Les menuiseries sont livrées en six semaines.",
    ]


def test_what_a_person_said_comes_first() -> None:
    said = lines(
        (CLIENT, "Ma serrure est cassée, que faire ?"),
        (ASSISTANT, "Une serrure se démonte avec un tournevis [1]."),
        (STAFF, "Bonjour, la serrure est commandée chez le fabricant."),
        (STAFF, "Bonne journée à vous."),
    )
    assert said[1:3] == [
        "Réponse de l’équipe : Bonjour, la serrure est commandée chez le fabricant.",
        "Réponse de l’assistant : Une serrure se démonte avec un tournevis.",
    ]


@pytest.mark.parametrize("opening", ["Bonjour", "Bonjour, j'ai un problème", "J'ai besoin d'aide svp"])
def test_the_first_real_request_is_not_the_first_words(opening: str) -> None:
    assert lines((CLIENT, opening), (CLIENT, "Mon portail refuse de s'ouvrir"))[0] == (
        "Demande : Mon portail refuse de s'ouvrir"
    )


def test_a_question_without_an_answer_stays_open() -> None:
    asked = (CLIENT, "Qui vient changer le vitrage ?")
    assert still_open(asked) == ["Qui vient changer le vitrage ?"]
    assert still_open(asked, (ASSISTANT, NO_ANSWER)) == ["Qui vient changer le vitrage ?"]
    assert still_open(asked, (ASSISTANT, NO_ANSWER), (CLIENT, "oui")) == ["Qui vient changer le vitrage ?"]
    assert still_open(asked, (STAFF, "C'est notre poseur habituel.")) == ["rien de connu"]


def test_a_reply_that_found_nothing_answers_nothing_whatever_its_words() -> None:
    turns = (Turn(CLIENT, "Qui vient changer le vitrage ?"), Turn(ASSISTANT, "Rien trouvé.", Outcome.NO_ANSWER))
    assert "Reste à faire : Qui vient changer le vitrage ?" in quote(ToldCase(turns, Language.FR)).text


@pytest.mark.parametrize(
    "promise",
    [
        "Je vous rappelle demain.",
        "Nous reviendrons vers vous cette semaine.",
        "Un technicien passera vendredi.",
        "Je transmets au service commercial.",
        "Vous serez recontacté par notre équipe.",
        "We will call you back on Monday.",
        "I'll pass this on to the team.",
        "You will hear from us shortly.",
    ],
)
def test_a_promise_stays_open_though_the_customer_gives_thanks(promise: str) -> None:
    said = ((CLIENT, "Ma porte ne ferme plus"), (STAFF, promise), (CLIENT, "Merci !"))
    assert still_open(*said) == [promise]


@pytest.mark.parametrize(
    "word",
    [
        "Je vous rappelle que la garantie est échue.",
        "Pouvez-vous nous rappeler votre adresse ?",
        "N'hésitez pas à nous écrire.",
        "Nous avons envoyé la pièce hier par transporteur.",
    ],
)
def test_not_everything_is_a_promise(word: str) -> None:
    assert word not in still_open((CLIENT, "Ma porte ne ferme plus"), (STAFF, word))


def test_what_was_promised_and_then_told_is_done() -> None:
    said = (
        (CLIENT, "Où est ma livraison ?"),
        (STAFF, "Je vérifie et je vous rappelle."),
        (STAFF, "x"),
        (CLIENT, "D'accord"),
        (STAFF, "Le camion est parti ce matin de l'entrepôt."),
    )
    assert still_open(*said) == ["rien de connu"]


def test_a_matter_that_is_settled_leaves_nothing_open() -> None:
    begun = ((CLIENT, "Ma porte ne ferme plus"), (STAFF, "Je vous rappelle demain."))
    assert still_open(*begun, (CLIENT, "Merci, c'est réglé.")) == ["rien de connu"]
    assert still_open(*begun, (CLIENT, "Ce n'est pas réglé, la porte bloque encore.")) != ["rien de connu"]


def test_a_question_of_the_firm_waits_for_the_customer() -> None:
    said = ((CLIENT, "Mon joint est abîmé"), (STAFF, "Pouvez-vous nous envoyer une photo du joint ?"))
    assert still_open(*said) == ["sans réponse du client, « Pouvez-vous nous envoyer une photo du joint ? »"]


def test_a_long_message_is_cut_at_sentences_and_says_so() -> None:
    long = "Nous habitons ici depuis longtemps. " * 12 + "Pouvez-vous changer la serrure de la porte ?"
    asked = lines((CLIENT, long))[0]
    assert "Pouvez-vous changer la serrure de la porte ?" in asked
    assert "[…]" in asked
    assert len(asked) < 280


def test_there_is_a_summary_as_soon_as_there_is_something_to_read() -> None:
    assert quote(told()).text == ""
    assert quote(told((CLIENT, "   "))).text == ""
    assert quote(told((SYSTEM, "Ouvert"))).text == ""
    assert quote(told((CLIENT, "Bonjour"))).text.splitlines()[0] == "Demande : Bonjour"
    assert quote(told((CLIENT, "?!"))).text.startswith("Demande : ?!")
    assert quote(told((CLIENT, ""), photos=True)).text == "Demande : des photos, sans texte\nDossier : photos oui"


def test_an_endless_conversation_is_read_from_both_ends() -> None:
    said = [
        (CLIENT, "Ma serrure est cassée, que faire ?"),
        *[(CLIENT, "mot " * 900)] * 40,
        (STAFF, "x" * 8000),
        (CLIENT, "Qui vient changer le vitrage ?"),
    ]
    case = told(*said)
    assert sum(len(turn.text) for turn in readable(case).turns) < 50_000
    text = quote(case).text
    assert "Demande : Ma serrure est cassée, que faire ?" in text
    assert "Reste à faire : Qui vient changer le vitrage ?" in text
    assert "xxx" not in text
