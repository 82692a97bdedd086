"""Documents and the index."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from webapp.domain import Audience, DocumentState, IndexState, Language
from webapp.routes.schemas.base import Input, Storable
from webapp.routes.schemas.jobs import JobOut


class SearchIn(Input):
    query: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), Storable]
    k: Annotated[int, Field(ge=1, le=20)] = 5


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
