from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.domain import AttachmentState, FactKind, FactState, FileVariant
from webapp.models.base import Base, Created, Id, choice


class Attachment(Base):
    """A picture or a PDF sent with a message. What was sent is kept only until it is cleaned.

    `media_type` is told from the content: first of what was sent, then of what is served. `transcript` is what was read
    in it, `faults` what makes a photo of little use (dark, blurred, small).
    """

    __tablename__ = "attachment"
    __table_args__ = (
        UniqueConstraint("message_id", "position"),
        CheckConstraint("(state = 'rejected') = (reason IS NOT NULL)", name="rejected_has_reason"),
        CheckConstraint("(state = 'pending') = (decided_at IS NULL)", name="decided_when"),
        CheckConstraint("(state <> 'clean') OR (width IS NOT NULL AND height IS NOT NULL)", name="clean_has_size"),
        Index("ix_attachment_conversation_id", "conversation_id"),
        Index("ix_attachment_author_created", "author_id", "created_at"),
    )

    id: Mapped[Id]
    conversation_id: Mapped[UUID] = mapped_column(ForeignKey("conversation.id", ondelete="CASCADE"))
    message_id: Mapped[UUID] = mapped_column(ForeignKey("message.id", ondelete="CASCADE"))
    author_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"))
    position: Mapped[int]
    name: Mapped[str]
    media_type: Mapped[str]
    digest: Mapped[str]  # SHA-256 of what was sent, hexadecimal
    size: Mapped[int] = mapped_column(BigInteger)  # bytes of what was sent
    state: Mapped[AttachmentState] = mapped_column(choice(AttachmentState, "state"), default=AttachmentState.PENDING)
    reason: Mapped[str | None]
    width: Mapped[int | None]
    height: Mapped[int | None]
    left_out: Mapped[int] = mapped_column(default=0, server_default="0")  # pages of a PDF that were not kept
    transcript: Mapped[str] = mapped_column(default="", server_default="")
    faults: Mapped[list[Any]] = mapped_column(JSONB, default=list, server_default=text("'[]'::jsonb"))
    description: Mapped[str | None]  # by a vision model, for staff
    created_at: Mapped[Created]
    decided_at: Mapped[datetime | None]

    files: Mapped[list[AttachmentFile]] = relationship(
        lazy="raise", order_by="(AttachmentFile.page, AttachmentFile.variant)", passive_deletes=True
    )


class AttachmentFile(Base):
    """A file in storage. A row that goes, however it goes, leaves its key in `removed_file`: a trigger sees to it."""

    __tablename__ = "attachment_file"
    __table_args__ = (UniqueConstraint("attachment_id", "variant", "page"),)

    key: Mapped[str] = mapped_column(primary_key=True)
    attachment_id: Mapped[UUID] = mapped_column(ForeignKey("attachment.id", ondelete="CASCADE"))
    variant: Mapped[FileVariant] = mapped_column(choice(FileVariant, "variant"))
    page: Mapped[int] = mapped_column(default=1, server_default="1")
    media_type: Mapped[str]
    width: Mapped[int | None]
    height: Mapped[int | None]
    size: Mapped[int] = mapped_column(BigInteger)


class RemovedFile(Base):
    """A file nobody owns any more, to be removed from storage."""

    __tablename__ = "removed_file"

    key: Mapped[str] = mapped_column(primary_key=True)
    created_at: Mapped[Created]


class Fact(Base):
    """A number or a date read in a picture, for the customer to confirm."""

    __tablename__ = "fact"
    __table_args__ = (
        UniqueConstraint("conversation_id", "kind", "value"),
        CheckConstraint("(state = 'proposed') = (decided_at IS NULL)", name="decided_when"),
    )

    id: Mapped[Id]
    conversation_id: Mapped[UUID] = mapped_column(ForeignKey("conversation.id", ondelete="CASCADE"))
    attachment_id: Mapped[UUID | None] = mapped_column(ForeignKey("attachment.id", ondelete="SET NULL"), index=True)
    kind: Mapped[FactKind] = mapped_column(choice(FactKind, "kind"))
    value: Mapped[str]
    state: Mapped[FactState] = mapped_column(choice(FactState, "state"), default=FactState.PROPOSED)
    created_at: Mapped[Created]
    decided_at: Mapped[datetime | None]
