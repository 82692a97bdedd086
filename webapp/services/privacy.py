"""What a customer may ask of us about herself: her profile, all that is kept about her, and to be forgotten."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from sqlalchemy import LargeBinary, Text, cast, delete, func, literal, select
from sqlalchemy.dialects.postgresql import insert

from webapp.domain import Author, FileVariant
from webapp.models import Account, Attachment, AttachmentFile, Conversation, Erasure, Fact, Message, SignIn
from webapp.services import photos

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from uuid import UUID

    from sqlalchemy.orm import Session

    from webapp.services.photos import Shown

PROFILE = ("name", "phone", "address", "company", "locale")
SIGN_IN = ("created_at", "refreshed_at", "ended_at")
CASE = (
    *("id", "subject", "language", "status", "created_at", "updated_at", "closed_at"),
    *("handover_reason", "handover_note", "brief", "summary", "summary_fields", "closing_rating", "closing_comment"),
)
FACT = ("kind", "value", "state", "attachment_id", "created_at", "decided_at")
ATTACHMENT = ("id", "name", "media_type", "size", "state", "reason", "created_at", "transcript", "description")


def profile(session: Session, account_id: UUID) -> Account:
    return session.get_one(Account, account_id, populate_existing=True)


def change_profile(session: Session, account_id: UUID, wanted: dict[str, Any]) -> Account:
    """Change the fields of a profile that are given."""
    account = session.execute(select(Account).where(Account.id == account_id).with_for_update()).scalar_one()
    for name, value in wanted.items():
        if name not in PROFILE:
            raise KeyError(name)
        setattr(account, name, value)
    session.flush()
    return account


def everything_about(session: Session, account_id: UUID) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield all that is kept about a customer: her account, her sign-ins, each conversation with its messages."""
    account = session.get_one(Account, account_id)
    yield "account", {name: getattr(account, name) for name in ("id", "email", "created_at", *PROFILE)}
    opened = select(SignIn).where(SignIn.account_id == account_id).order_by(SignIn.created_at)
    yield "sign-ins", {"sign_ins": [{name: getattr(row, name) for name in SIGN_IN} for row in session.scalars(opened)]}
    cases = select(Conversation).where(Conversation.client_id == account_id).order_by(Conversation.created_at)
    for case in session.scalars(cases):
        yield f"conversation-{case.id}", _case(session, case)


def _case(session: Session, case: Conversation) -> dict[str, Any]:
    said = session.scalars(select(Message).where(Message.conversation_id == case.id).order_by(Message.seq))
    messages = said.all()
    attached = photos.of_messages(session, [message.id for message in messages])
    told = [_said(message, attached.get(message.id, ())) for message in messages]
    return {name: getattr(case, name) for name in CASE} | {"messages": told, "facts": _facts(session, case)}


def _facts(session: Session, case: Conversation) -> list[dict[str, Any]]:
    """Return what was read in her pictures with what she decided, also what she declined."""
    read = select(Fact).where(Fact.conversation_id == case.id).order_by(Fact.created_at, Fact.id)
    return [{name: getattr(fact, name) for name in FACT} for fact in session.scalars(read)]


def _said(message: Message, attached: Sequence[Shown]) -> dict[str, Any]:
    fields = ("id", "seq", "role", "content", "created_at", "reply_to", "outcome", "feedback", "feedback_comment")
    about = {name: getattr(message, name) for name in fields}
    if attached:
        about["attachments"] = [{name: getattr(each.attachment, name) for name in ATTACHMENT} for each in attached]
    return about | {"sources": message.sources} if message.role is Author.ASSISTANT else about


def pictures_about(session: Session, account_id: UUID) -> Iterator[tuple[str, str]]:
    """Yield the name and the storage key of each picture in a customer's conversations."""
    statement = (
        select(AttachmentFile, Attachment, Message.seq)
        .join(Attachment, Attachment.id == AttachmentFile.attachment_id)
        .join(Message, Message.id == Attachment.message_id)
        .join(Conversation, Conversation.id == Attachment.conversation_id)
        .where(Conversation.client_id == account_id, AttachmentFile.variant == FileVariant.FULL)
        .order_by(Attachment.conversation_id, Message.seq, Attachment.position, AttachmentFile.page)
    )
    for file, attachment, seq in session.execute(statement):
        name = f"{seq}-{attachment.position}-{file.page}.{file.media_type.rpartition('/')[2]}"
        yield f"files/{attachment.conversation_id}/{name}", file.key


def erase(session: Session, account_id: UUID) -> None:
    """Forget a customer: account, sessions, conversations, jobs. Only a digest says that it was done."""
    digest = hashlib.sha256(f"account:{account_id}".encode()).hexdigest()
    session.execute(insert(Erasure).values(digest=digest, created_at=func.clock_timestamp()).on_conflict_do_nothing())
    session.execute(delete(Account).where(Account.id == account_id))
    session.flush()


def erase_again(session: Session) -> int:
    """Erase whom a restored backup brought back; return how many they were."""
    back = func.encode(func.sha256(cast(literal("account:") + cast(Account.id, Text), LargeBinary)), "hex")
    erased = session.scalars(delete(Account).where(back.in_(select(Erasure.digest))).returning(Account.id)).all()
    session.flush()
    return len(erased)
