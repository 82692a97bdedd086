from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Base


class ConversationSearch(Base):
    """The words of a case, as migration 0003 folds them, and by what a list is cut and sorted, named as in the case.

    `head` (subject, summary, who the customer is) is written anew each time; `body` (messages up to `seq`) only grows.
    `blanks` keeps the words out of the row: the migration says why.
    """

    __tablename__ = "conversation_search"
    __table_args__ = (
        # Nobody waits for its writes, so they go to their place at once: a list of pending ones would slow searches.
        Index(
            "ix_conversation_search_words",
            text("(head || body)"),
            postgresql_using="gin",
            postgresql_with={"fastupdate": "off"},
        ),
    )

    id: Mapped[UUID] = mapped_column(ForeignKey("conversation.id", ondelete="CASCADE"), primary_key=True)
    client_id: Mapped[UUID]
    assignee_id: Mapped[UUID | None]
    status: Mapped[str]
    language: Mapped[str]
    waiting_since: Mapped[datetime | None]
    updated_at: Mapped[datetime]
    last_client_seq: Mapped[int]
    staff_seen_seq: Mapped[int]
    seq: Mapped[int]
    head: Mapped[str] = mapped_column(TSVECTOR)
    body: Mapped[str] = mapped_column(TSVECTOR)
    blanks: Mapped[str] = mapped_column(server_default=text("repeat(' ', 2100)"))


class SearchDue(Base):
    """Cases that have changed, written by triggers; a case may stand here several times, or be gone by now."""

    __tablename__ = "search_due"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    conversation_id: Mapped[UUID]
