"""The dead, the late and the failed: each ends its own job and nobody else's."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from tests.harness.servers import query
from tests.harness.waiting import wait_until
from tests.services.work import answer, claimed, conversation, identity, job, say, slot, transaction
from webapp.domain import (
    Audience,
    DocumentState,
    HandoverReason,
    JobKind,
    JobStatus,
    Queue,
    Role,
    Summary,
    SummaryState,
)
from webapp.models import Conversation, Document
from webapp.services import conversations, desk, documents, jobs, summaries, supervision
from webapp.services.documents import NewDocument

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from sqlalchemy.orm import Session

    from webapp.services.accounts import Identity

DEADLINE = HandoverReason.DEADLINE
WAITING = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


@pytest.fixture
def client(session: Session) -> Identity:
    return identity(session)


def test_three_crashes_hand_over_that_question_only(session: Session, client: Identity) -> None:
    sent, elsewhere = say(session, client), say(session, client)
    other = say(session, client, conversation_id=sent.conversation_id)
    for crashes in range(1, 4):
        assert job(session, sent.job_id).status is JobStatus.QUEUED
        claimed(session, sent.job_id)
        assert sent.job_id is not None
        assert supervision.crash(session, sent.job_id, {1}) is Queue.REPLIES
        assert job(session, sent.job_id).crashes == crashes
    ended = job(session, sent.job_id)
    assert (ended.status, ended.error_code) == (JobStatus.HANDED_OVER, "crashes")
    found = slot(session, sent)
    assert found is not None
    assert found.outcome == "handed_over"
    assert conversation(session, sent).assistant_on is True
    assert job(session, other.job_id).status is JobStatus.QUEUED
    assert conversation(session, elsewhere).status == "new"
    assert answer(session, other.job_id)
    assert conversation(session, sent).status == "waiting_staff"


def test_a_worker_that_lives_loses_nothing(session: Session, client: Identity) -> None:
    sent = say(session, client)
    assert sent.job_id is not None
    claimed(session, sent.job_id)
    assert supervision.crash(session, sent.job_id, {2}) is None
    assert supervision.dead_jobs(session, {2}) == []
    assert job(session, sent.job_id).status is JobStatus.RUNNING
    session.execute(text("UPDATE job SET lease_until = now() - interval '1 s'"))
    assert supervision.dead_jobs(session, set()) == [sent.job_id]
    assert supervision.crash(session, sent.job_id, set()) is Queue.REPLIES


def test_a_worker_without_its_lock_is_missing(database_url: str) -> None:
    with transaction(database_url) as session:
        sent = say(session, identity(session))
        claimed(session, sent.job_id)
        assert supervision.missing_workers(session) == {1}
    with transaction(database_url) as alive:
        alive.execute(text("SELECT pg_advisory_xact_lock(:lock, 1)"), {"lock": supervision.WORKER_LOCK})
        with transaction(database_url) as looking:
            assert supervision.missing_workers(looking) == set()


def test_a_deadline_hands_over_queued_and_running_alike(session: Session, client: Identity) -> None:
    waiting, running, well = say(session, client), say(session, client), say(session, client)
    claimed(session, running.job_id)
    late = [waiting.job_id, running.job_id]
    session.execute(text("UPDATE job SET deadline_at = now() - interval '1 s' WHERE id = ANY(:ids)"), {"ids": late})
    assert sorted(map(str, supervision.overdue(session))) == sorted(map(str, late))
    for job_id in supervision.overdue(session):
        supervision.give_up(session, job_id, DEADLINE)
    assert supervision.overdue(session) == []
    assert {job(session, each.job_id).status for each in (waiting, running)} == {JobStatus.HANDED_OVER}
    assert job(session, well.job_id).status is JobStatus.QUEUED


def test_a_reply_that_was_quicker_than_its_deadline_stands(session: Session, client: Identity) -> None:
    sent = say(session, client)
    assert sent.job_id is not None
    assert answer(session, sent.job_id)
    before = conversation(session, sent).version
    supervision.give_up(session, sent.job_id, DEADLINE)
    assert job(session, sent.job_id).status is JobStatus.SUCCEEDED
    assert conversation(session, sent).version == before


def test_a_summary_that_was_quicker_than_its_deadline_stands(session: Session, client: Identity) -> None:
    job_id, case = _closed(session, client)
    running = claimed(session, job_id, JobKind.SUMMARY)
    assert summaries.record(session, running, Summary("Volet bloqué"))
    assert jobs.end(session, running, JobStatus.SUCCEEDED)
    supervision.give_up(session, job_id, DEADLINE)
    assert session.get_one(Conversation, case, populate_existing=True).summary_state is SummaryState.READY


def test_a_summary_that_never_came_is_told(session: Session, client: Identity) -> None:
    job_id, case = _closed(session, client)
    supervision.give_up(session, job_id, DEADLINE)
    assert (job(session, job_id).status, job(session, job_id).error_code) == (JobStatus.FAILED, "deadline")
    assert session.get_one(Conversation, case, populate_existing=True).summary_state is SummaryState.UNAVAILABLE
    assert conversations.close(session, client, case) == job_id


def _closed(session: Session, client: Identity) -> tuple[UUID, UUID]:
    sent = say(session, client)
    job_id = conversations.close(session, client, sent.conversation_id)
    assert job_id is not None
    return job_id, sent.conversation_id


def test_a_document_that_crashed_three_times_says_so(session: Session) -> None:
    new = NewDocument("notice.pdf", "d", 1, "k", Audience.PUBLIC, None)
    document, job_id, _ = documents.add(session, new)
    for _ in range(3):
        claimed(session, job_id, JobKind.INGEST)
        supervision.crash(session, job_id, {1})
    assert job(session, job_id).status is JobStatus.FAILED
    read = session.get_one(Document, document.id, populate_existing=True)
    assert (read.state, read.error_code) == (DocumentState.FAILED, "crashes")


def test_what_is_gone_is_left_alone(session: Session, client: Identity) -> None:
    sent = say(session, client)
    assert sent.job_id is not None
    session.execute(text("DELETE FROM account WHERE id = :id"), {"id": client.account_id})
    session.expire_all()
    supervision.give_up(session, sent.job_id, DEADLINE)
    assert supervision.crash(session, sent.job_id, {1}) is None


def test_an_erasure_under_way_takes_the_job_with_it(database_url: str) -> None:
    """The job is read before the lock of its case is had, and by then both are gone."""
    with transaction(database_url) as session:
        client = identity(session)
        sent = say(session, client)
        running = claimed(session, sent.job_id)
    with ThreadPoolExecutor(3) as pool:
        with transaction(database_url) as erasing:
            erasing.execute(text("DELETE FROM account WHERE id = :id"), {"id": client.account_id})
            found = [
                pool.submit(_in_transaction, database_url, act)
                for act in (
                    lambda session: supervision.give_up(session, running.job_id, DEADLINE),
                    lambda session: supervision.crash(session, running.job_id, {1}),
                    lambda session: supervision.give_up_claim(session, running, HandoverReason.FATAL),
                )
            ]
            wait_until(lambda: query(database_url, WAITING) == [(3,)], "all to wait for the case")
        assert [bool(each.result()) for each in found] == [False, False, False]


def _in_transaction(database_url: str, act: Callable[[Session], object]) -> object:
    with transaction(database_url) as session:
        return act(session)


def test_what_somebody_holds_is_not_waited_for(database_url: str) -> None:
    with transaction(database_url) as session:
        sent, other = say(session, identity(session)), say(session, identity(session))
    assert sent.job_id is not None
    assert other.job_id is not None
    for table, held in (("conversation", sent.conversation_id), ("job", sent.job_id)):
        with transaction(database_url) as holding, transaction(database_url) as session:
            holding.execute(text(f"SELECT 1 FROM {table} WHERE id = :id FOR UPDATE"), {"id": held})  # noqa: S608  ours
            supervision.hold(session, other.job_id)
            with pytest.raises(OperationalError, match="could not obtain lock"), session.begin_nested():
                supervision.hold(session, sent.job_id)


def test_a_handed_over_case_keeps_its_place_among_those_that_wait(session: Session, client: Identity) -> None:
    sent = say(session, client)
    conversations.ask_for_a_person(session, client, sent.conversation_id, None)
    since = conversation(session, sent).waiting_since
    assert since is not None
    staff = identity(session, Role.STAFF)
    desk.change(session, staff, sent.conversation_id, desk.Change(assistant_on=True))
    following = say(session, client, conversation_id=sent.conversation_id)
    assert following.job_id is not None
    supervision.give_up(session, following.job_id, DEADLINE)
    assert conversation(session, sent).waiting_since == since


def test_the_laws_are_counted_when_they_are_broken(session: Session, client: Identity) -> None:
    sent = say(session, client)
    claimed(session, sent.job_id)
    assert set(supervision.law_violations(session).values()) == {0}
    session.execute(text("UPDATE job SET deadline_at = now() - interval '1 h', lease_until = now() - interval '1 h'"))
    found = supervision.law_violations(session)
    assert (found["overdue"], found["orphaned"]) == (1, 1)
    session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    session.execute(text("ALTER TABLE message DROP CONSTRAINT fk_message_reply_job"))
    session.execute(text("ALTER TABLE message DROP CONSTRAINT uq_message_reply_to"))
    session.execute(text("DELETE FROM job"))
    for seq in (2, 3):
        session.execute(
            text(
                "INSERT INTO message (id, conversation_id, seq, role, content, owes_reply, reply_to)"
                " VALUES (gen_random_uuid(), :case, :seq, 'assistant', '', false, :asked)"
            ),
            {"case": sent.conversation_id, "asked": sent.message_id, "seq": seq},
        )
    found = supervision.law_violations(session)
    assert (found["lost"], found["doubled"]) == (1, 1)


@pytest.mark.parametrize(
    ("ended_ago_s", "seconds_a_place"),
    [((), 1.0), ((30,), 2.0), ((30, 110), 2.0), ((30, 30.5, 31), 0.5)],
    ids=["none lately", "one", "a quiet hour", "one after the other"],
)
def test_a_place_in_line_costs_what_the_jobs_of_these_minutes_did(
    session: Session, client: Identity, ended_ago_s: tuple[float, ...], seconds_a_place: float
) -> None:
    session.execute(text("DELETE FROM job"))
    for ago in ended_ago_s:
        sent = say(session, client)
        answer(session, sent.job_id)
        times = "finished_at = now() - :ago * interval '1 s', started_at = now() - (:ago + 2) * interval '1 s'"
        session.execute(text(f"UPDATE job SET {times} WHERE id = :id"), {"ago": ago, "id": sent.job_id})  # noqa: S608  ours
    supervision.keep_heads(session)
    found = session.execute(text("SELECT seconds_per_job FROM queue_head WHERE queue = 'replies'")).scalar_one()
    assert float(found) == pytest.approx(seconds_a_place)
