"""Reading the firm's files into passages, and searching them for staff."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from tasks import stored
from tasks.base import RefusedError, TryAgainError, Work
from tasks.replies import find_passages
from tasks.worker import app
from webapp.domain import JobKind, JobStatus, Passage, Question, Source
from webapp.errors import DocumentRefusedError, ModelUnavailableError
from webapp.models import Document
from webapp.services import documents, jobs
from webapp.services.documents import NewPassage, NewText

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy.orm import Session

    from tasks.runtime import Runtime
    from webapp.services.jobs import Claim

INGEST_LEASE_S = 330  # longer than the hard limit that ends the child
SEARCH_LEASE_S = 60
EXCERPT_LENGTH = 300
PROVIDER_AWAY_S = 30.0  # of vectors


@dataclass(frozen=True, slots=True)
class File:
    document_id: UUID
    storage_key: str
    filename: str


def find_file(session: Session, claim: Claim) -> File:
    document = session.get_one(Document, claim.document_id)
    return File(document.id, document.storage_key, document.filename)


def read(runtime: Runtime, _claim: Claim, file: File) -> NewText:
    from webapp.assistant import documents, embeddings

    try:
        with stored.file(), runtime.documents.on_disk(file.storage_key) as path:
            parsed = documents.read_document(path, file.filename)
        drafts = documents.split(parsed)
        vectors = embeddings.passage_vectors(runtime.encoder, parsed.title, drafts)
    except DocumentRefusedError as refusal:
        raise RefusedError(refusal.code) from None
    except ModelUnavailableError as error:
        raise TryAgainError(PROVIDER_AWAY_S if error.retry_after is None else error.retry_after) from None
    passages = [
        NewPassage(**asdict(draft), encoder=runtime.encoder.name, vector=vector)
        for draft, vector in zip(drafts, vectors, strict=True)
    ]
    return NewText(parsed.title, parsed.language, parsed.page_count, passages)


def publish(session: Session, claim: Claim, text: NewText) -> bool:
    version = documents.publish(session, claim.document, text)
    result = {"document_id": str(claim.document_id), "passages": len(text.passages) if version else 0}
    return jobs.end(session, claim, JobStatus.SUCCEEDED, result=json.dumps(result))


def find_query(_session: Session, claim: Claim) -> tuple[str, int]:
    return str(claim.request["query"]), int(claim.request["k"])


def look_up(runtime: Runtime, _claim: Claim, asked: tuple[str, int]) -> Sequence[Source]:
    query, k = asked
    _, passages, scores = find_passages(runtime, Question(query), k, staff=True)
    return [_source(n, passage, score) for n, (passage, score) in enumerate(zip(passages, scores, strict=True), 1)]


def _source(n: int, passage: Passage, score: float) -> Source:
    return Source(n, passage.id, passage.document_id, passage.title, passage.page, passage.text[:EXCERPT_LENGTH], score)


def show(session: Session, claim: Claim, found: Sequence[Source]) -> bool:
    rows = [asdict(source) | {"document_id": str(source.document_id)} for source in found]
    return jobs.end(session, claim, JobStatus.SUCCEEDED, result=json.dumps({"passages": rows}))


INGEST = Work(JobKind.INGEST, INGEST_LEASE_S, find_file, read, publish)
SEARCH = Work(JobKind.SEARCH, SEARCH_LEASE_S, find_query, look_up, show)


@app.task(name="tasks.knowledge.ingest")
def ingest(job_id: str) -> None:
    INGEST.run(job_id)


@app.task(name="tasks.knowledge.search")
def search(job_id: str) -> None:
    SEARCH.run(job_id)
