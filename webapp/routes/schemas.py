"""What goes in and out of the API: the models that validate, and that /api/openapi.json is made from."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, EmailStr, Field, StringConstraints

from webapp.domain import (
    Audience,
    Author,
    ConversationStatus,
    DocumentState,
    IndexState,
    JobKind,
    JobStatus,
    Language,
    Outcome,
    Role,
    SummaryState,
)

MAX_MESSAGE_LENGTH = 8000


def _refuse_unstorable(value: str) -> str:
    """Refuse what PostgreSQL and UTF-8 have no form for: NUL, and halves of a character."""
    if any(character == "\x00" or "\ud800" <= character <= "\udfff" for character in value):
        raise ValueError("nul")
    return value


# Last in each type: constraints that stand after a validator look at a text before it is stripped.
Storable = AfterValidator(_refuse_unstorable)
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), Storable]
MessageText = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_MESSAGE_LENGTH), Storable
]
Email = Annotated[EmailStr, StringConstraints(to_lower=True, max_length=254)]
Password = Annotated[str, StringConstraints(min_length=8, max_length=256), Storable]


class Input(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=False)


class RegisterIn(Input):
    email: Email
    password: Password
    name: Line


class LoginIn(Input):
    email: Annotated[str, StringConstraints(strip_whitespace=True, to_lower=True, max_length=254), Storable]
    password: Annotated[str, StringConstraints(max_length=256), Storable]


class ChatIn(Input):
    message: MessageText
    conversation_id: Annotated[str, StringConstraints(max_length=64), Storable] | None = None


class StaffMessageIn(Input):
    content: MessageText


class HandoffIn(Input):
    reason: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500), Storable] | None = None


class CloseIn(Input):
    conversation_id: Annotated[str, StringConstraints(max_length=64), Storable]


class ConversationPatchIn(Input):
    status: Literal["new", "in_progress", "waiting_staff", "closed"] | None = None
    assignee_id: Annotated[str, StringConstraints(max_length=64), Storable] | None = None
    subject: Line | None = None
    assistant: Literal["on", "off"] | None = None


class FeedbackIn(Input):
    rating: Literal["up", "down"]
    comment: Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000), Storable] | None = None


class SearchIn(Input):
    query: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), Storable]
    k: Annotated[int, Field(ge=1, le=20)] = 5


class UserOut(BaseModel):
    id: UUID
    email: str
    name: str
    role: Role


class PersonOut(BaseModel):
    """Someone named in a conversation; staff are known to customers by name alone."""

    id: UUID
    name: str
    email: str | None = None


class AttachmentOut(BaseModel):
    id: UUID
    name: str
    media_type: str
    width: int | None
    height: int | None
    state: Literal["pending", "clean", "rejected"]
    reason: str | None


class SourceOut(BaseModel):
    n: int
    document_id: UUID
    title: str
    page: int | None
    excerpt: str
    url: str
    score: float


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


class JobErrorOut(BaseModel):
    code: str
    detail: str


class ReplyResultOut(BaseModel):
    message: MessageOut


class PassagesResultOut(BaseModel):
    passages: list[SourceOut]


class SummaryResultOut(BaseModel):
    summary: str


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
    result: ReplyResultOut | PassagesResultOut | SummaryResultOut | DocumentResultOut | None
    poll_after_ms: int | None


class ConversationItemOut(BaseModel):
    """A conversation in a list: everything but its messages."""

    id: UUID
    subject: str
    status: ConversationStatus
    assistant: Literal["on", "off"]
    client: PersonOut
    assignee: PersonOut | None
    summary: str | None
    summary_state: SummaryState
    created_at: datetime
    updated_at: datetime
    closed_at: datetime | None
    unread: bool | None = Field(
        default=None, description="Whether the customer wrote since staff last looked; staff only"
    )
    waiting_since: datetime | None = None


class ConversationOut(ConversationItemOut):
    messages: list[MessageOut]
    more: bool
    jobs: list[JobOut]


class ConversationListOut(BaseModel):
    items: list[ConversationItemOut]
    next_cursor: str | None


class AcceptedOut(BaseModel):
    conversation_id: UUID
    message: MessageOut
    job: JobOut | None


class UserEnvelopeOut(BaseModel):
    user: UserOut


class ClosedOut(BaseModel):
    job: JobOut


class DeletedOut(BaseModel):
    deleted: Literal[True]


class DocumentOut(BaseModel):
    id: UUID
    title: str
    filename: str
    audience: Audience
    language: Language
    state: DocumentState
    reason: str | None = Field(description="Why the file could not be read, in words")
    page_count: int | None
    passages: int
    size: int
    created_at: datetime
    published_at: datetime | None


class DocumentListOut(BaseModel):
    items: list[DocumentOut]
    next_cursor: str | None


class DocumentAcceptedOut(BaseModel):
    document: DocumentOut
    job: JobOut


class IndexOut(BaseModel):
    version: int
    state: IndexState
    chunks: int
    built_at: datetime | None
    error: str | None


class SearchAcceptedOut(BaseModel):
    job: JobOut


class HealthOut(BaseModel):
    status: Literal["ok"]


class ReadyOut(BaseModel):
    checks: dict[str, Literal["ok", "degraded", "failed"]]


class FieldFaultOut(BaseModel):
    field: str
    detail: str


class ProblemOut(BaseModel):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldFaultOut] | None = None
