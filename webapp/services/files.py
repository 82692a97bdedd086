"""Rows and files that must agree: what storage may forget, what it lost, what the customer's time is up for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, select, text

from webapp.domain import AttachmentState, DocumentState
from webapp.models import Attachment, AttachmentFile, Document, RemovedFile
from webapp.services import cleaning
from webapp.services.handover import find_and_lock, touch

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy.orm import Session

LOST = "lost"
EXPIRED = "expired"
AT_ONCE = 500

_WHICH_EXPIRED = """
FROM attachment a JOIN conversation c ON c.id = a.conversation_id
WHERE c.closed_at < clock_timestamp() - make_interval(days => :days) AND a.state <> 'rejected'
"""
_COUNT_EXPIRED = text(f"SELECT count(*) {_WHICH_EXPIRED}")
# A case somebody is about to reopen is locked, and left for the next time.
_EXPIRE = text(f"""
WITH due AS (SELECT a.id, a.conversation_id {_WHICH_EXPIRED} ORDER BY c.closed_at LIMIT :most FOR UPDATE SKIP LOCKED
), gone AS (
    UPDATE attachment SET state = 'rejected', reason = :reason, transcript = '', description = NULL,
        decided_at = coalesce(decided_at, clock_timestamp())
    FROM due WHERE attachment.id = due.id RETURNING attachment.id
), told AS (
    UPDATE conversation SET version = version + 1 WHERE id IN (SELECT conversation_id FROM due)
), files AS (DELETE FROM attachment_file WHERE attachment_id IN (SELECT id FROM due)
)
SELECT count(*) FROM gone
""")  # noqa: S608  a constant above


def removed(session: Session) -> Sequence[str]:
    """Return the keys of files whose rows are gone."""
    return session.scalars(select(RemovedFile.key).order_by(RemovedFile.created_at).limit(AT_ONCE)).all()


def forget_removed(session: Session, keys: Collection[str]) -> None:
    """Forget keys whose files are removed from storage."""
    session.execute(delete(RemovedFile).where(RemovedFile.key.in_(keys)))


def keys_of_photos(session: Session) -> set[str]:
    """Return every key a row of an attachment stands for, and those still to be removed."""
    return {*session.scalars(select(AttachmentFile.key)), *session.scalars(select(RemovedFile.key))}


def keys_of_documents(session: Session) -> set[str]:
    return set(session.scalars(select(Document.storage_key).where(Document.state != DocumentState.DELETED)))


def lose(session: Session, key: str) -> bool:
    """Let an attachment say that its file is gone; False when its row is gone as well."""
    file = session.get(AttachmentFile, key)
    attachment = None if file is None else session.get(Attachment, file.attachment_id)
    if attachment is None:
        return False
    conversation = find_and_lock(session, attachment.conversation_id)
    if conversation is None or session.get(AttachmentFile, key, populate_existing=True) is None:
        return False  # gone while its case was waited for
    session.refresh(attachment)
    if attachment.state is AttachmentState.PENDING:
        cleaning.reject(session, attachment.id, LOST)
        return True
    attachment.state, attachment.reason = AttachmentState.REJECTED, LOST
    session.flush()
    session.execute(delete(AttachmentFile).where(AttachmentFile.attachment_id == attachment.id))
    touch(conversation)
    session.flush()
    return True


def expired(session: Session, days: int) -> int:
    """Return how many files of closed cases are older than the firm keeps them: the dry run."""
    return int(session.execute(_COUNT_EXPIRED, {"days": days}).scalar_one())


def remove_expired(session: Session, days: int, most: int) -> int:
    """Let the oldest of them go, their rows saying why; return how many."""
    removal = session.execute(_EXPIRE, {"days": days, "most": most, "reason": EXPIRED})
    return int(removal.scalar_one())
