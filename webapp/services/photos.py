"""Pictures and PDFs sent with messages: accepted with their message or not at all, and shown to whom they concern."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select, text

from webapp import metrics
from webapp.domain import AttachmentState, Author, FileVariant, JobKind, Role
from webapp.errors import NotCheckedYetError, NotFoundError, TooManyFilesADayError
from webapp.models import Attachment, AttachmentFile, Conversation, Message
from webapp.services import jobs

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from uuid import UUID

    from sqlalchemy import Select
    from sqlalchemy.orm import Session

    from webapp.services.accounts import Identity

DEADLINE_S = 3600  # a long queue is no fault of a file; the reply waits a minute at most
REPLY_WAITS_S = 60  # for its pictures; then it goes on without
MAX_BYTES = 10 * 1024 * 1024

_WAIT = text("""
SELECT ceil(extract(epoch FROM created_at + interval '1 day' - clock_timestamp())) FROM attachment
WHERE author_id = :author AND created_at > clock_timestamp() - interval '1 day'
ORDER BY created_at DESC OFFSET :before LIMIT 1
""")


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file that lies in storage under `key`; `digest` is SHA-256 in hexadecimal, `media_type` what its content is."""

    name: str
    media_type: str
    digest: str
    size: int
    key: str


@dataclass(frozen=True, slots=True)
class Shown:
    """An attachment as its readers see it, `pages` counting the pictures it became."""

    attachment: Attachment
    pages: int


def check_quota(session: Session, author_id: UUID, coming: int, most: int | None) -> None:
    """Bound the files of one customer over 24 hours.

    Raises:
        TooManyFilesADayError: with these they would be more than `most`.
    """
    if most is None:
        return
    before = most - coming  # as many may be in the last day; the one after them must have left it
    if before < 0:
        raise TooManyFilesADayError(24 * 3600, field="images")
    wait = session.execute(_WAIT, {"author": author_id, "before": before}).scalar()
    if wait is not None:
        raise TooManyFilesADayError(max(1, int(wait)), field="images")


def attach(session: Session, message_id: UUID, author_id: UUID, files: Sequence[NewFile]) -> None:
    """Add the files of a message accepted in this very transaction, each with the job that cleans it."""
    message = session.get_one(Message, message_id)
    for position, new in enumerate(files, 1):
        row = Attachment(
            conversation_id=message.conversation_id,
            message_id=message_id,
            author_id=author_id,
            position=position,
            name=new.name,
            media_type=new.media_type,
            digest=new.digest,
            size=new.size,
        )
        session.add(row)
        session.flush()
        session.add(_original(row, new))
        session.flush()
        jobs.enqueue(
            session,
            JobKind.IMAGE,
            deadline_s=DEADLINE_S,
            requester_id=author_id,
            conversation_id=message.conversation_id,
            message_id=message_id,
            attachment_id=row.id,
        )
    metrics.UPLOAD_BYTES.inc(sum(new.size for new in files))


def _original(row: Attachment, new: NewFile) -> AttachmentFile:
    return AttachmentFile(
        key=new.key,
        attachment_id=row.id,
        variant=FileVariant.ORIGINAL,
        page=1,
        media_type=new.media_type,
        size=new.size,
    )


def of_messages(session: Session, message_ids: Collection[UUID]) -> dict[UUID, list[Shown]]:
    """Return what hangs on each of these messages, in order, by one query."""
    found: dict[UUID, list[Shown]] = {}
    if not message_ids:
        return found
    statement = _with_pages().where(Attachment.message_id.in_(message_ids)).order_by(Attachment.position)
    for attachment, count in session.execute(statement):
        found.setdefault(attachment.message_id, []).append(Shown(attachment, count))
    return found


def of_conversation(session: Session, conversation_id: UUID) -> list[Shown]:
    """Return every file of a case, in the order of its messages."""
    statement = _with_pages().join(Message, Message.id == Attachment.message_id)
    ordered = statement.where(Attachment.conversation_id == conversation_id).order_by(Message.seq, Attachment.position)
    return [Shown(attachment, count) for attachment, count in session.execute(ordered)]


def _with_pages() -> Select[Attachment, int]:
    pages = (
        select(func.count())
        .where(AttachmentFile.attachment_id == Attachment.id, AttachmentFile.variant == FileVariant.FULL)
        .scalar_subquery()
    )
    return select(Attachment, pages)


def sent_by_client(session: Session, conversation_id: UUID) -> bool:
    """Say whether the customer of a case sent pictures that could be seen."""
    statement = (
        select(Attachment.id)
        .join(Message, Message.id == Attachment.message_id)
        .where(Attachment.conversation_id == conversation_id, Message.role == Author.CLIENT)
        .where((Attachment.state != AttachmentState.REJECTED) | (Attachment.reason == "expired"))
    )
    return session.scalar(statement.limit(1)) is not None


def get(session: Session, reader: Identity, attachment_id: UUID) -> Attachment:
    """Return an attachment of a case the reader may see.

    Raises:
        NotFoundError: there is none, or it is not theirs.
    """
    statement = (
        select(Attachment)
        .join(Conversation, Conversation.id == Attachment.conversation_id)
        .where(Attachment.id == attachment_id)
    )
    if reader.role is Role.CLIENT:
        statement = statement.where(Conversation.client_id == reader.account_id)
    attachment = session.scalar(statement)
    if attachment is None:
        raise NotFoundError
    return attachment


def pictures_of(session: Session, attachment: Attachment) -> Sequence[AttachmentFile]:
    """Return the large pictures of an attachment, page by page; of one that is not clean, none."""
    if attachment.state is not AttachmentState.CLEAN:
        return []
    full = select(AttachmentFile).where(AttachmentFile.variant == FileVariant.FULL)
    mine = full.where(AttachmentFile.attachment_id == attachment.id)
    return session.scalars(mine.order_by(AttachmentFile.page)).all()


def file_of(session: Session, attachment: Attachment, variant: FileVariant, page: int) -> AttachmentFile:
    """Return a picture of an attachment; what was sent is shown to nobody.

    Raises:
        NotCheckedYetError: it is not clean yet.
        NotFoundError: it was rejected, or has no such page.
    """
    if attachment.state is AttachmentState.PENDING:
        raise NotCheckedYetError
    file = session.scalar(
        select(AttachmentFile).where(
            AttachmentFile.attachment_id == attachment.id,
            AttachmentFile.variant == variant,
            AttachmentFile.page == page,
            AttachmentFile.variant != FileVariant.ORIGINAL,
        )
    )
    if file is None or attachment.state is not AttachmentState.CLEAN:
        raise NotFoundError
    return file
