"""Messages and their sources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from flask import url_for

from webapp.domain import Author
from webapp.routes.rendering import to_html
from webapp.routes.schemas.messages import MessageOut, SourceOut
from webapp.routes.views.attachments import attachments_of

if TYPE_CHECKING:
    from webapp.models import Message
    from webapp.routes.schemas.photos import AttachmentOut
    from webapp.services.messages import Written

WITHOUT_FILES = (Author.ASSISTANT, Author.SYSTEM)


def source(row: dict[str, Any]) -> SourceOut:
    page = row["page"]
    url = url_for("pages.document", document_id=row["document_id"], page=page or 1, passage=row["passage_id"])
    return SourceOut(
        n=row["n"],
        document_id=UUID(row["document_id"]),
        title=row["title"],
        page=page,
        excerpt=row["excerpt"],
        url=url,
        score=row["score"],
    )


def just_said(message_id: UUID, content: str, written: Written) -> MessageOut:
    """Show what a customer said this moment, with no file to it."""
    return MessageOut(
        id=message_id,
        seq=written.seq,
        role=Author.CLIENT,
        author=None,
        content=content,
        html=to_html(content, Author.CLIENT),
        created_at=written.said_at,
        reply_to=None,
        attachments=[],
        sources=[],
        outcome=None,
        feedback=None,
        feedback_comment=None,
    )


def message(row: Message, attachments: list[AttachmentOut] | None = None) -> MessageOut:
    """Show a message; whoever shows many looks up their attachments first, by one query for them all."""
    if attachments is None:
        attachments = [] if row.role in WITHOUT_FILES else attachments_of([row.id]).get(row.id, [])
    return MessageOut(
        id=row.id,
        seq=row.seq,
        role=row.role,
        author=row.author.name if row.role is Author.STAFF and row.author else None,
        content=row.content,
        html=to_html(row.content, row.role),
        created_at=row.created_at,
        reply_to=row.reply_to,
        attachments=attachments,
        sources=[source(each) for each in row.sources],
        outcome=row.outcome,
        feedback=row.feedback,  # type: ignore[arg-type]  # written by rate() alone
        feedback_comment=row.feedback_comment,
    )
