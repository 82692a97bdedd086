from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Base, Created, Id


class Firm(Base):
    """The one row of what a firm changes about itself; `version` grows with each change."""

    __tablename__ = "firm"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    version: Mapped[int]
    choices: Mapped[dict[str, Any]] = mapped_column(JSONB)


class Change(Base):
    """Who changed what of the firm or its people, and when: the audit."""

    __tablename__ = "change"
    __table_args__ = (Index("ix_change_created_at", "created_at"),)

    id: Mapped[Id]
    author_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"))
    subject: Mapped[str]
    before: Mapped[dict[str, Any]] = mapped_column(JSONB)
    after: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[Created]


class Link(Base):
    """A one-time link (an invitation): only the digest of its secret is kept."""

    __tablename__ = "link"

    digest: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class Erasure(Base):
    """What was erased, by digests alone, so that a restored backup can be erased again."""

    __tablename__ = "erasure"

    digest: Mapped[str] = mapped_column(primary_key=True)
    created_at: Mapped[Created]
