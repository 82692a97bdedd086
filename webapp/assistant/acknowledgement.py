"""What the customer is told of the files that came with a message: received or not, and what is still needed.

Photos are passed on, not judged: nothing here says what one shows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from webapp.assistant import facts, summary_fields
from webapp.assistant.summary_cues import DEFECT, cue
from webapp.domain import AttachmentState, Author, FactKind, Language, ToldCase, Turn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from webapp.domain import Question, Received

_COUNTED = {
    Language.FR: {
        "photo": ("une photo", "{} photos"),
        "pdf": ("un PDF", "{} PDF"),
        "refused": (
            "Un fichier n’a pas été retenu : la raison est écrite à côté.",
            "{} fichiers n’ont pas été retenus : les raisons sont écrites à côté.",
        ),
        "poor": (
            "Une photo est difficile à lire : un conseil est écrit à côté.",
            "{} photos sont difficiles à lire : les conseils sont écrits à côté.",
        ),
    },
    Language.EN: {
        "photo": ("a photo", "{} photos"),
        "pdf": ("a PDF", "{} PDFs"),
        "refused": (
            "One file was not kept: the reason is written beside it.",
            "{} files were not kept: the reasons are written beside them.",
        ),
        "poor": (
            "One photo is hard to read: there is advice beside it.",
            "{} photos are hard to read: there is advice beside them.",
        ),
    },
}
_WORDS = {
    Language.FR: {
        "and": " et ",
        "received": "Merci, j’ai bien reçu {}.",
        "photo_looked_at": "Une personne de l’équipe la regardera : je ne peux pas la juger moi-même.",
        "pdf_looked_at": "Une personne de l’équipe le regardera : je ne peux pas le juger moi-même.",
        "all_looked_at": "Une personne de l’équipe les regardera : je ne peux pas les juger moi-même.",
        "needed": "Pour l’aider, indiquez-nous aussi {}.",
        "order": "votre numéro de commande",
        "proposed": "si le numéro de commande proposé sous votre message est exact",
        "product": "le produit concerné",
        "defect": "ce qui ne va pas",
    },
    Language.EN: {
        "and": " and ",
        "received": "Thank you, I have received {}.",
        "photo_looked_at": "A person from our team will look at it: I cannot judge it myself.",
        "pdf_looked_at": "A person from our team will look at it: I cannot judge it myself.",
        "all_looked_at": "A person from our team will look at them: I cannot judge them myself.",
        "needed": "To help them, please also tell us {}.",
        "order": "your order number",
        "proposed": "whether the order number proposed under your message is right",
        "product": "which product it is",
        "defect": "what is wrong",
    },
}


def kept(question: Question) -> list[Received]:
    """The files of a message that were not refused; one may still be on its way through the cleaning."""
    return [file for file in question.received if file.state is not AttachmentState.REJECTED]


def acknowledge(question: Question, spoken: Language) -> str:
    """What to say of the files of a message; "" when it came with none. Why one was refused stands beside it."""
    words, files = _WORDS[spoken], kept(question)
    lines = []
    if files:
        lines.append(f"{words['received'].format(counted(files, spoken))} {words[_looked_at(files)]}")
    beside = {"refused": len(question.received) - len(files), "poor": sum(file.is_poor for file in files)}
    lines += [_told(what, count, spoken) for what, count in beside.items() if count]
    needed = [words[key] for key in _needed(question, spoken)] if files else []
    if needed:
        lines.append(words["needed"].format(_listed(needed, spoken)))
    return "\n\n".join(lines)


def counted(files: Sequence[Received], spoken: Language) -> str:
    """Such as "2 photos and a PDF"."""
    numbers = {"photo": sum(not file.is_pdf for file in files), "pdf": sum(file.is_pdf for file in files)}
    return _listed([_told(kind, count, spoken) for kind, count in numbers.items() if count], spoken)


def _told(what: str, count: int, spoken: Language) -> str:
    return _COUNTED[spoken][what][count > 1].format(count)


def _looked_at(files: Sequence[Received]) -> str:
    if len(files) > 1:
        return "all_looked_at"
    return "pdf_looked_at" if files[0].is_pdf else "photo_looked_at"


def _needed(question: Question, spoken: Language) -> list[str]:
    """What the firm's protocol asks of a case and the customer has not said, in whichever language."""
    turns = (*question.history, Turn(Author.CLIENT, question.text))
    case = ToldCase(turns, spoken, confirmed=question.confirmed)
    fields = [summary_fields.find(case, each) for each in Language]
    told = any(DEFECT.search(cue(turn.text)) for turn in turns if turn.author is Author.CLIENT)
    known = {
        "order": any(each.order_number for each in fields),
        "product": any(each.product for each in fields),
        "defect": told or any(each.defect for each in fields),
    }
    needed = [name for name, value in known.items() if not value]
    return ["proposed" if name == "order" and _proposes_order(question) else name for name in needed]


def _proposes_order(question: Question) -> bool:
    read = [fact for file in question.received for fact in facts.find_facts(file.transcript)]
    return any(fact.kind is FactKind.ORDER_NUMBER for fact in read)


def _listed(parts: Sequence[str], spoken: Language) -> str:
    *first, last = parts
    return f"{', '.join(first)}{_WORDS[spoken]['and']}{last}" if first else last
