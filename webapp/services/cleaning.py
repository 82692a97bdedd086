"""What becomes of a file after it was sent: clean, with the pictures that may be shown, or rejected with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, func

from webapp.domain import AttachmentState, FileVariant, JobStatus
from webapp.models import Attachment, AttachmentFile
from webapp.services import descriptions, facts, jobs, readings
from webapp.services.handover import find_and_lock, lock_claimed, touch

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.orm import Session

    from webapp.domain import FoundFact
    from webapp.services.jobs import Claim


@dataclass(frozen=True, slots=True)
class Sent:
    """A file as it was sent, to be cleaned: where it lies, and what its content says it is."""

    key: str | None  # None when its file is not there any more
    media_type: str


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A cleaned picture that lies in storage; `page` is 1-based."""

    key: str
    variant: FileVariant
    page: int
    media_type: str
    size: int
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """A file that was cleaned; width, height and media type are those of its first picture in full.

    `transcript` is the text that a PDF carries, with what was `found` in it; pictures are read later.
    """

    files: tuple[KeptFile, ...]
    media_type: str
    width: int
    height: int
    left_out: int = 0
    transcript: str = ""
    faults: tuple[str, ...] = ()
    found: tuple[FoundFact, ...] = ()


def sent(session: Session, claim: Claim) -> Sent:
    """Return what a claimed job must clean."""
    attachment = session.get_one(Attachment, claim.attachment)
    original = (
        session.query(AttachmentFile).filter_by(attachment_id=attachment.id, variant=FileVariant.ORIGINAL).one_or_none()
    )
    return Sent(None if original is None else original.key, attachment.media_type)


def record(session: Session, claim: Claim, outcome: Outcome) -> bool:
    """Show a file that is clean, and let what was sent go; False when the claim no longer stands."""
    conversation = lock_claimed(session, claim)
    if conversation is None:
        return False
    attachment = session.get_one(Attachment, claim.attachment, populate_existing=True)
    if attachment.state is AttachmentState.PENDING:
        descriptions.owe(session, attachment)
        _show(session, attachment, outcome)
        facts.propose(session, attachment, outcome.found)
        if not outcome.transcript:
            readings.owe(session, attachment)
        touch(conversation)
        session.flush()
        readings.release_reply(session, attachment.message_id)
    return jobs.end(session, claim, JobStatus.SUCCEEDED)


def _show(session: Session, attachment: Attachment, outcome: Outcome) -> None:
    _forget_original(session, attachment.id)
    for file in outcome.files:
        session.add(
            AttachmentFile(
                key=file.key,
                attachment_id=attachment.id,
                variant=file.variant,
                page=file.page,
                media_type=file.media_type,
                width=file.width,
                height=file.height,
                size=file.size,
            )
        )
    attachment.media_type = outcome.media_type
    attachment.width, attachment.height = outcome.width, outcome.height
    attachment.left_out, attachment.faults = outcome.left_out, list(outcome.faults)
    attachment.transcript = outcome.transcript
    attachment.state, attachment.decided_at = AttachmentState.CLEAN, func.clock_timestamp()
    session.flush()


def reject(session: Session, attachment_id: UUID, reason: str) -> None:
    """Say why a file is not shown; the rest of its message stands. One that is decided stays as it is."""
    attachment = session.get(Attachment, attachment_id)
    conversation = None if attachment is None else find_and_lock(session, attachment.conversation_id)
    if attachment is None or conversation is None:
        return
    session.refresh(attachment)
    if attachment.state is AttachmentState.PENDING:
        _forget_original(session, attachment_id)
        attachment.state, attachment.reason = AttachmentState.REJECTED, reason
        attachment.decided_at = func.clock_timestamp()
        touch(conversation)
        session.flush()
    readings.release_reply(session, attachment.message_id)


def _forget_original(session: Session, attachment_id: UUID) -> None:
    """Leave the key of what was sent to maintenance, by the trigger of its table."""
    session.execute(
        delete(AttachmentFile).where(
            AttachmentFile.attachment_id == attachment_id, AttachmentFile.variant == FileVariant.ORIGINAL
        )
    )
