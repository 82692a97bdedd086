"""What may be read of the knowledge: the index only proposes passage ids, this decides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import exists, func, select, update

from webapp.domain import OPEN_JOB_STATUSES, Audience, IndexState, JobKind, Language, Passage
from webapp.models import Document, Job, KnowledgeIndex, PassageRow
from webapp.models.prepared import Prepared

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session


_PUBLISHED = """
FROM passage p JOIN document d ON d.id = p.document_id
WHERE p.id = ANY(:ids) AND d.state = 'published' AND (:staff OR d.audience = 'public')
"""
_READABLE = Prepared(
    "readable_passages",
    f"SELECT p.id, p.document_id, d.title, p.page, p.heading, p.text, p.language {_PUBLISHED}",
    ids="bigint[]",
    staff="boolean",
)
_KEEP_PUBLISHED = Prepared(
    "keep_published", f"SELECT p.id {_PUBLISHED} FOR SHARE OF d", ids="bigint[]", staff="boolean"
)


@dataclass(frozen=True, slots=True)
class IndexStatus:
    version: int
    state: IndexState
    chunks: int
    built_at: datetime | None
    error_code: str | None


def audiences(*, staff: bool) -> tuple[Audience, ...]:
    return (Audience.PUBLIC, Audience.INTERNAL) if staff else (Audience.PUBLIC,)


def raise_version(session: Session) -> int:
    """Raise the version; its row lock makes publications follow one another."""
    version: int = session.execute(
        update(KnowledgeIndex)
        .values(version=KnowledgeIndex.version + 1, built_at=func.clock_timestamp())
        .returning(KnowledgeIndex.version)
    ).scalar_one()
    return version


def count_chunks(session: Session) -> None:
    session.execute(
        update(KnowledgeIndex).values(chunks=select(func.count()).select_from(PassageRow).scalar_subquery())
    )


def readable_passages(session: Session, passage_ids: Sequence[int], *, staff: bool) -> list[Passage]:
    """Return those of the passages that are published for this reader, in the order asked."""
    rows = _READABLE.execute(session, {"ids": list(passage_ids), "staff": staff})
    found = {
        row.id: Passage(row.id, row.document_id, row.title, row.page, row.heading, row.text, Language(row.language))
        for row in rows
    }
    return [found[passage_id] for passage_id in passage_ids if passage_id in found]


def still_published(session: Session, passage_ids: Sequence[int], *, staff: bool) -> bool:
    """Say whether all the passages are still published for this reader, and keep them so until the transaction ends."""
    locked = _KEEP_PUBLISHED.execute(session, {"ids": list(passage_ids), "staff": staff}).all()
    return len(locked) == len(set(passage_ids))


def index_version(session: Session) -> int:
    return session.execute(select(KnowledgeIndex.version)).scalar_one()


def index_status(session: Session) -> IndexStatus:
    row = session.execute(select(KnowledgeIndex)).scalar_one()
    ingesting = session.scalar(select(exists().where(Job.kind == JobKind.INGEST, Job.status.in_(OPEN_JOB_STATUSES))))
    state = IndexState.BUILDING if ingesting else row.state
    return IndexStatus(row.version, state, row.chunks, row.built_at, row.error_code)


def passage_ids(session: Session, encoder: str) -> set[int]:
    """Return the ids of all passages with vectors of that encoder."""
    return set(session.scalars(select(PassageRow.id).where(PassageRow.encoder == encoder)))


def passages_after(session: Session, version: int, encoder: str) -> Sequence[tuple[PassageRow, str]]:
    """Return the passages that came after an index version, with their documents' titles."""
    return [
        (row, title)
        for row, title in session.execute(
            select(PassageRow, Document.title)
            .join(Document, Document.id == PassageRow.document_id)
            .where(PassageRow.version > version, PassageRow.encoder == encoder)
            .order_by(PassageRow.id)
        )
    ]
