from __future__ import annotations

import pytest

from webapp.assistant import grounding, values

SOURCE = """Structure : 15 ans. Prix : 1 250,50 €. Téléphone : 03 20 11 22 33. Écrire à sav@fenetres-lune.fr
ou voir https://www.fenetres-lune.fr/aide. Édition du 12/03/2024. Référence VX-2040. Magasin : 8 rue des Lilas."""
KNOWN = values.known(SOURCE)


@pytest.mark.parametrize(
    "text",
    [
        "La structure est garantie 15 ans [1].",
        "La structure est garantie quinze ans [2].",
        "The frame is covered for fifteen years.",
        "Cela coûte 1250,5 € [1].",
        "It costs 1,250.50 euros.",
        "Appelez le 03.20.11.22.33 ou le +33 3 20 11 22 33.",
        "Écrivez à SAV@fenetres-lune.fr.",
        "Voir fenetres-lune.fr/aide.",
        "L'édition du 12 mars 2024 le dit.",
        "L'édition du 12 mars le dit.",
        "La pièce vx2040 convient.",
        "Le magasin est au 8 rue des Lilas.",
        "Nous sommes désolés. Un collègue reprend votre demande.",
    ],
)
def test_values_of_the_source_are_supported_however_written(text: str) -> None:
    assert grounding.unsupported(text, KNOWN) == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("La garantie est de 20 ans.", "20"),
        ("La garantie est de douze ans.", "douze"),
        ("Cela coûte 125,50 €.", "125,50"),
        ("Appelez le 06 11 22 33 44.", "06 11 22 33 44"),
        ("Écrivez à pirate@ailleurs.example.", "pirate@ailleurs.example"),
        ("Cliquez sur http://ailleurs.example/x", "http://ailleurs.example/x"),
        ("Voir [ici](javascript:alert(9))", "9"),
        ("Livraison le 13 mars 2024.", "13 mars 2024"),
        ("Commande CMD2024-002.", "CMD2024-002"),
        ("Venez au 8 rue des Roses.", "rue des Roses"),
    ],
)
def test_values_of_nowhere_are_found(text: str, value: str) -> None:
    assert value in grounding.unsupported(text, KNOWN)


def test_a_draft_stops_before_the_first_unsupported_value() -> None:
    assert grounding.draft("La structure tient 15 ans, le vitrage 99 ans.", KNOWN) == (
        "La structure tient 15 ans, le vitrage"
    )


@pytest.mark.parametrize("text", ["La garantie est de 1", "Appelez sav@fen", "Voir https://www", "Garantie [1"])
def test_a_draft_holds_back_a_word_that_may_still_grow(text: str) -> None:
    assert grounding.draft(text, KNOWN) in text.rsplit(" ", 1)[0] + " "


def test_sentences_with_unsupported_values_are_dropped_and_others_kept() -> None:
    text = "La structure est garantie 15 ans [1]. Nous passerons le 4 juin. Un collègue vous répondra."
    assert grounding.keep_supported(text, KNOWN) == "La structure est garantie 15 ans [1]. Un collègue vous répondra."


def test_nothing_is_left_of_a_text_of_invented_values() -> None:
    assert grounding.keep_supported("Remboursement de 300 €.", KNOWN) == ""


def test_the_numbers_of_a_list_are_no_values() -> None:
    assert (
        grounding.keep_supported("1. Ouvrez la fenêtre.\n2. Fermez-la.", frozenset())
        == "- Ouvrez la fenêtre.\n- Fermez-la."
    )
