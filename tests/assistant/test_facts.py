"""What labels and invoices name, and what only looks like it."""

from __future__ import annotations

import pytest

from webapp.assistant.facts import MOST_OF_A_KIND, find_facts

TRUE = {
    "Commande n°CMD2024-0117": "order_number CMD2024-0117",
    "N° de commande 45871 du 12 mars 2024": "order_number 45871, date 2024-03-12",
    "N° commande : 2024-118": "order_number 2024-118",
    "Order number: ord-88120": "order_number ORD-88120",
    "Your order CMD-4455 has shipped": "order_number CMD-4455",
    "Bon de commande\n45871": "order_number 45871",
    "N° de série : SN 48213-77B": "serial_number 48213-77B",
    "S/N: AB12345678": "serial_number AB12345678",
    "Serial No. 7781-AC-09": "serial_number 7781-AC-09",
    "Réf. FEN-PVC-1200": "reference FEN-PVC-1200",
    "Part No. 55-1023-A": "reference 55-1023-A",
    "Facture n° F2024-118 du 12/03/2024": "reference F2024-118, date 2024-03-12",
    "Facture n°F2024-118du 12/03/2024": "reference F2024-118, date 2024-03-12",  # read without its blanks
    "Facture n° F2024-118 du12/03/2024": "reference F2024-118, date 2024-03-12",
    "Invoice No INV-0042 dated 3 March 2024": "reference INV-0042, date 2024-03-03",
    "Fabriqué le 12/03/24": "date 2024-03-12",
    "Date d'achat : 2024-02-28": "date 2024-02-28",
    "Livrée le 5 avril 2024": "date 2024-04-05",
    "N° de commande | Date | Réf. client\nCMD2024-9 | 02/02/2024 | C0042": "order_number CMD2024-9, date 2024-02-02",
    "Réf. | Désignation | Qté\nFEN-1200 | Fenêtre | 2\nVR-ELEC-77 | Volet | 1\nTotal | 12": "reference FEN-1200, "
    "reference VR-ELEC-77",
    "Commande CMD2024-0117\nRéf. CMD2024-0117": "order_number CMD2024-0117",  # one value is one fact
}
FALSE = """
Montant commande : 1250,00 €
Total commande : 1 250,00 €
Commande : 3 fenêtres
Acompte commande 1500
Commande à distance 433 MHz
Order before 12/05/2024 to get 10% off
Date d'échéance : 30/04/2024
Valable jusqu'au 31/12/2024
Date de naissance 12/03/1984
Imprimé le 12/03/2024
Fabriqué le 31/02/2024
Référence client C0042
N° client : 100234
SIRET 123 456 789 00012 - TVA FR12123456789 - Tél. 03 88 00 00 00
IBAN FR76 3000 4000 0312 3456 7890 143
Conforme à la norme EN 1090-1
Réf. norme EN 14351
EN 14351-1:2006+A2:2016
CO2 : 12 kg/an
Dimensions 1200 x 1400 mm
fait partie de la série 3000 mm
SNCF 12345
Article 1240 du Code civil
Art. L217-4 du Code de la consommation
Modèle 2024
Repère 3
"""


@pytest.mark.parametrize(("text", "expected"), TRUE.items())
def test_what_is_named_is_found_in_one_form(text: str, expected: str) -> None:
    assert ", ".join(f"{fact.kind} {fact.value}" for fact in find_facts(text)) == expected


@pytest.mark.parametrize("line", FALSE.strip().splitlines())
def test_amounts_people_laws_and_standards_are_none(line: str) -> None:
    assert find_facts(line) == ()


def test_a_catalogue_says_nothing_of_this_case() -> None:
    lines = [f"Réf. FEN-{number}00" for number in range(1, MOST_OF_A_KIND + 2)]
    assert len(find_facts("\n".join(lines[:-1]))) == MOST_OF_A_KIND
    assert find_facts("\n".join([*lines, "S/N AB1234"])) == find_facts("S/N AB1234")
