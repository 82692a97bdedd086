from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.domain import Audience, DocumentState, IndexState, Language
from webapp.models.base import Base, Created, Id, choice


class Document(Base):
    """A file of the firm. The same content is kept once: `digest` is unique among documents not deleted."""

    __tablename__ = "document"
    __table_args__ = (
        Index("uq_document_digest", "digest", unique=True, postgresql_where=text("state <> 'deleted'")),
        CheckConstraint("(state = 'failed') = (error_code IS NOT NULL)", name="failed_has_reason"),
    )

    id: Mapped[Id]
    title: Mapped[str]
    filename: Mapped[str]
    digest: Mapped[str]  # SHA-256 of the file, hexadecimal
    size: Mapped[int] = mapped_column(BigInteger)
    storage_key: Mapped[str]
    audience: Mapped[Audience] = mapped_column(choice(Audience, "audience"))
    language: Mapped[Language] = mapped_column(choice(Language, "language"), default=Language.FR)
    state: Mapped[DocumentState] = mapped_column(choice(DocumentState, "state"), default=DocumentState.PENDING)
    error_code: Mapped[str | None]
    page_count: Mapped[int | None]
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"))
    created_at: Mapped[Created]
    published_at: Mapped[datetime | None]


class PassageRow(Base):
    """A piece of a document with its vectors: its text's, then its name's, in float16.

    `version` is the index version that brought it.
    """

    __tablename__ = "passage"
    __table_args__ = (UniqueConstraint("document_id", "ordinal"), Index("ix_passage_version", "version"))

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    document_id: Mapped[UUID] = mapped_column(ForeignKey("document.id", ondelete="CASCADE"))
    ordinal: Mapped[int]
    page: Mapped[int | None]
    heading: Mapped[str]
    text: Mapped[str]
    language: Mapped[Language] = mapped_column(choice(Language, "language"))
    encoder: Mapped[str]
    vector: Mapped[bytes]
    version: Mapped[int] = mapped_column(BigInteger)


class KnowledgeIndex(Base):
    """The one row that says which version of the knowledge is published."""

    __tablename__ = "knowledge_index"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[IndexState] = mapped_column(choice(IndexState, "state"))
    chunks: Mapped[int]
    built_at: Mapped[datetime | None]
    error_code: Mapped[str | None]
