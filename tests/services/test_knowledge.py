"""PostgreSQL decides what may be read: published, current, and for this reader."""

from __future__ import annotations

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from sqlalchemy import text

from tests.harness.waiting import wait_until
from tests.services.work import claimed, identity, job, say, slot, transaction
from webapp.domain import Audience, DocumentState, JobKind, JobStatus, Language, Outcome, Reply, Source
from webapp.errors import NotFoundError
from webapp.models import Document, PassageRow
from webapp.services import documents, jobs, knowledge, replies
from webapp.services.documents import NewDocument, NewPassage, NewText

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def _document(session: Session, audience: Audience = Audience.PUBLIC, digest: str | None = None) -> Document:
    new = NewDocument("notice.txt", digest or uuid4().hex, 1, uuid4().hex, audience, None)
    return documents.add(session, new)[0]


def _publish(session: Session, document: Document, *texts: str) -> list[int]:
    passages = [NewPassage(n, None, "", each, Language.FR, "test", b"") for n, each in enumerate(texts)]
    assert documents.publish(session, document.id, NewText("Notice", Language.FR, None, passages)) is not None
    return [row.id for row in documents.passages_of(session, document.id)]


def _read(session: Session, ids: list[int], *, staff: bool = False) -> list[str]:
    return [passage.text for passage in knowledge.readable_passages(session, ids, staff=staff)]


def test_what_is_published_is_read_in_the_order_asked(session: Session) -> None:
    first, second = _publish(session, _document(session), "Un", "Deux")
    assert _read(session, [second, first, 10**9]) == ["Deux", "Un"]
    assert _read(session, []) == []


def test_internal_passages_are_for_staff_alone(session: Session) -> None:
    document = _document(session, Audience.INTERNAL)
    ids = _publish(session, document, "Secret")
    assert _read(session, ids) == []
    assert _read(session, ids, staff=True) == ["Secret"]
    assert knowledge.still_published(session, ids, staff=True)
    assert not knowledge.still_published(session, ids, staff=False)
    with pytest.raises(NotFoundError):
        documents.get(session, document.id, staff=False)


def test_a_deleted_text_is_unreadable_at_once(session: Session) -> None:
    document = _document(session)
    ids = _publish(session, document, "Un")
    version = knowledge.index_version(session)
    documents.withdraw(session, document.id)
    assert _read(session, ids, staff=True) == []
    assert not knowledge.still_published(session, ids, staff=True)
    assert knowledge.index_version(session) == version + 1
    assert session.query(PassageRow).count() == 0
    with pytest.raises(NotFoundError):
        documents.withdraw(session, document.id)


def test_what_was_withdrawn_while_it_was_read_has_not_failed(session: Session) -> None:
    document, job_id, _ = documents.add(session, NewDocument("a.txt", "d", 1, "k1", Audience.PUBLIC, None))
    claim = claimed(session, job_id, JobKind.INGEST)
    documents.withdraw(session, document.id)
    assert job(session, job_id).status is JobStatus.FAILED
    assert jobs.outcome(session, claim) is None


def test_a_document_deleted_while_it_was_read_stays_deleted(session: Session) -> None:
    document = _document(session)
    documents.withdraw(session, document.id)
    assert documents.publish(session, document.id, NewText("Notice", Language.FR, None, [])) is None
    documents.refuse(session, document.id, "empty")
    session.expire_all()
    assert session.get_one(Document, document.id).state is DocumentState.DELETED


def test_a_new_edition_replaces_the_old_passages(session: Session) -> None:
    document = _document(session)
    old = _publish(session, document, "Deux ans", "Autre")
    new = _publish(session, document, "Cinq ans")
    assert _read(session, old + new) == ["Cinq ans"]
    assert knowledge.index_status(session).chunks == 1
    assert [row.version for row, _ in knowledge.passages_after(session, 1, "test")] == [2]
    assert knowledge.passage_ids(session, "test") == set(new)


def test_the_same_file_twice_is_one_document_with_one_job(session: Session) -> None:
    first = documents.add(session, NewDocument("a.txt", "d", 1, "k1", Audience.PUBLIC, None))
    again = documents.add(session, NewDocument("b.txt", "d", 1, "k2", Audience.PUBLIC, None))
    assert (first[2], again[2]) == (True, False)
    assert (again[0].id, again[1], again[0].storage_key) == (first[0].id, first[1], "k1")
    documents.withdraw(session, first[0].id)
    assert documents.add(session, NewDocument("c.txt", "d", 1, "k3", Audience.PUBLIC, None))[2] is True


def test_a_reply_does_not_cite_what_was_withdrawn_while_it_was_written(session: Session) -> None:
    document = _document(session)
    (passage_id,) = _publish(session, document, "Cinq ans")
    sent = say(session, identity(session))
    running = claimed(session, sent.job_id)
    source = Source(1, passage_id, document.id, "Notice", None, "Cinq ans", 1.0)
    cited = Reply("Elle dure cinq ans [1].", Outcome.ANSWERED, Language.FR, (source,))
    session.execute(text("UPDATE document SET audience = 'internal'"))
    with pytest.raises(replies.SourcesGoneError):
        replies.record(session, running, cited, 1, (passage_id,))
    session.execute(text("UPDATE document SET audience = 'public'"))
    documents.withdraw(session, document.id)
    with pytest.raises(replies.SourcesGoneError):
        replies.record(session, running, cited, 1, (passage_id,))
    assert slot(session, sent) is None
    assert jobs.requeue(session, running)


def test_a_document_is_not_withdrawn_between_the_check_and_the_reply(database_url: str) -> None:
    with transaction(database_url) as session:
        document = _document(session)
        ids = _publish(session, document, "Cinq ans")
    order: list[str] = []

    def withdraw() -> None:
        with transaction(database_url) as other:
            documents.withdraw(other, document.id)
        order.append("withdrawn")

    with transaction(database_url) as session:
        assert knowledge.still_published(session, ids, staff=False)
        thread = threading.Thread(target=withdraw)
        thread.start()
        _wait_until_somebody_waits_for_a_lock(session)
        order.append("recorded")
    thread.join()
    assert order == ["recorded", "withdrawn"]


def _wait_until_somebody_waits_for_a_lock(session: Session) -> None:
    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    wait_until(lambda: session.execute(waiting).scalar_one() > 0, "somebody who waits for the lock")


@pytest.mark.parametrize("turn", range(4))
def test_uploads_and_withdrawals_of_the_same_file_at_once_end_in_one_of_both(database_url: str, turn: int) -> None:
    with transaction(database_url) as session:
        document_id = _document(session, digest="d").id

    def run(work: str) -> None:
        with transaction(database_url) as session, contextlib.suppress(NotFoundError):
            if work == "delete":
                documents.withdraw(session, document_id)
            else:
                _document(session, digest="d")

    works = ["delete", "add", "delete", "add"]
    with ThreadPoolExecutor(len(works)) as pool:
        list(pool.map(run, works[turn:] + works[:turn]))
    with transaction(database_url) as session:
        assert session.query(Document).filter(Document.state != DocumentState.DELETED).count() <= 1


def test_the_index_is_building_while_a_document_is_read(session: Session) -> None:
    assert knowledge.index_status(session).state == "fresh"
    document = _document(session)
    assert knowledge.index_status(session).state == "building"
    open_job = session.execute(text("SELECT id FROM job WHERE document_id = :id"), {"id": document.id}).scalar_one()
    running = claimed(session, open_job, JobKind.INGEST)
    assert jobs.end(session, running, JobStatus.SUCCEEDED)
    assert knowledge.index_status(session).state == "fresh"
