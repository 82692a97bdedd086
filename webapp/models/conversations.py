from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.domain import Author, ConversationStatus, HandoverReason, Language, Outcome, SummaryState
from webapp.models.accounts import Account
from webapp.models.base import Base, Created, Id, choice


class Conversation(Base):
    """A case. `version` grows with every change a reader could see; `last_seq` numbers its messages."""

    __tablename__ = "conversation"
    __table_args__ = (
        CheckConstraint("(status = 'closed') = (closed_at IS NOT NULL)", name="closed_when"),
        Index(
            "ix_conversation_opened",  # the figures of a period read this alone
            "created_at",
            postgresql_include=["id", "status", "handover_reason", "closed_at"],
        ),
        Index("ix_conversation_client_activity", "client_id", text("updated_at DESC"), text("id DESC")),
        Index("ix_conversation_activity", text("updated_at DESC"), text("id DESC")),
        Index("ix_conversation_waiting", "waiting_since", "id", postgresql_where=text("waiting_since IS NOT NULL")),
        Index("ix_conversation_status_activity", "status", text("updated_at DESC"), text("id DESC")),
        Index(
            "ix_conversation_assignee_activity",
            "assignee_id",
            text("updated_at DESC"),
            text("id DESC"),
            postgresql_where=text("assignee_id IS NOT NULL"),
        ),
        # Of their own, since PostgreSQL takes no order from an index of many assignees when it looks for none.
        Index(
            "ix_conversation_unassigned_activity",
            text("updated_at DESC"),
            text("id DESC"),
            postgresql_where=text("assignee_id IS NULL"),
        ),
        Index(
            "ix_conversation_unread_activity",
            text("updated_at DESC"),
            text("id DESC"),
            postgresql_where=text("last_client_seq > staff_seen_seq"),
        ),
        Index("ix_conversation_language_activity", "language", text("updated_at DESC"), text("id DESC")),
    )

    id: Mapped[Id]
    client_id: Mapped[UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    assignee_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"))
    subject: Mapped[str]
    language: Mapped[Language] = mapped_column(choice(Language, "language"))
    status: Mapped[ConversationStatus] = mapped_column(
        choice(ConversationStatus, "status"), default=ConversationStatus.NEW
    )
    assistant_on: Mapped[bool] = mapped_column(default=True)
    no_answers: Mapped[int] = mapped_column(default=0)  # in a row; the second hands over
    handover_reason: Mapped[HandoverReason | None] = mapped_column(choice(HandoverReason, "handover_reason"))
    handover_note: Mapped[str | None]  # the customer's own words for it
    brief: Mapped[str | None]  # what a person who takes over should know first
    waiting_since: Mapped[datetime | None]  # when a person became owed
    last_client_seq: Mapped[int] = mapped_column(default=0)
    staff_seen_seq: Mapped[int] = mapped_column(default=0)
    summary: Mapped[str | None]
    summary_state: Mapped[SummaryState] = mapped_column(
        choice(SummaryState, "summary_state"), default=SummaryState.NONE
    )
    summary_fields: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default=text("'{}'::jsonb"))
    summary_seq: Mapped[int] = mapped_column(default=0, server_default="0")  # the last message it tells of
    summary_edited: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    closing_rating: Mapped[str | None]
    closing_comment: Mapped[str | None]
    last_seq: Mapped[int] = mapped_column(default=0)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[Created]
    updated_at: Mapped[Created]
    closed_at: Mapped[datetime | None]

    @property
    def unread(self) -> bool:
        """Whether the customer wrote since staff last looked."""
        return self.last_client_seq > self.staff_seen_seq

    client: Mapped[Account] = relationship(foreign_keys=[client_id], lazy="raise")
    assignee: Mapped[Account | None] = relationship(foreign_keys=[assignee_id], lazy="raise")


class Message(Base):
    """One thing said, and the laws held here.

    * one reply a message: UNIQUE(reply_to), within the same conversation;
    * one message a key: UNIQUE(author_id, idempotency_key);
    * a message that owes a reply has its own job: `owes_reply` and `reply_job_id` go together.
    """

    __tablename__ = "message"
    __table_args__ = (
        UniqueConstraint("conversation_id", "seq"),
        UniqueConstraint("conversation_id", "id"),
        UniqueConstraint("id", "reply_to"),
        UniqueConstraint("reply_to"),
        UniqueConstraint("author_id", "idempotency_key"),
        ForeignKeyConstraint(
            ["conversation_id", "reply_to"],
            ["message.conversation_id", "message.id"],
            name="fk_message_reply_in_conversation",
        ),
        ForeignKeyConstraint(
            ["reply_job_id", "id"],
            ["job.id", "job.message_id"],
            name="fk_message_reply_job",
            deferrable=True,
            initially="DEFERRED",
            use_alter=True,
        ),
        Index(
            "ix_message_replied",
            "created_at",
            postgresql_where=text("role = 'assistant'"),
            postgresql_include=["id", "outcome", "input_tokens", "output_tokens", "feedback"],
        ),
        CheckConstraint("(role = 'assistant') = (reply_to IS NOT NULL)", name="assistant_replies"),
        CheckConstraint("(outcome IS NULL) OR (role = 'assistant')", name="outcome_of_assistant"),
        CheckConstraint("owes_reply = (reply_job_id IS NOT NULL)", name="owed_reply_has_job"),
        CheckConstraint("(role = 'client') OR NOT owes_reply", name="only_clients_are_owed"),
        CheckConstraint("(role <> 'client') OR (idempotency_key IS NOT NULL)", name="client_message_has_key"),
        CheckConstraint("(idempotency_key IS NULL) = (content_digest IS NULL)", name="key_has_digest"),
    )

    id: Mapped[Id]
    conversation_id: Mapped[UUID] = mapped_column(ForeignKey("conversation.id", ondelete="CASCADE"))
    seq: Mapped[int]
    role: Mapped[Author] = mapped_column(choice(Author, "role"))
    author_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"))
    content: Mapped[str]
    created_at: Mapped[Created]
    idempotency_key: Mapped[str | None]
    content_digest: Mapped[str | None]  # of what the key stands for
    owes_reply: Mapped[bool]
    reply_job_id: Mapped[UUID | None] = mapped_column(unique=True)
    reply_to: Mapped[UUID | None]
    outcome: Mapped[Outcome | None] = mapped_column(choice(Outcome, "outcome"))
    sources: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'::jsonb"))
    index_version: Mapped[int | None]
    model: Mapped[str | None]
    input_tokens: Mapped[int] = mapped_column(default=0, server_default="0")
    output_tokens: Mapped[int] = mapped_column(default=0, server_default="0")
    feedback: Mapped[str | None]
    feedback_comment: Mapped[str | None]

    author: Mapped[Account | None] = relationship(lazy="raise")


class StaffDraft(Base):
    """What a member of staff is writing in a case: kept until it is sent, and seen by the others as "is writing"."""

    __tablename__ = "staff_draft"

    conversation_id: Mapped[UUID] = mapped_column(ForeignKey("conversation.id", ondelete="CASCADE"), primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), primary_key=True)
    content: Mapped[str]
    updated_at: Mapped[Created]

    account: Mapped[Account] = relationship(lazy="raise")


class SavedReply(Base):
    """A text staff sends often, under a title of its own."""

    __tablename__ = "saved_reply"

    id: Mapped[Id]
    title: Mapped[str] = mapped_column(unique=True)
    content: Mapped[str]
    language: Mapped[Language] = mapped_column(choice(Language, "language"))
    updated_at: Mapped[Created]
