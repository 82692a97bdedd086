"""Help with an answer: drafts, saved replies, proposals."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from webapp.domain import Language
from webapp.routes.schemas.base import MAX_MESSAGE_LENGTH, Input, Line, MessageText, Storable
from webapp.routes.schemas.jobs import JobOut


class DraftIn(Input):
    content: Annotated[str, StringConstraints(max_length=MAX_MESSAGE_LENGTH), Storable]


class DraftOut(BaseModel):
    """What I am writing in a case; empty with no time when I write nothing."""

    content: str
    updated_at: datetime | None


class SavedReplyIn(Input):
    title: Line
    content: MessageText
    language: Language = Language.FR


class SavedReplyOut(BaseModel):
    id: UUID
    title: str
    content: str
    language: Language
    updated_at: datetime


class SavedReplyListOut(BaseModel):
    """All of them, by title."""

    items: list[SavedReplyOut]
    next_cursor: str | None = Field(description="Always null: the list is whole")


class ProposalAcceptedOut(BaseModel):
    job: JobOut
