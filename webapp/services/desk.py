"""What people of the firm do in a case: look, speak, take it, switch the assistant."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from webapp.domain import Author, ConversationStatus, HandoverReason, Role
from webapp.errors import ConflictError, ConversationClosedError, InvalidError, KeyReusedError
from webapp.models import Account, Conversation, Message
from webapp.services import accounts, drafts, notices
from webapp.services.conversations import lock_visible
from webapp.services.handover import hand_over_open_replies, owe_a_person, say_next, touch

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy.orm import Session

    from webapp.services.accounts import Identity

OTHERS = 5  # of the customer's conversations, beside a case


def mark_seen(session: Session, conversation: Conversation) -> None:
    """Remember that staff has looked at a case up to its last message."""
    conversation.staff_seen_seq = conversation.last_seq
    session.flush()


def colleagues(session: Session) -> Sequence[Account]:
    """Return everybody a case can be given to, by name."""
    may = Account.active, Account.role.in_((Role.STAFF, Role.ADMIN))
    return session.scalars(select(Account).where(*may).order_by(func.lower(Account.name), Account.id)).all()


def others_of(session: Session, conversation: Conversation) -> Sequence[Conversation]:
    """Return the customer's other last conversations."""
    return session.scalars(
        select(Conversation)
        .where(Conversation.client_id == conversation.client_id, Conversation.id != conversation.id)
        .order_by(Conversation.updated_at.desc(), Conversation.id.desc())
        .limit(OTHERS)
    ).all()


def speak(  # noqa: PLR0913  a message, who says it, and what it carries
    session: Session,
    staff: Identity,
    conversation_id: UUID,
    content: str,
    key: str | None,
    *,
    file_digests: Sequence[str] = (),
) -> Message:
    """Say something as a person: the assistant falls silent, its open replies are handed over.

    Said again under the same key, it is the message it was the first time. Its draft goes with its sending.

    Raises:
        ConversationClosedError: the case is closed.
        KeyReusedError: the key stands for other content.
    """
    conversation = lock_visible(session, staff, conversation_id)
    digest = hashlib.sha256("\x00".join((str(conversation_id), content, *file_digests)).encode()).hexdigest()
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
    drafts.drop(session, staff.account_id, conversation_id)
    session.flush()
    notices.person_answered(session, conversation)
    return said


def _said_under(session: Session, author_id: UUID, key: str | None) -> Message | None:
    if key is None:
        return None
    return session.scalar(select(Message).where(Message.author_id == author_id, Message.idempotency_key == key))


@dataclass(frozen=True, slots=True)
class Change:
    """What staff changes in a case; None leaves a thing as it is."""

    status: ConversationStatus | None = None
    assignee_id: UUID | None = None
    unassign: bool = False
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
    conversation = lock_visible(session, staff, conversation_id)
    if conversation.status is ConversationStatus.CLOSED or wanted.status is ConversationStatus.CLOSED:
        raise ConversationClosedError if conversation.status is ConversationStatus.CLOSED else ConflictError
    if wanted.assistant_on is not None:
        _switch_assistant(session, conversation, on=wanted.assistant_on)
    if wanted.status is not None:
        _set_status(conversation, wanted.status)
    conversation.subject = wanted.subject or conversation.subject
    conversation.assignee_id = None if wanted.unassign else wanted.assignee_id or conversation.assignee_id
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
