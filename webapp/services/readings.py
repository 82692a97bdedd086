"""What is read in a clean picture: a job of its own, after the picture is shown and before the reply to its message."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select, text

from webapp.domain import Author, FileVariant, JobKind, JobStatus
from webapp.models import Attachment, AttachmentFile, Message
from webapp.services import facts, jobs
from webapp.services.handover import lock_claimed, touch

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy.orm import Session

    from webapp.domain import FoundFact
    from webapp.services.jobs import Claim

STEP = "read"  # in the request of an image job; one that cleans has none
DEADLINE_S = 3600

_CLEANING_WAITS = text("""
SELECT EXISTS (SELECT 1 FROM job WHERE queue = 'images' AND status = 'queued' AND next_at <= clock_timestamp()
    AND request->>'step' IS NULL)
""")
# The reply waits for the pictures of its message; the last one decided and read lets it go.
_RELEASE = text("""
UPDATE job SET next_at = clock_timestamp(), published_at = NULL
WHERE kind = 'reply' AND message_id = :message AND status = 'queued' AND next_at > clock_timestamp()
  AND NOT EXISTS (SELECT 1 FROM attachment WHERE message_id = :message AND state = 'pending')
  AND NOT EXISTS (SELECT 1 FROM job other WHERE other.message_id = :message AND other.kind = 'image'
                  AND other.status IN ('queued', 'running') AND other.request->>'step' IS NOT NULL)
RETURNING pg_notify('jobs', '')
""")


@dataclass(frozen=True, slots=True)
class ToRead:
    """A clean picture or PDF, page by page in storage; `cleaning_waits` says that another is not even shown yet."""

    keys: tuple[str, ...]
    cleaning_waits: bool


@dataclass(frozen=True, slots=True)
class Reading:
    transcript: str = ""
    found: tuple[FoundFact, ...] = ()


def owe(session: Session, attachment: Attachment) -> None:
    """Owe the reading of a customer's picture; what the firm's people send is not read."""
    by_customer = session.get_one(Message, attachment.message_id).role is Author.CLIENT
    if by_customer:
        jobs.enqueue(
            session,
            JobKind.IMAGE,
            deadline_s=DEADLINE_S,
            requester_id=attachment.author_id,
            conversation_id=attachment.conversation_id,
            message_id=attachment.message_id,
            attachment_id=attachment.id,
            request={"step": STEP},
        )


def to_read(session: Session, claim: Claim) -> ToRead:
    """Return what a claimed job must read; nothing of a file that went meanwhile."""
    keys = tuple(_full_pages(session, claim.attachment))
    return ToRead(keys, bool(session.execute(_CLEANING_WAITS).scalar()))


def _full_pages(session: Session, attachment_id: UUID) -> Sequence[str]:
    full = select(AttachmentFile.key).where(AttachmentFile.attachment_id == attachment_id)
    return session.scalars(full.where(AttachmentFile.variant == FileVariant.FULL).order_by(AttachmentFile.page)).all()


def record(session: Session, claim: Claim, reading: Reading) -> bool:
    """Keep what was read, propose it to the customer, and let the reply go; False when the claim no longer stands."""
    conversation = lock_claimed(session, claim)
    if conversation is None:
        return False
    attachment = session.get_one(Attachment, claim.attachment, populate_existing=True)
    if attachment.reason is None:
        attachment.transcript = reading.transcript or attachment.transcript
        facts.propose(session, attachment, reading.found)
        touch(conversation)
        session.flush()
    ended = jobs.end(session, claim, JobStatus.SUCCEEDED)
    release_reply(session, attachment.message_id)
    return ended


def release_reply(session: Session, message_id: UUID) -> None:
    """Let the reply go that waited for the files of a message, when none of them is still to be decided or read."""
    session.execute(_RELEASE, {"message": message_id})
