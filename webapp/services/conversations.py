"""Cases as people see and move them. Every query starts from what this reader may see."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, exists, func, select, tuple_
from sqlalchemy.exc import NoResultFound
from sqlalchemy.orm import joinedload, selectinload

from webapp.domain import Author, ConversationStatus, HandoverReason, JobKind, SummaryState
from webapp.errors import ConflictError, ConversationClosedError, InvalidError, KeyReusedError, NotFoundError
from webapp.models import Conversation, Job, Message
from webapp.services import accounts, jobs
from webapp.services.handover import hand_over_open_replies, lock_conversation, owe_a_person, say_next, touch

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Select
    from sqlalchemy.orm import Session

    from webapp.services.accounts import Identity

MESSAGES_PER_PAGE = 500
SUMMARY_DEADLINE_S = 600


@dataclass(frozen=True, slots=True)
class Filter:
    """How a list is cut and sorted; `wait` puts the longest wait for a person first."""

    status: ConversationStatus | None = None
    assignee_id: UUID | None = None
    by_wait: bool = False
    after: tuple[datetime, UUID] | None = None
    limit: int = 50


def visible_to(reader: Identity) -> Select[Conversation]:
    """Return the cases this reader may see: a customer's own, everybody's for staff."""
    statement = select(Conversation).options(joinedload(Conversation.client), joinedload(Conversation.assignee))
    return statement if reader.is_staff else statement.where(Conversation.client_id == reader.account_id)


def get(session: Session, reader: Identity, conversation_id: UUID) -> Conversation:
    """Return a case.

    Raises:
        NotFoundError: there is none, or it is not theirs.
    """
    conversation = session.scalar(visible_to(reader).where(Conversation.id == conversation_id))
    if conversation is None:
        raise NotFoundError
    return conversation


def find(session: Session, reader: Identity, wanted: Filter) -> Sequence[Conversation]:
    """Return one page of a list, one row longer than the limit when there is more."""
    statement = visible_to(reader)
    if wanted.status is not None:
        statement = statement.where(Conversation.status == wanted.status)
    if wanted.assignee_id is not None:
        statement = statement.where(Conversation.assignee_id == wanted.assignee_id)
    return session.scalars(_page(statement, wanted).limit(wanted.limit + 1)).all()


def _page(statement: Select[Conversation], wanted: Filter) -> Select[Conversation]:
    if wanted.by_wait:
        place = tuple_(Conversation.waiting_since, Conversation.id)
        statement = statement.where(Conversation.waiting_since.is_not(None))
        statement = statement if wanted.after is None else statement.where(place > wanted.after)
        return statement.order_by(Conversation.waiting_since, Conversation.id)
    place = tuple_(Conversation.updated_at, Conversation.id)
    statement = statement if wanted.after is None else statement.where(place < wanted.after)
    return statement.order_by(Conversation.updated_at.desc(), Conversation.id.desc())


def messages(session: Session, conversation_id: UUID, after: int) -> Sequence[Message]:
    """Return the messages after a seq, one more than a page holds when there is more."""
    return session.scalars(
        select(Message)
        .options(selectinload(Message.author))
        .where(Message.conversation_id == conversation_id, Message.seq > after)
        .order_by(Message.seq)
        .limit(MESSAGES_PER_PAGE + 1)
    ).all()


def get_message(session: Session, reader: Identity, message_id: UUID) -> Message:
    """Return a message of a case the reader may see.

    Raises:
        NotFoundError: there is none, or it is not theirs.
    """
    statement = (
        select(Message)
        .join(Conversation, Conversation.id == Message.conversation_id)
        .options(joinedload(Message.author))
        .where(Message.id == message_id)
    )
    if not reader.is_staff:
        statement = statement.where(Conversation.client_id == reader.account_id)
    message = session.scalar(statement)
    if message is None:
        raise NotFoundError
    return message


def _lock(session: Session, reader: Identity, conversation_id: UUID) -> Conversation:
    get(session, reader, conversation_id)
    try:
        return lock_conversation(session, conversation_id)
    except NoResultFound:  # removed while we waited for the lock
        raise NotFoundError from None


def mark_seen(session: Session, conversation: Conversation) -> None:
    """Remember that staff has looked at a case up to its last message."""
    conversation.staff_seen_seq = conversation.last_seq
    session.flush()


def speak(session: Session, staff: Identity, conversation_id: UUID, content: str, key: str | None) -> Message:
    """Say something as a person: the assistant falls silent, its open replies are handed over.

    Said again under the same key, it is the message it was the first time.

    Raises:
        ConversationClosedError: the case is closed.
        KeyReusedError: the key stands for other content.
    """
    conversation = _lock(session, staff, conversation_id)
    digest = hashlib.sha256(f"{conversation_id}\x00{content}".encode()).hexdigest()
    earlier = _said_under(session, staff.account_id, key)
    if earlier is not None:
        if earlier.content_digest != digest:
            raise KeyReusedError(field="Idempotency-Key")
        return earlier
    if conversation.status is ConversationStatus.CLOSED:
        raise ConversationClosedError
    hand_over_open_replies(session, conversation, HandoverReason.STAFF_SPOKE)
    conversation.assistant_on = False
    conversation.status = ConversationStatus.IN_PROGRESS
    conversation.waiting_since = None
    conversation.no_answers = 0
    conversation.assignee_id = conversation.assignee_id or staff.account_id
    message = Message(role=Author.STAFF, author_id=staff.account_id, content=content, owes_reply=False)
    if key is not None:
        message.idempotency_key, message.content_digest = key, digest
    said = say_next(session, conversation, message)
    conversation.staff_seen_seq = said.seq
    session.flush()
    return said


def _said_under(session: Session, author_id: UUID, key: str | None) -> Message | None:
    return session.scalar(select(Message).where(Message.author_id == author_id, Message.idempotency_key == key))


def ask_for_a_person(session: Session, client: Identity, conversation_id: UUID, note: str | None) -> None:
    """Let the customer have a person: the assistant is off until staff turns it on. Asking again changes nothing.

    Raises:
        ConversationClosedError: the case is closed.
    """
    conversation = _lock(session, client, conversation_id)
    if conversation.status is ConversationStatus.CLOSED:
        raise ConversationClosedError
    if conversation.status is ConversationStatus.WAITING_STAFF and not conversation.assistant_on:
        return
    hand_over_open_replies(session, conversation, HandoverReason.CUSTOMER)
    conversation.assistant_on = False
    conversation.handover_note = note
    owe_a_person(conversation, HandoverReason.CUSTOMER)
    touch(conversation)
    session.flush()


@dataclass(frozen=True, slots=True)
class Change:
    """What staff changes in a case; None leaves a thing as it is."""

    status: ConversationStatus | None = None
    assignee_id: UUID | None = None
    subject: str | None = None
    assistant_on: bool | None = None


def change(session: Session, staff: Identity, conversation_id: UUID, wanted: Change) -> None:
    """Apply what staff changes.

    Raises:
        ConflictError: closing has its own call; a closed case is reopened first.
        InvalidError: the new assignee is nobody of the firm.
    """
    if wanted.assignee_id is not None and not accounts.is_active_staff(session, wanted.assignee_id):
        raise InvalidError(field="assignee_id")
    conversation = _lock(session, staff, conversation_id)
    if conversation.status is ConversationStatus.CLOSED or wanted.status is ConversationStatus.CLOSED:
        raise ConversationClosedError if conversation.status is ConversationStatus.CLOSED else ConflictError
    if wanted.assistant_on is not None:
        _switch_assistant(session, conversation, on=wanted.assistant_on)
    if wanted.status is not None:
        _set_status(conversation, wanted.status)
    conversation.subject = wanted.subject or conversation.subject
    conversation.assignee_id = wanted.assignee_id or conversation.assignee_id
    touch(conversation)
    session.flush()


def _switch_assistant(session: Session, conversation: Conversation, *, on: bool) -> None:
    if not on:
        hand_over_open_replies(session, conversation, HandoverReason.ASSISTANT_OFF)
    conversation.assistant_on = on
    conversation.no_answers = 0


def _set_status(conversation: Conversation, status: ConversationStatus) -> None:
    conversation.status = status
    if status is ConversationStatus.WAITING_STAFF:
        owe_a_person(conversation, conversation.handover_reason or HandoverReason.CUSTOMER)
    else:
        conversation.waiting_since = None


def close(session: Session, reader: Identity, conversation_id: UUID) -> UUID | None:
    """Close a case at once and leave its summary to a job; an empty case is removed instead.

    Returns:
        The summary job, the same one when the case is closed already; None when the case was removed.
    """
    conversation = _lock(session, reader, conversation_id)
    if conversation.status is ConversationStatus.CLOSED:
        return _summary_job(session, conversation_id)
    said = exists().where(Message.conversation_id == conversation_id, Message.role == Author.CLIENT)
    if not session.scalar(select(said)):
        session.execute(delete(Conversation).where(Conversation.id == conversation_id))
        return None
    hand_over_open_replies(session, conversation, HandoverReason.CLOSED)
    conversation.status = ConversationStatus.CLOSED
    conversation.closed_at = func.clock_timestamp()
    conversation.waiting_since = None
    conversation.summary_state = SummaryState.PENDING
    touch(conversation)
    session.flush()
    return jobs.enqueue(
        session,
        JobKind.SUMMARY,
        deadline_s=SUMMARY_DEADLINE_S,
        conversation_id=conversation_id,
        requester_id=reader.account_id,
    )


def _summary_job(session: Session, conversation_id: UUID) -> UUID:
    return session.execute(
        select(Job.id)
        .where(Job.conversation_id == conversation_id, Job.kind == JobKind.SUMMARY)
        .order_by(Job.created_at.desc())
        .limit(1)
    ).scalar_one()


def reopen(session: Session, reader: Identity, conversation_id: UUID) -> None:
    """Open a closed case again, with the assistant as it was; an open one stays as it is."""
    conversation = _lock(session, reader, conversation_id)
    if conversation.status is not ConversationStatus.CLOSED:
        return
    answered = exists().where(Message.conversation_id == conversation_id, Message.role != Author.CLIENT)
    conversation.status = ConversationStatus.IN_PROGRESS if session.scalar(select(answered)) else ConversationStatus.NEW
    conversation.closed_at = None
    conversation.no_answers = 0
    if not conversation.assistant_on:  # nobody but a person will answer what comes
        owe_a_person(conversation, conversation.handover_reason or HandoverReason.ASSISTANT_OFF)
    touch(conversation)
    session.flush()


def rate(session: Session, client: Identity, message_id: UUID, rating: str, comment: str | None) -> None:
    """Keep what the customer thinks of a reply."""
    message = get_message(session, client, message_id)
    if message.role is not Author.ASSISTANT:
        raise ConflictError
    message.feedback, message.feedback_comment = rating, comment
    touch(lock_conversation(session, message.conversation_id))
    session.flush()
