"""Cases."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from webapp.domain import ConversationStatus, HandoverReason, Language, SummaryFields, SummaryState
from webapp.routes.schemas.base import Input, Line, Storable
from webapp.routes.schemas.closing import ClosingFeedbackOut
from webapp.routes.schemas.facts import FactOut
from webapp.routes.schemas.jobs import JobOut
from webapp.routes.schemas.messages import MessageOut, OpinionOut


class HandoffIn(Input):
    reason: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500), Storable] | None = None


class CloseIn(Input):
    conversation_id: Annotated[str, StringConstraints(max_length=64), Storable]


class ConversationPatchIn(Input):
    status: Literal["new", "in_progress", "waiting_staff", "closed"] | None = None
    assignee_id: Annotated[str, StringConstraints(max_length=64), Storable] | None = None
    subject: Line | None = None
    assistant: Literal["on", "off"] | None = None


class PersonOut(BaseModel):
    """Someone named in a conversation; staff are known to customers by name alone."""

    id: UUID
    name: str
    email: str | None = None


class StandingOut(BaseModel):
    """The truth for a customer who waits for a person."""

    place: int = Field(description="In line, from 1; exact to eleven, then by tens")
    open_now: bool
    opens_at: datetime | None = Field(description="When people answer next; null while they do")
    sentence: str = Field(description="The same in words, in the reader's language")


class ConversationItemOut(BaseModel):
    """A conversation in a list: everything but its messages."""

    id: UUID
    subject: str
    language: Language
    status: ConversationStatus
    assistant: Literal["on", "off"]
    client: PersonOut
    assignee: PersonOut | None
    summary: str | None
    summary_state: SummaryState
    summary_fields: SummaryFields
    summary_edited: bool | None = Field(default=None, description="Whether a person corrected it; staff only")
    closing_feedback: ClosingFeedbackOut | None = Field(description="The customer's word on the closed case")
    created_at: datetime
    updated_at: datetime
    closed_at: datetime | None
    unread: bool | None = Field(
        default=None, description="Whether the customer wrote since staff last looked; staff only"
    )
    waiting_since: datetime | None = None
    handover_reason: HandoverReason | None = Field(default=None, description="Why a person took over; staff only")
    handover_note: str | None = Field(default=None, description="The customer's own words for it; staff only")
    brief: str | None = Field(default=None, description="What to know first, in two or three lines; staff only")


class ConversationOut(ConversationItemOut):
    messages: list[MessageOut]
    more: bool
    jobs: list[JobOut]
    standing: StandingOut | None = Field(description="While it waits for a person")
    facts: list[FactOut] = Field(description="Read in the customer's pictures, and not declined")
    opinions: list[OpinionOut] = Field(description="On replies of all of it, earlier ones as well; staff only")
    writing: list[str] = Field(description="Names of others of the firm who are writing an answer; staff only")


class ConversationListOut(BaseModel):
    items: list[ConversationItemOut]
    next_cursor: str | None


class AcceptedOut(BaseModel):
    conversation_id: UUID
    message: MessageOut
    job: JobOut | None


class ClosedOut(BaseModel):
    job: JobOut


class DeletedOut(BaseModel):
    deleted: Literal[True]
