"""What the assistant would answer, for a person to accept or edit: asked for, thought by a worker, never sent."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from sqlalchemy import exists, or_, select

from webapp.domain import (
    OPEN_JOB_STATUSES,
    Audience,
    Author,
    ConversationStatus,
    JobKind,
    JobStatus,
    Outcome,
    Question,
    Reply,
    Turn,
)
from webapp.errors import ConflictError, ConversationClosedError
from webapp.models import Document, Job, Message, PassageRow
from webapp.services import conversations, jobs, knowledge
from webapp.services.questions import HISTORY_TURNS
from webapp.services.replies import SourcesGoneError

if TYPE_CHECKING:
    from collections.abc import Collection
    from uuid import UUID

    from sqlalchemy import Select
    from sqlalchemy.orm import Session

    from webapp.services.accounts import Identity
    from webapp.services.jobs import Claim

DEADLINE_S = 120  # a person waits for it, and writes without it sooner than that


@dataclass(frozen=True, slots=True)
class Proposal:
    """`read` are the ids of the passages the reply was written from; `text` is the reply without its marks."""

    reply: Reply
    text: str
    read: tuple[int, ...]


def ask(session: Session, staff: Identity, conversation_id: UUID) -> UUID:
    """Ask for a proposal; while one is under way for the case, it is that one.

    Raises:
        ConversationClosedError: the case is closed.
        ConflictError: the customer has said nothing.
    """
    conversation = conversations.lock_visible(session, staff, conversation_id)
    if conversation.status is ConversationStatus.CLOSED:
        raise ConversationClosedError
    if conversation.last_client_seq == 0:
        raise ConflictError
    under_way = session.scalar(
        select(Job.id).where(
            Job.conversation_id == conversation_id,
            Job.kind == JobKind.PROPOSAL,
            Job.status.in_(OPEN_JOB_STATUSES),
        )
    )
    return under_way or jobs.enqueue(
        session,
        JobKind.PROPOSAL,
        deadline_s=DEADLINE_S,
        conversation_id=conversation_id,
        requester_id=staff.account_id,
    )


def question(session: Session, claim: Claim) -> Question:
    """Return what the customer said last in words, with what was said before it; notices of a hand-over answer nothing.

    A message that leans on the one before ("et quand ?") is read with it where passages are looked for.
    """
    asked = session.scalars(_said(claim).where(Message.role == Author.CLIENT, Message.content != "").limit(1)).first()
    if asked is None:  # pictures alone
        return Question("")
    before = session.scalars(
        _said(claim)
        .where(Message.seq < asked.seq, or_(Message.outcome.is_(None), Message.outcome != Outcome.HANDED_OVER))
        .limit(HISTORY_TURNS)
    ).all()
    return Question(asked.content, tuple(Turn(each.role, each.content, each.outcome) for each in reversed(before)))


def _said(claim: Claim) -> Select[Message]:
    """Return all that people and the assistant said in a case, newest first."""
    said = Message.conversation_id == claim.case, Message.role != Author.SYSTEM
    return select(Message).where(*said).order_by(Message.seq.desc())


def record(session: Session, claim: Claim, proposal: Proposal) -> bool:
    """Keep a proposal as its job's result; False when the claim no longer stands.

    Raises:
        SourcesGoneError: a document it was written from is no longer published.
    """
    if not knowledge.still_published(session, list(proposal.read), staff=True):
        raise SourcesGoneError
    answers = proposal.reply.outcome is not Outcome.NO_ANSWER
    sources = proposal.reply.sources if answers else ()
    result = {
        "text": proposal.text if answers else "",
        "sources": [asdict(source) | {"document_id": str(source.document_id)} for source in sources],
        "internal": _is_internal(session, proposal.read),
    }
    return jobs.end(session, claim, JobStatus.SUCCEEDED, result=json.dumps(result))


def _is_internal(session: Session, passage_ids: Collection[int]) -> bool:
    """Say whether customers may not read one of the passages: its words may stand in the text all the same."""
    kept_back = (
        exists()
        .where(PassageRow.id.in_(passage_ids), Document.id == PassageRow.document_id)
        .where(Document.audience == Audience.INTERNAL)
    )
    return bool(session.scalar(select(kept_back)))
