"""The protocol's fields: found by their shape, and never but where somebody wrote them."""

from __future__ import annotations

import pytest

from tests.assistant.told import CLIENT, DOOR, SHUTTER, STAFF, told
from webapp.assistant.summary_fields import find, supported
from webapp.domain import Language, SummaryFields


def field(name: str, text: str, language: Language = Language.FR) -> str | None:
    found: str | None = getattr(find(told((CLIENT, text)), language), name)
    return found


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("Ma commande n° 118-2045 est incomplète", "118-2045"),
        ("Commande CMD2024-001", "CMD2024-001"),
        ("commande : 45678", "45678"),
        ("Mon numéro de commande est le 45678.", "45678"),
        ("Bon de commande n°12", "12"),
        ("my order number is 2024-118", "2024-118"),
        ("Order #A12", "A12"),
        ("Ma commande du 12/05/2024 est en retard", None),
        ("Ma commande passée en 2024", None),
        ("Ma commande 2024 est en retard", None),
        ("J'ai commandé 12 fenêtres", None),
        ("Ma commande est bloquée depuis 3 jours", None),
        ("Rappelez-moi au 06 12 34 56 78", None),
    ],
)
def test_order_numbers(text: str, number: str | None) -> None:
    assert field("order_number", text) == number


def test_a_number_that_answers_the_firms_question_needs_no_words_around_it() -> None:
    asked = (STAFF, "Quel est votre numéro de commande ?")
    assert find(told(asked, (CLIENT, "c'est 118-2045")), Language.FR).order_number == "118-2045"
    assert find(told(asked, (CLIENT, "appelez le 06 12 34 56 78")), Language.FR).order_number is None
    assert find(told((STAFF, "Quel est votre étage ?"), (CLIENT, "le 118-2045")), Language.FR).order_number is None


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("C'est le repère 3", "3"),
        ("repère n° 12 du bon", "12"),
        ("position ARC 004", "004"),
        ("Les positions 3 et 4 sont rayées", "3 et 4"),
        ("Repère A", "A"),
        ("Le volet reste en position basse", None),
        ("Le volet est en position ouverte depuis 3 jours", None),
        ("Le châssis fait 1200 mm", None),
    ],
)
def test_positions(text: str, position: str | None) -> None:
    assert field("position", text) == position


@pytest.mark.parametrize(
    ("text", "language", "product"),
    [
        ("Le moteur de mon volet roulant", Language.FR, "volet roulant"),
        ("Ma porte-fenêtre frotte", Language.FR, "porte-fenêtre"),
        ("La poignée est cassée", Language.FR, "poignée"),
        ("Ma plainte porte sur le délai", Language.FR, None),
        ("The roller shutter is stuck", Language.EN, "roller shutter"),
        ("It runs on Windows 10 in a browser window", Language.EN, None),
    ],
)
def test_products(text: str, language: Language, product: str | None) -> None:
    assert field("product", text, language) == product


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("J'habite 12 bis rue de la Paix, 67000 Strasbourg", "12 bis rue de la Paix, 67000 Strasbourg"),
        ("Chantier au 4 impasse du Moulin à Colmar.", "4 impasse du Moulin à Colmar"),
        ("C'est à 68000 Colmar", "68000 Colmar"),
        ("Station Road? No: 12 Station Road, Reading RG1 1LX", "12 Station Road, Reading RG1 1LX"),
        ("Mettez-le en place au plus vite", None),
        ("Il n'y a pas la place pour cela, en route", None),
        ("Commande 45678 Bonjour", None),
    ],
)
def test_addresses(text: str, address: str | None) -> None:
    assert field("site_address", text) == address


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("Je suis disponible mardi matin.", "Je suis disponible mardi matin."),
        ("Vous pouvez passer jeudi après 14h", "Vous pouvez passer jeudi après 14h"),
        ("I am at home on Monday", "I am at home on Monday"),
        ("La porte est tombée lundi matin", None),
        ("Êtes-vous disponible ?", None),
    ],
)
def test_availability(text: str, moment: str | None) -> None:
    assert field("availability", text) == moment


def test_contacts_are_the_customers_alone() -> None:
    assert field("contact", "Au 06.12.34.56.78 ou a.b@exemple.fr") == "06.12.34.56.78, a.b@exemple.fr"
    assert field("contact", "+33 6 12 34 56 78") == "+33 6 12 34 56 78"
    assert field("contact", "commande n° 0612345678") is None
    assert find(told((STAFF, "Appelez le 03 88 00 00 00")), Language.FR).contact is None


def test_photos_are_known_when_some_came_and_unknown_otherwise() -> None:
    assert find(told((CLIENT, "Voici"), photos=True), Language.FR).photos is True
    assert find(told((CLIENT, "Je vous joins une photo")), Language.FR).photos is None


@pytest.mark.parametrize(("said", "language"), [(SHUTTER, Language.FR), (DOOR, Language.EN)])
def test_every_field_found_stands_in_the_conversation(said: tuple[tuple[str, str], ...], language: Language) -> None:
    case = told(*said)  # type: ignore[arg-type]  # authors are texts
    found = find(case, language)
    assert supported(found, case) == found
    assert all(getattr(found, name) for name in found.__slots__ if name != "photos")


def test_a_field_that_stands_nowhere_is_dropped() -> None:
    case = told(*SHUTTER)
    told_by_model = SummaryFields(
        order_number="CMD2024-00",  # a part of a word
        position="3",
        product="Volet  Roulant",
        defect="moteur grillé",
        site_address="12 rue des Lilas, Strasbourg",
        availability="mardi matin ou jeudi après 14h",
        contact="03 88 00 00 00",  # the firm's own
    )
    assert supported(told_by_model, case) == SummaryFields(
        position="3",
        product="Volet  Roulant",
        site_address="12 rue des Lilas, Strasbourg",
        availability="mardi matin ou jeudi après 14h",
    )


def test_a_list_of_values_stands_when_each_does() -> None:
    case = told(*SHUTTER)
    both = SummaryFields(contact="camille.martin@exemple.fr, 06 12 34 56 78")
    assert supported(both, case) == both
    assert supported(SummaryFields(contact="06 12 34 56 78, 06 99 99 99 99"), case).contact is None
    assert supported(SummaryFields(defect="x" * 301), told((CLIENT, "x" * 301))).defect is None
    assert supported(SummaryFields(defect=", "), case).defect is None
