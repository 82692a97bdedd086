"""The summary of a closed conversation: what was asked, what was done, what stays open, and the protocol's fields."""

from __future__ import annotations

from typing import TYPE_CHECKING

from webapp.assistant import language, summary_fields, summary_lines
from webapp.assistant.summary_turns import readable
from webapp.domain import Author, Language, Summary, SummaryFields

if TYPE_CHECKING:
    from collections.abc import Sequence

    from webapp.domain import ToldCase

WORDS = {
    Language.FR: {
        "asked": "Demande",
        "staff": "Réponse de l’équipe",
        "assistant": "Réponse de l’assistant",
        "done": "Réponse",
        "nothing_done": "aucune",
        "asked_back": "Demandé au client",
        "open": "Reste à faire",
        "nothing_open": "rien de connu",
        "customer_owes": "sans réponse du client",
        "only_photos": "des photos, sans texte",
        "case": "Dossier",
        "order_number": "commande",
        "position": "repère",
        "product": "produit",
        "defect": "défaut",
        "photos": "photos",
        "yes": "oui",
        "site_address": "adresse",
        "availability": "disponibilités",
        "contact": "contact",
        "colon": " : ",
    },
    Language.EN: {
        "asked": "Asked",
        "staff": "Answer of the team",
        "assistant": "Answer of the assistant",
        "done": "Answer",
        "nothing_done": "none",
        "asked_back": "Asked of the customer",
        "open": "Still open",
        "nothing_open": "nothing known",
        "customer_owes": "not answered by the customer",
        "only_photos": "photos, without a text",
        "case": "Case",
        "order_number": "order",
        "position": "position",
        "product": "product",
        "defect": "defect",
        "photos": "photos",
        "yes": "yes",
        "site_address": "address",
        "availability": "availability",
        "contact": "contact",
        "colon": ": ",
    },
}


def quote(case: ToldCase) -> Summary:
    """The summary in the conversation's own words, made at once; without a text when there is nothing to read."""
    case = readable(case)
    spoken = language_of(case)
    fields = summary_fields.find(case, spoken)
    lines = summary_lines.read(case.turns, spoken)
    if lines.asked or lines.done:
        return Summary(lay_out(rows(lines, spoken), fields, spoken), fields)
    only_photos = [("asked", WORDS[spoken]["only_photos"])]
    return Summary(lay_out(only_photos, fields, spoken) if case.photos else "", fields)


def language_of(case: ToldCase) -> Language:
    """The language the customer wrote in; the case's own when their words do not tell."""
    said = "\n".join(turn.text for turn in case.turns if turn.author is Author.CLIENT)
    return language.detect(said, case.language)


def lay_out(rows: Sequence[tuple[str, str]], fields: SummaryFields, spoken: Language) -> str:
    """Rows of (key of WORDS, text) as labelled lines, then the fields found on one."""
    words = WORDS[spoken]
    lines = [f"{words[key]}{words['colon']}{text}" for key, text in rows]
    told = "\n".join(text for _, text in rows)
    facts = [
        f"{words[name]} {words['yes'] if value is True else value}"
        for name in fields.__slots__
        if (value := getattr(fields, name)) and not (name == "defect" and value in told)
    ]
    return "\n".join([*lines, f"{words['case']}{words['colon']}{' ; '.join(facts)}"] if facts else lines)


def rows(lines: summary_lines.Lines, spoken: Language) -> list[tuple[str, str]]:
    """What was asked, done and stays open, each under its key of WORDS."""
    words = WORDS[spoken]
    rows = [("asked", text) for text in lines.asked]
    rows += [(author.value, text) for author, text in lines.done]
    if not lines.done:
        rows.append(("asked_back", lines.asked_back) if lines.asked_back else ("done", words["nothing_done"]))
    if lines.owed_by_customer:
        return [*rows, ("open", f"{words['customer_owes']}, « {lines.owed_by_customer} »")]
    return rows + [("open", text) for text in lines.open or [words["nothing_open"]]]
