"""Attachments: what of them may be shown, and the words that stand for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from webapp.extensions import db
from webapp.routes.access import me
from webapp.routes.locale import language
from webapp.routes.schemas.photos import AttachmentOut
from webapp.routes.views.reasons import reason
from webapp.services import photos
from webapp.texts import say

if TYPE_CHECKING:
    from collections.abc import Collection
    from uuid import UUID

    from webapp.models import Attachment
    from webapp.services.photos import Shown

WORDS_OF_ALT = 200  # characters


def attachments_of(message_ids: Collection[UUID]) -> dict[UUID, list[AttachmentOut]]:
    """Return what hangs on each message, by one query for them all."""
    found = photos.of_messages(db.session(), message_ids)
    return {message_id: [attachment(each) for each in shown] for message_id, shown in found.items()}


def attachment(shown: Shown) -> AttachmentOut:
    row = shown.attachment
    return AttachmentOut(
        id=row.id,
        name=row.name,
        media_type=row.media_type,
        width=row.width,
        height=row.height,
        state=row.state.value,
        reason=reason("photos", row.reason) if row.reason else None,
        pages=shown.pages,
        left_out=row.left_out,
        faults=row.faults,
        alt=_alt(row),
        description=row.description if me().is_staff else None,
    )


def _alt(row: Attachment) -> str:
    words = " ".join(row.transcript.split())
    if not words:
        return say("photos.alt", language(), name=row.name)
    short = words if len(words) <= WORDS_OF_ALT else words[: WORDS_OF_ALT - 1].rstrip() + "…"
    return say("photos.alt_read", language(), name=row.name, words=short)
