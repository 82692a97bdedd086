"""What a reply job asks of the assistant: the message, what was said before, its files and what decides by whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from webapp.domain import AttachmentState, Author, FactKind, FoundFact, Language, Outcome, Question, Received, Turn
from webapp.media import MediaType
from webapp.models.prepared import Prepared

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from webapp.services.jobs import Claim

HISTORY_TURNS = 40  # more than any token budget keeps

# One look at all of it, since each reply begins here. `ends` marks what the last words that led to a person, or to the
# closing of the case, end with; each closing has its summary job.
_ASKED = Prepared(
    "asked",
    f"""
SELECT m.content, c.language, c.waiting_since IS NOT NULL AS awaits_person,
    coalesce(firm.choices -> 'safety_words', 'null') AS safety_words,
    coalesce(firm.choices -> 'use_model', 'true') <> 'false' AS use_model,
    (SELECT json_agg(json_build_object('author', b.role, 'text', b.content, 'outcome', b.outcome, 'ends', b.ends)
                     ORDER BY b.seq)
     FROM (SELECT said.role, said.content, said.outcome, said.seq,
               coalesce(said.role = 'staff' OR said.outcome = 'handed_over' OR said.created_at <= closing.at, false)
                   AS ends
           FROM message said
           WHERE said.conversation_id = m.conversation_id AND said.seq < m.seq AND said.role <> 'system'
           ORDER BY said.seq DESC LIMIT {HISTORY_TURNS}) b) AS before,
    (SELECT json_agg(json_build_object('name', f.name, 'media_type', f.media_type, 'state', f.state,
                                       'is_poor', f.faults <> '[]', 'transcript', f.transcript) ORDER BY f.position)
     FROM attachment f WHERE f.message_id = m.id) AS files,
    (SELECT json_agg(json_build_array(known.kind, known.value) ORDER BY known.created_at, known.id)
     FROM fact known WHERE known.conversation_id = c.id AND known.state = 'confirmed') AS facts
FROM message m JOIN conversation c ON c.id = m.conversation_id LEFT JOIN firm ON true
LEFT JOIN LATERAL (SELECT max(j.created_at) AS at FROM job j
                   WHERE j.conversation_id = c.id AND j.kind = 'summary') closing ON true
WHERE m.id = :message
""",  # noqa: S608  a constant of ours
    message="uuid",
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, and what decides whether a person takes it over at once.

    `lately` is what was said since the case last went back to the assistant; `awaits_person` that one is owed already;
    `use_model` is the firm's choice.
    """

    question: Question
    lately: tuple[Turn, ...]
    safety_words: tuple[str, ...]
    language: Language
    awaits_person: bool
    use_model: bool


def asked(session: Session, claim: Claim) -> Asked:
    """Return the message that a claimed reply job must answer, with what was said before it."""
    row = _ASKED.execute(session, {"message": claim.message_id}).one()
    before: Sequence[dict[str, Any]] = row.before or ()
    confirmed = tuple(FoundFact(FactKind(kind), value) for kind, value in row.facts or ())
    return Asked(
        Question(row.content, _turns(before), tuple(_received(file) for file in row.files or ()), confirmed),
        _turns(_lately(before)),
        tuple(row.safety_words or ()),
        Language(row.language),
        row.awaits_person,
        row.use_model,
    )


def _turns(said: Sequence[dict[str, Any]]) -> tuple[Turn, ...]:
    return tuple(
        Turn(Author(each["author"]), each["text"], None if each["outcome"] is None else Outcome(each["outcome"]))
        for each in said
    )


def _lately(before: Sequence[dict[str, Any]]) -> Sequence[dict[str, Any]]:
    """Return what follows a person's words, a hand-over and a closing: what led there is not counted twice."""
    ends = [place for place, each in enumerate(before, 1) if each["ends"]]
    return before[ends[-1] :] if ends else before


def _received(file: dict[str, Any]) -> Received:
    """Tell what is known of a file that came with the message."""
    # A PDF is told by its name too: once clean, its pages are pictures.
    is_pdf = file["media_type"] == MediaType.PDF or file["name"].lower().endswith(".pdf")
    return Received(is_pdf, AttachmentState(file["state"]), file["is_poor"], file["transcript"])
