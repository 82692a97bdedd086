"""What a vision model sees on a photo, for staff: a job of its own that nobody waits for, and only where the firm says.

It stands on the queue of model calls. Cleaning has no way out to a network, and waits for nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from webapp.domain import AttachmentState, Author, FileVariant, JobKind, JobStatus, Language
from webapp.media import MediaType
from webapp.models import Attachment, AttachmentFile, Conversation, Message
from webapp.services import firm, jobs
from webapp.services.handover import lock_claimed, touch

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from webapp.services.jobs import Claim

DEADLINE_S = 3600


@dataclass(frozen=True, slots=True)
class ToDescribe:
    """A cleaned photo in storage, and the language in which staff read of it."""

    key: str
    media_type: str
    language: Language


def owe(session: Session, attachment: Attachment) -> None:
    """Owe the description of a photo that is being cleaned, where the firm wants one. A PDF has none: its text is kept.

    Called while the row still says what was sent: once clean, a PDF is pictures too.
    """
    if attachment.media_type != MediaType.PDF and _language(session, attachment) is not None:
        jobs.enqueue(
            session,
            JobKind.DESCRIPTION,
            deadline_s=DEADLINE_S,
            conversation_id=attachment.conversation_id,
            message_id=attachment.message_id,
            attachment_id=attachment.id,
        )


def to_describe(session: Session, claim: Claim) -> ToDescribe | None:
    """Return what a claimed job must describe; None when the photo went meanwhile, or the firm wants none any more."""
    attachment = session.get_one(Attachment, claim.attachment)
    language = _language(session, attachment)
    full = select(AttachmentFile.key).where(AttachmentFile.attachment_id == attachment.id)
    key = session.scalar(full.where(AttachmentFile.variant == FileVariant.FULL))
    return None if language is None or key is None else ToDescribe(key, attachment.media_type, language)


def record(session: Session, claim: Claim, description: str | None) -> bool:
    """Keep what was seen; False when the claim no longer stands."""
    conversation = lock_claimed(session, claim)
    if conversation is None:
        return False
    attachment = session.get_one(Attachment, claim.attachment, populate_existing=True)
    if description and attachment.state is AttachmentState.CLEAN:
        attachment.description = description
        touch(conversation)
        session.flush()
    return jobs.end(session, claim, JobStatus.SUCCEEDED)


def _language(session: Session, attachment: Attachment) -> Language | None:
    """Return the language to describe a customer's photo in, None when it is not to leave the machine."""
    choices = firm.choices(session)
    if not (choices.use_model and choices.describe_photos):
        return None
    if session.get_one(Message, attachment.message_id).role is not Author.CLIENT:
        return None
    return session.get_one(Conversation, attachment.conversation_id).language
