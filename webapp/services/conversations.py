"""Cases as people see and move them. Every query starts from what this reader may see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, exists, func, select
from sqlalchemy.exc import NoResultFound
from sqlalchemy.orm import joinedload, selectinload

from webapp.domain import Author, ConversationStatus, HandoverReason, SummaryState
from webapp.errors import ConflictError, ConversationClosedError, NotFoundError
from webapp.models import Conversation, ConversationSearch, Message
from webapp.services import lists, notices, search, summaries
from webapp.services.handover import hand_over_open_replies, lock_conversation, owe_a_person, touch

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy import Select
    from sqlalchemy.orm import Session

    from webapp.services.accounts import Identity
    from webapp.services.lists import Filter

MESSAGES_PER_PAGE = 500


def visible_to(reader: Identity) -> Select[Conversation]:
    """Return the cases this reader may see: a customer's own, everybody's for staff."""
    statement = select(Conversation).options(joinedload(Conversation.client), joinedload(Conversation.assignee))
    return statement.where(lists.may_be_seen(Conversation, reader))


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
    statement = visible_to(reader).order_by(*lists.order(wanted))
    if not wanted.q.strip():
        return session.scalars(statement.where(*lists.cut(Conversation, reader, wanted)).limit(wanted.limit + 1)).all()
    asked = search.Asked(wanted.q, reader.is_staff, wanted.by_wait, wanted.limit + 1)
    cases, rows = lists.ids(Conversation, reader, wanted), lists.ids(ConversationSearch, reader, wanted)
    found = search.matching(session, cases, rows, asked)
    return session.scalars(statement.where(Conversation.id.in_(found))).all()


def messages(session: Session, conversation_id: UUID, after: int) -> Sequence[Message]:
    """Return the messages after a seq, one more than a page holds when there is more."""
    return session.scalars(
        select(Message)
        .options(selectinload(Message.author))
        .where(Message.conversation_id == conversation_id, Message.seq > after)
        .order_by(Message.seq)
        .limit(MESSAGES_PER_PAGE + 1)
    ).all()


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a customer thinks of a reply."""

    message_id: UUID
    rating: str
    comment: str | None


def opinions(session: Session, conversation_id: UUID) -> Sequence[Opinion]:
    """Return what the customer thinks of the replies of a case.

    Columns, not messages: one that this session has read before says what it said then, and may be unrated there.
    """
    columns = Message.id, Message.feedback, Message.feedback_comment
    rated = select(*columns).where(Message.conversation_id == conversation_id, Message.feedback.is_not(None))
    rows = session.execute(rated.order_by(Message.seq))
    return [Opinion(*row) for row in rows]  # type: ignore[arg-type]  # no rating is NULL: the statement says so


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


def lock_visible(session: Session, reader: Identity, conversation_id: UUID) -> Conversation:
    """Lock a case the reader may see.

    Raises:
        NotFoundError: there is none, or it is not theirs.
    """
    get(session, reader, conversation_id)
    try:
        return lock_conversation(session, conversation_id)
    except NoResultFound:  # removed while we waited for the lock
        raise NotFoundError from None


def ask_for_a_person(session: Session, client: Identity, conversation_id: UUID, note: str | None) -> None:
    """Let the customer have a person: the assistant is off until staff turns it on. Asking again changes nothing.

    Raises:
        ConversationClosedError: the case is closed.
    """
    conversation = lock_visible(session, client, conversation_id)
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


def close(session: Session, reader: Identity, conversation_id: UUID) -> UUID | None:
    """Close a case at once and leave its summary to a job; an empty case is removed instead.

    Returns:
        The summary job, the same one when nothing was said since it was closed before; None when the case was removed.
    """
    conversation = lock_visible(session, reader, conversation_id)
    if conversation.status is ConversationStatus.CLOSED:
        return summaries.owe(session, conversation, reader.account_id)
    said = exists().where(Message.conversation_id == conversation_id, Message.role == Author.CLIENT)
    if not session.scalar(select(said)):
        session.execute(delete(Conversation).where(Conversation.id == conversation_id))
        return None
    hand_over_open_replies(session, conversation, HandoverReason.CLOSED)
    conversation.status = ConversationStatus.CLOSED
    conversation.closed_at = func.clock_timestamp()
    conversation.waiting_since = None
    if conversation.summary_seq != conversation.last_seq:
        conversation.summary_state, conversation.summary_edited = SummaryState.PENDING, False
    touch(conversation)
    session.flush()
    if reader.is_staff:
        notices.case_closed(session, conversation)
    return summaries.owe(session, conversation, reader.account_id)


def reopen(session: Session, reader: Identity, conversation_id: UUID) -> None:
    """Open a closed case again, with the assistant as it was; an open one stays as it is."""
    conversation = lock_visible(session, reader, conversation_id)
    if conversation.status is not ConversationStatus.CLOSED:
        return
    answered = exists().where(Message.conversation_id == conversation_id, Message.role != Author.CLIENT)
    conversation.status = ConversationStatus.IN_PROGRESS if session.scalar(select(answered)) else ConversationStatus.NEW
    conversation.closed_at = None
    conversation.no_answers = 0
    if not conversation.assistant_on:  # nobody but a person will answer what comes
        owe_a_person(conversation, conversation.handover_reason or HandoverReason.ASSISTANT_OFF)
    summaries.give_another_chance(session, conversation)
    touch(conversation)
    session.flush()


def rate(session: Session, client: Identity, message_id: UUID, rating: str, comment: str | None) -> Message:
    """Keep what the customer thinks of a reply.

    Raises:
        ConflictError: it is no reply of the assistant.
    """
    message = get_message(session, client, message_id)
    if message.role is not Author.ASSISTANT:
        raise ConflictError
    message.feedback, message.feedback_comment = rating, comment or None
    touch(lock_conversation(session, message.conversation_id))
    session.flush()
    return message


def rate_closing(session: Session, client: Identity, conversation_id: UUID, rating: str, comment: str | None) -> None:
    """Keep the customer's word on a closed case.

    Raises:
        ConflictError: it is open.
    """
    conversation = lock_visible(session, client, conversation_id)
    if conversation.status is not ConversationStatus.CLOSED:
        raise ConflictError
    conversation.closing_rating, conversation.closing_comment = rating, comment or None
    touch(conversation)
    session.flush()
