"""Whether a picture is described for staff by a vision model: the firm's choice, and no by default."""

from __future__ import annotations

from typing import TYPE_CHECKING

from webapp.domain import Author, Language
from webapp.media import MediaType
from webapp.models import Conversation, Message
from webapp.services import firm

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from webapp.models import Attachment


def wanted(session: Session, attachment: Attachment) -> Language | None:
    """Return the language to describe a customer's photo in, None when it is not to leave the machine.

    A PDF is not described: its text is kept.
    """
    choices = firm.choices(session)
    if not (choices.use_model and choices.describe_photos) or attachment.media_type == MediaType.PDF:
        return None
    if session.get_one(Message, attachment.message_id).role is not Author.CLIENT:
        return None
    return session.get_one(Conversation, attachment.conversation_id).language
