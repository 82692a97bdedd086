"""The summary of a closed case: owed when it is closed, written by a job, corrected by people."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, or_, select, update

from webapp.domain import (
    Author,
    ConversationStatus,
    JobKind,
    JobStatus,
    Outcome,
    Summary,
    SummaryFields,
    SummaryState,
    ToldCase,
    Turn,
)
from webapp.errors import ConflictError
from webapp.models import Conversation, Job, Message
from webapp.services import facts, firm, jobs, photos
from webapp.services.handover import lock_claimed, touch

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.orm import Session

    from webapp.services.jobs import Claim

DEADLINE_S = 24 * 3600  # workers that were away for a night still write it


@dataclass(frozen=True, slots=True)
class Reading:
    """What a summary is written from; `use_model` is the firm's choice."""

    case: ToldCase
    use_model: bool


def owe(session: Session, conversation: Conversation, requester_id: UUID) -> UUID:
    """Owe the summary of a locked, closed case.

    Returns:
        The job, the one of before when nothing was said since; a new one where that ended while the case was open.
    """
    if conversation.summary_state is SummaryState.PENDING:
        ended = Job.dedupe_key == _key(conversation), Job.finished_at.is_not(None)
        session.execute(update(Job).where(*ended).values(dedupe_key=None))
    return jobs.enqueue(
        session,
        JobKind.SUMMARY,
        deadline_s=DEADLINE_S,
        conversation_id=conversation.id,
        requester_id=requester_id,
        dedupe_key=_key(conversation),
        request={"seq": conversation.last_seq},
    )


def give_another_chance(session: Session, conversation: Conversation) -> None:
    """Let a summary that failed be owed anew when its locked case, reopened, is closed again."""
    if conversation.summary_state is SummaryState.UNAVAILABLE:
        session.execute(update(Job).where(Job.dedupe_key == _key(conversation)).values(dedupe_key=None))


def _key(conversation: Conversation) -> str:
    return f"summary:{conversation.id}:{conversation.last_seq}"


def reading(session: Session, claim: Claim) -> Reading | None:
    """Return all that people and the assistant said in a case, oldest first; None when no summary is wanted any more.

    Notices of a hand-over are left out: they answer nothing.
    """
    conversation = session.get_one(Conversation, claim.conversation_id)
    if not _is_wanted(conversation, claim):
        return None
    said = session.scalars(
        select(Message)
        .where(Message.conversation_id == conversation.id, Message.role != Author.SYSTEM)
        .where(or_(Message.outcome.is_(None), Message.outcome != Outcome.HANDED_OVER))
        .order_by(Message.seq)
    )
    turns = tuple(Turn(message.role, message.content, message.outcome) for message in said)
    sent = photos.sent_by_client(session, conversation.id)
    case = ToldCase(turns, conversation.language, sent, facts.confirmed(session, conversation.id))
    return Reading(case, firm.choices(session).use_model)


def record(session: Session, claim: Claim, summary: Summary) -> bool:
    """Write a summary, over an earlier one of the same closing; False when none is wanted any more."""
    conversation = lock_claimed(session, claim)
    if conversation is None or not _is_wanted(conversation, claim):
        return False
    state = SummaryState.READY if summary.text else SummaryState.UNAVAILABLE
    written = {"summary": summary.text or None, "summary_state": state, "summary_fields": asdict(summary.fields)}
    if any(getattr(conversation, name) != value for name, value in written.items()):
        touch(conversation)
    for name, value in written.items():
        setattr(conversation, name, value)
    conversation.summary_seq = conversation.last_seq
    session.flush()
    return True


def _is_wanted(conversation: Conversation, claim: Claim) -> bool:
    """Whether a case is still as it was closed: not opened again, nothing said since, not corrected by a person."""
    as_closed = claim.request.get("seq", conversation.last_seq) == conversation.last_seq
    return conversation.status is ConversationStatus.CLOSED and as_closed and not conversation.summary_edited


def end(session: Session, claim: Claim) -> bool:
    """End a summary job with what the case says now; False when its claim no longer stands."""
    conversation = lock_claimed(session, claim)
    if conversation is None:
        return False
    result = {"summary": conversation.summary or "", "fields": conversation.summary_fields}
    return jobs.end(session, claim, JobStatus.SUCCEEDED, result=json.dumps(result))


def try_again(session: Session, claim: Claim, attempt: int, delay_s: float) -> None:
    """Owe a further try with the model, as a job of its own: whoever follows this one is not kept waiting."""
    conversation = lock_claimed(session, claim)
    if conversation is None or not _is_wanted(conversation, claim):
        return
    jobs.enqueue(
        session,
        JobKind.SUMMARY,
        deadline_s=DEADLINE_S,
        conversation_id=conversation.id,
        requester_id=claim.requester_id,
        dedupe_key=f"{_key(conversation)}:{attempt}",
        request={"seq": conversation.last_seq, "attempt": attempt},
        next_at=func.clock_timestamp() + func.make_interval(0, 0, 0, 0, 0, 0, delay_s),
    )


def edit(session: Session, conversation: Conversation, text: str, fields: SummaryFields | None) -> None:
    """Correct the summary of a locked case; no job writes over it until something is said and it is closed again.

    Raises:
        ConflictError: there is no summary yet.
    """
    if conversation.summary_state is SummaryState.NONE:
        raise ConflictError
    conversation.summary, conversation.summary_state = text, SummaryState.READY
    if fields is not None:
        conversation.summary_fields = asdict(fields)
    conversation.summary_edited = True
    if conversation.status is ConversationStatus.CLOSED:
        conversation.summary_seq = conversation.last_seq
    touch(conversation)
    session.flush()
