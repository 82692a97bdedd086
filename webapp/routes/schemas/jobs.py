"""Slow work and what it gave."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field

from webapp.domain import JobKind, JobStatus, SummaryFields
from webapp.routes.schemas.messages import MessageOut, SourceOut


class JobErrorOut(BaseModel):
    code: str
    detail: str


class ReplyResultOut(BaseModel):
    message: MessageOut


class PassagesResultOut(BaseModel):
    passages: list[SourceOut]


class ProposalResultOut(BaseModel):
    """What the assistant would answer; no text when the documents do not say."""

    text: str
    sources: list[SourceOut]
    internal: bool = Field(description="Whether it was written from documents that customers may not read")


class SummaryResultOut(BaseModel):
    summary: str
    fields: SummaryFields = SummaryFields()


class DocumentResultOut(BaseModel):
    document_id: UUID
    passages: int


class JobOut(BaseModel):
    id: UUID
    kind: JobKind
    message_id: UUID | None = Field(description="The message a reply job answers")
    status: JobStatus
    position: int | None = Field(description="Jobs before this one; exact to ten, then by tens")
    estimated_wait_s: int | None
    partial_text: str | None
    progress: float | None
    attempts: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    error: JobErrorOut | None
    result: ReplyResultOut | PassagesResultOut | ProposalResultOut | SummaryResultOut | DocumentResultOut | None
    poll_after_ms: int | None
