"""The firm's files: kept once, read by a job, published with their passages, withdrawn in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.dialects.postgresql import insert
from uuid_utils.compat import uuid7

from webapp.domain import MAX_DOCUMENT_BYTES, Audience, DocumentState, JobKind, Language
from webapp.errors import NotFoundError, WrongTypeError
from webapp.models import Document, Job, PassageRow
from webapp.services import jobs, knowledge

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from typing import IO
    from uuid import UUID

    from sqlalchemy.orm import Session

    from webapp.storage import Storage

INGEST_DEADLINE_S = 3600
SUFFIXES = (".pdf", ".md", ".txt", ".html", ".htm", ".json", ".docx")


@dataclass(frozen=True, slots=True)
class NewDocument:
    """A file as it was stored: `digest` is its SHA-256 in hexadecimal."""

    filename: str
    digest: str
    size: int
    storage_key: str
    audience: Audience
    created_by: UUID | None


@dataclass(frozen=True, slots=True)
class NewPassage:
    """A passage as ingestion made it, with its vector (float16, normalised) by the encoder of that name."""

    ordinal: int
    page: int | None
    heading: str
    text: str
    language: Language
    encoder: str
    vector: bytes


@dataclass(frozen=True, slots=True)
class NewText:
    """What ingestion read in a document."""

    title: str
    language: Language
    page_count: int | None
    passages: Sequence[NewPassage]


def add(session: Session, new: NewDocument) -> tuple[Document, UUID, bool]:
    """Add a file and the job that reads it; the same content again gives the document it already has.

    Returns:
        The document, its latest ingest job, and whether it is new.
    """
    while True:
        document_id = _insert(session, new)
        if document_id is not None:
            job_id = _enqueue_ingest(session, document_id, new.created_by)
            return session.get_one(Document, document_id), job_id, True
        known = _known_document(session, new)
        if known is not None:  # else it was withdrawn this very moment, and its content is free again
            return known


def store(  # noqa: PLR0913  a file, where it goes, and whose it is
    session: Session, files: Storage, stream: IO[bytes], *, filename: str, audience: Audience, author: UUID | None
) -> tuple[Document, UUID]:
    """Keep a file and queue its reading; return its document and ingest job. The same content again changes nothing.

    Raises:
        WrongTypeError: its name is of no kind we read.
        TooLargeError: it is larger than MAX_DOCUMENT_BYTES.
    """
    if not filename.lower().endswith(SUFFIXES):
        raise WrongTypeError(field="file")
    stored = files.put(stream, limit=MAX_DOCUMENT_BYTES)
    new = NewDocument(filename, stored.digest, stored.size, stored.key, audience, author)
    document, job_id, is_new = add(session, new)
    if not is_new:
        files.discard(stored.key)
    return document, job_id


def was_ever_added(session: Session, digest: str) -> bool:
    """Say whether a content was added once, even if it was withdrawn since."""
    return bool(session.scalar(select(exists().where(Document.digest == digest))))


def _insert(session: Session, new: NewDocument) -> UUID | None:
    """Add the row of a file; None when a document has that content already."""
    return session.scalar(
        insert(Document)
        .values(
            id=uuid7(),
            title=new.filename,
            filename=new.filename,
            digest=new.digest,
            size=new.size,
            storage_key=new.storage_key,
            audience=new.audience,
            language=Language.FR,
            state=DocumentState.PENDING,
            created_by=new.created_by,
        )
        .on_conflict_do_nothing()
        .returning(Document.id)
    )


def _known_document(session: Session, new: NewDocument) -> tuple[Document, UUID, bool] | None:
    document = session.scalar(
        select(Document).where(Document.digest == new.digest, Document.state != DocumentState.DELETED).with_for_update()
    )
    if document is None:
        return None
    latest = select(Job.id).where(Job.document_id == document.id).order_by(Job.created_at.desc()).limit(1)
    if document.state is DocumentState.FAILED:
        document.state, document.error_code = DocumentState.PENDING, None
        session.flush()
        return document, _enqueue_ingest(session, document.id, new.created_by), False
    session.flush()
    return document, session.execute(latest).scalar_one(), False


def _enqueue_ingest(session: Session, document_id: UUID, requester_id: UUID | None) -> UUID:
    return jobs.enqueue(
        session, JobKind.INGEST, deadline_s=INGEST_DEADLINE_S, document_id=document_id, requester_id=requester_id
    )


def get(session: Session, document_id: UUID, *, staff: bool) -> Document:
    """Return a document this reader may see.

    Raises:
        NotFoundError: there is none, or it is not theirs to read.
    """
    document = session.scalar(
        select(Document).where(
            Document.id == document_id,
            Document.state != DocumentState.DELETED,
            Document.audience.in_(knowledge.audiences(staff=staff)),
        )
    )
    if document is None:
        raise NotFoundError
    return document


def find(session: Session, *, before: UUID | None, limit: int) -> Sequence[Document]:
    statement = (
        select(Document).where(Document.state != DocumentState.DELETED).order_by(Document.id.desc()).limit(limit)
    )
    return session.scalars(statement if before is None else statement.where(Document.id < before)).all()


def count_passages(session: Session, document_ids: Collection[UUID]) -> dict[UUID, int]:
    counted = session.execute(
        select(PassageRow.document_id, func.count())
        .where(PassageRow.document_id.in_(document_ids))
        .group_by(PassageRow.document_id)
    )
    return {document_id: count for document_id, count in counted}  # noqa: C416  a Row is no tuple to the type checker


def passages_of(session: Session, document_id: UUID) -> Sequence[PassageRow]:
    return session.scalars(
        select(PassageRow).where(PassageRow.document_id == document_id).order_by(PassageRow.ordinal)
    ).all()


def withdraw(session: Session, document_id: UUID) -> str:
    """Withdraw a document: from the commit on no reply can use it. Return its storage key, to be removed after.

    Raises:
        NotFoundError: there is none.
    """
    document = session.scalar(
        select(Document).where(Document.id == document_id, Document.state != DocumentState.DELETED).with_for_update()
    )
    if document is None:
        raise NotFoundError
    document.state, document.error_code = DocumentState.DELETED, None
    session.execute(delete(PassageRow).where(PassageRow.document_id == document_id))
    session.flush()
    jobs.withdraw(session, document_id)
    knowledge.raise_version(session)
    knowledge.count_chunks(session)
    return document.storage_key


def publish(session: Session, document_id: UUID, new: NewText) -> int | None:
    """Publish what ingestion read; return the new index version, None when the document was deleted meanwhile."""
    document = session.execute(select(Document).where(Document.id == document_id).with_for_update()).scalar_one()
    if document.state is DocumentState.DELETED:
        return None
    version = knowledge.raise_version(session)
    session.execute(delete(PassageRow).where(PassageRow.document_id == document_id))
    session.add_all(
        PassageRow(
            document_id=document_id,
            ordinal=passage.ordinal,
            page=passage.page,
            heading=passage.heading,
            text=passage.text,
            language=passage.language,
            encoder=passage.encoder,
            vector=passage.vector,
            version=version,
        )
        for passage in new.passages
    )
    document.title, document.language, document.page_count = new.title, new.language, new.page_count
    document.state, document.error_code = DocumentState.PUBLISHED, None
    document.published_at = func.clock_timestamp()
    session.flush()
    knowledge.count_chunks(session)
    return version


def refuse(session: Session, document_id: UUID, error_code: str) -> None:
    """Name why a document could not be read."""
    session.execute(
        update(Document)
        .where(Document.id == document_id, Document.state == DocumentState.PENDING)
        .values(state=DocumentState.FAILED, error_code=error_code)
    )
