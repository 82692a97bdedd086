"""What is said."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from webapp.domain import Author, Outcome
from webapp.routes.schemas.base import Input, MessageText, Storable
from webapp.routes.schemas.photos import AttachmentOut


class ChatIn(Input):
    message: MessageText
    conversation_id: Annotated[str, StringConstraints(max_length=64), Storable] | None = None


class StaffMessageIn(Input):
    content: MessageText


class FeedbackIn(Input):
    rating: Literal["up", "down"]
    comment: Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000), Storable] | None = None


class SourceOut(BaseModel):
    n: int
    document_id: UUID
    title: str
    page: int | None
    excerpt: str
    url: str
    score: float


class OpinionOut(BaseModel):
    """What the customer thinks of a reply."""

    message_id: UUID
    rating: Literal["up", "down"]
    comment: str | None


class MessageOut(BaseModel):
    id: UUID
    seq: int
    role: Author
    author: str | None = Field(description="Name of the member of staff who wrote it")
    content: str
    html: str
    created_at: datetime
    reply_to: UUID | None
    attachments: list[AttachmentOut]
    sources: list[SourceOut]
    outcome: Outcome | None
    feedback: Literal["up", "down"] | None
    feedback_comment: str | None
