"""A person takes over: every open reply slot of the case is filled with a short true notice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select, text
from sqlalchemy.exc import NoResultFound
from sqlalchemy.orm import object_session
from uuid_utils.compat import uuid7

from webapp import metrics
from webapp.domain import (
    OPEN_JOB_STATUSES,
    Author,
    ConversationStatus,
    HandoverReason,
    JobKind,
    JobStatus,
    Outcome,
)
from webapp.models import Conversation, Draft, Job, Message
from webapp.services import briefs, jobs
from webapp.texts import say

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

    from webapp.domain import Brief
    from webapp.services.jobs import Claim

# A person already speaks, or nobody is owed anything any more.
_NOBODY_IS_OWED = (HandoverReason.STAFF_SPOKE, HandoverReason.CLOSED)

# A person who is owed already needs to hear of these all the same.
_TELL_MORE = (HandoverReason.SAFETY, HandoverReason.CUSTOMER)

_FILL_SLOT = text("""
UPDATE job SET status = :status, reply_id = :reply, worker_key = NULL, lease_until = NULL, fence = fence + 1,
    error_code = :reason, finished_at = clock_timestamp() WHERE id = :id
""")


def lock_conversation(session: Session, conversation_id: UUID) -> Conversation:
    """Lock a case. Everybody takes this lock before those of its jobs, so nobody waits in a circle.

    Raises:
        NoResultFound: it was removed, perhaps while the lock was waited for.
    """
    conversation = find_and_lock(session, conversation_id)
    if conversation is None:
        raise NoResultFound
    return conversation


def find_and_lock(session: Session, conversation_id: UUID) -> Conversation | None:
    """Lock a case as `lock_conversation` does; None when it was removed."""
    return session.execute(
        select(Conversation)
        .where(Conversation.id == conversation_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()


def lock_claimed(session: Session, claim: Claim) -> Conversation | None:
    """Lock the case of a claim, then its job; None when the claim no longer stands: ended, or erased with its case."""
    conversation = find_and_lock(session, claim.case)
    return conversation if conversation is not None and jobs.stands(session, claim) else None


def say_next(session: Session, conversation: Conversation, message: Message) -> Message:
    """Append a message to a locked conversation."""
    conversation.last_seq += 1
    touch(conversation)
    message.id, message.conversation_id, message.seq = uuid7(), conversation.id, conversation.last_seq
    session.add(message)
    session.flush()
    metrics.MESSAGES.labels(message.role).inc()
    return message


def touch(conversation: Conversation) -> None:
    """Mark a locked conversation as changed: its readers' entity tags no longer match."""
    conversation.version += 1
    conversation.updated_at = func.clock_timestamp()


def hand_over_open_replies(
    session: Session, conversation: Conversation, reason: HandoverReason, brief: Brief | None = None
) -> int:
    """Fill every open reply slot of a locked conversation; return how many there were."""
    return _hand_over(session, conversation, reason, Job.kind == JobKind.REPLY, brief)


def hand_over_reply(
    session: Session, conversation: Conversation, job_id: UUID, reason: HandoverReason, brief: Brief
) -> int:
    """Fill one reply slot of a locked conversation; 0 when it is filled already."""
    return _hand_over(session, conversation, reason, Job.id == job_id, brief)


def give_up(session: Session, conversation_id: UUID, job_id: UUID, reason: HandoverReason) -> int:
    """Hand one question to a person (deadline, crashes, fatal fault); 0 when its reply, or an erasure, was quicker."""
    conversation = find_and_lock(session, conversation_id)
    return 0 if conversation is None else _hand_over(session, conversation, reason, Job.id == job_id)


def _hand_over(
    session: Session,
    conversation: Conversation,
    reason: HandoverReason,
    which: ColumnElement[bool],
    brief: Brief | None = None,
) -> int:
    open_jobs = session.scalars(
        select(Job)
        .where(Job.conversation_id == conversation.id, Job.status.in_(OPEN_JOB_STATUSES), which)
        .order_by(Job.number)
        .with_for_update()
    ).all()
    for job in open_jobs:
        _fill_slot(session, conversation, job, reason)
    if open_jobs and reason in _NOBODY_IS_OWED:
        metrics.HANDOVERS.labels(reason).inc()
    elif open_jobs:
        owe_a_person(conversation, reason, brief)
        session.flush()
    return len(open_jobs)


def owe_a_person(conversation: Conversation, reason: HandoverReason, brief: Brief | None = None) -> None:
    """Put a locked conversation among those that wait for a person.

    One that waits already keeps its place and is not counted again.
    """
    waits = conversation.waiting_since is not None
    conversation.status = ConversationStatus.WAITING_STAFF
    conversation.no_answers = 0
    if waits and (reason not in _TELL_MORE or conversation.handover_reason is HandoverReason.SAFETY):
        return
    if not waits:
        metrics.HANDOVERS.labels(reason).inc()
        conversation.waiting_since = func.clock_timestamp()
    conversation.handover_reason = reason
    _tell(conversation, brief)


def owe_a_look(conversation: Conversation, brief: Brief | None) -> None:
    """Put a locked conversation among those that wait: a person was promised for the pictures that came.

    No question is handed over, and the assistant goes on answering.
    """
    if conversation.waiting_since is None:
        conversation.waiting_since = func.clock_timestamp()
        conversation.handover_reason = None
        _tell(conversation, brief)
    conversation.status = ConversationStatus.WAITING_STAFF


def _tell(conversation: Conversation, brief: Brief | None) -> None:
    """Write down what the person who takes the case should know first."""
    session = object_session(conversation)
    if brief is None and session is not None:
        brief = briefs.of(session, conversation)
    conversation.brief = None if brief is None else briefs.write(brief, conversation.language)


def _fill_slot(session: Session, conversation: Conversation, job: Job, reason: HandoverReason) -> None:
    notice = Message(
        role=Author.ASSISTANT,
        content=say(f"notices.handed_over.{reason}", conversation.language),
        reply_to=job.message_id,
        outcome=Outcome.HANDED_OVER,
        owes_reply=False,
    )
    say_next(session, conversation, notice)
    session.execute(
        _FILL_SLOT, {"id": job.id, "reply": notice.id, "status": JobStatus.HANDED_OVER.value, "reason": reason.value}
    )
    session.execute(delete(Draft).where(Draft.job_id == job.id))
