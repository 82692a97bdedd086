"""A job's life: due, claimed by one, fenced, put back, ended."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from sqlalchemy.orm import sessionmaker

from tests.harness import application
from tests.services.work import answer, claim, claimed, conversation, identity, job, reply, say, slot, transaction
from webapp.domain import OPEN_JOB_STATUSES, HandoverReason, JobKind, JobStatus, Outcome, Queue, Role
from webapp.models import Draft, Job
from webapp.services import conversations, desk, jobs, replies, supervision

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.orm import Session

THREADS = 6
QUESTIONS_AND_REPLIES = """
SELECT asked.conversation_id, asked.seq, reply.seq FROM message asked JOIN message reply ON reply.reply_to = asked.id
ORDER BY asked.conversation_id, asked.seq
"""


def test_a_job_is_claimed_once_and_by_its_own_kind(session: Session) -> None:
    sent = say(session, identity(session))
    assert sent.job_id is not None
    assert claim(session, sent.job_id, JobKind.SUMMARY) is None
    first = claimed(session, sent.job_id)
    assert (first.fence, first.attempts, first.message_id) == (1, 1, sent.message_id)
    assert claim(session, sent.job_id) is None
    assert job(session, sent.job_id).status is JobStatus.RUNNING


def test_a_job_is_claimed_when_it_is_due_and_before_its_deadline(session: Session) -> None:
    sent = say(session, identity(session))
    assert sent.job_id is not None
    for column, wrong, right in (
        ("next_at", "now() + interval '1 h'", "now()"),
        ("deadline_at", "now() - interval '1 s'", "now() + interval '1 h'"),
    ):
        session.execute(text(f"UPDATE job SET {column} = {wrong}"))  # noqa: S608  words of this test
        assert claim(session, sent.job_id) is None
        session.execute(text(f"UPDATE job SET {column} = {right}"))  # noqa: S608  idem
    assert claim(session, sent.job_id) is not None


def test_replies_of_one_case_come_in_order(session: Session) -> None:
    client = identity(session)
    first = say(session, client)
    second = say(session, client, conversation_id=first.conversation_id)
    elsewhere = say(session, client)
    assert second.job_id is not None
    assert elsewhere.job_id is not None
    assert claim(session, second.job_id) is None
    due = [job_id for job_id, _ in jobs.publishable(session, Queue.REPLIES, 10)]
    assert due == [first.job_id, elsewhere.job_id]
    assert claim(session, elsewhere.job_id) is not None
    running = claimed(session, first.job_id)
    assert claim(session, second.job_id) is None
    assert replies.record(session, running, reply(), 0, ())
    assert claim(session, second.job_id) is not None


def test_an_attempt_whose_claim_is_gone_changes_nothing(session: Session) -> None:
    sent = say(session, identity(session))
    stale = claimed(session, sent.job_id)
    assert jobs.requeue(session, stale, crashed=True)
    current = claimed(session, sent.job_id)
    assert current.fence > stale.fence
    assert jobs.requeue(session, stale) is False
    assert jobs.end(session, stale, JobStatus.SUCCEEDED) is False
    assert jobs.stands(session, stale) is False
    assert replies.write_draft(session, stale, "x") is False
    assert replies.record(session, stale, reply("Périmé"), 0, ()) is False
    assert slot(session, sent) is None
    assert replies.record(session, current, reply("Voici"), 0, ())
    found = slot(session, sent)
    assert found is not None
    assert found.content == "Voici"


@pytest.mark.parametrize("filler", ["staff", "handoff", "closed", "deadline", "answered"])
def test_a_late_reply_meets_a_filled_slot_in_peace(session: Session, filler: str) -> None:
    client = identity(session)
    sent = say(session, client)
    late = claimed(session, sent.job_id)
    match filler:
        case "staff":
            desk.speak(session, identity(session, Role.STAFF), sent.conversation_id, "J'arrive", None)
        case "handoff":
            conversations.ask_for_a_person(session, client, sent.conversation_id, None)
        case "closed":
            conversations.close(session, client, sent.conversation_id)
        case "deadline":
            supervision.give_up(session, late.job_id, HandoverReason.DEADLINE)
        case _:
            assert replies.record(session, late, reply(), 0, ())
    assert replies.record(session, late, reply("En retard"), 0, ()) is False
    found = slot(session, sent)
    assert found is not None
    assert found.content != "En retard"


def test_an_attempt_knows_how_its_job_ended(session: Session) -> None:
    """Under its own attempt alone: one that was put back, or taken over by another attempt, has no outcome."""
    client = identity(session)
    for end, ended in (
        (lambda last: replies.record(session, last, reply(), 0, ()), JobStatus.SUCCEEDED),
        (lambda last: supervision.give_up_claim(session, last, HandoverReason.FATAL), JobStatus.HANDED_OVER),
        (lambda last: conversations.ask_for_a_person(session, client, last.case, None), JobStatus.HANDED_OVER),
    ):
        first = claimed(session, say(session, client).job_id)
        assert jobs.outcome(session, first) is None
        assert jobs.requeue(session, first)
        assert jobs.outcome(session, first) is None
        last = claimed(session, first.job_id)
        end(last)
        assert (jobs.outcome(session, first), jobs.outcome(session, last)) == (None, ended)


def test_what_is_put_back_waits_its_time_and_is_published_again(session: Session) -> None:
    sent = say(session, identity(session))
    assert sent.job_id is not None
    jobs.mark_published(session, [sent.job_id])
    assert jobs.due_queues(session) == []
    running = claimed(session, sent.job_id)
    assert jobs.requeue(session, running, delay_s=3600)
    assert claim(session, sent.job_id) is None
    assert jobs.due_queues(session) == []
    session.execute(text("UPDATE job SET next_at = now()"))
    assert jobs.due_queues(session) == [Queue.REPLIES]


def test_a_ticket_that_was_lost_is_sent_again(session: Session) -> None:
    sent = say(session, identity(session))
    assert sent.job_id is not None
    jobs.mark_published(session, [sent.job_id])
    session.execute(text("UPDATE job SET published_at = now() - interval '31 s'"))
    assert [job_id for job_id, _ in jobs.publishable(session, Queue.REPLIES, 10)] == [sent.job_id]


def test_a_ticket_that_nobody_followed_is_sent_again(session: Session) -> None:
    sent = say(session, identity(session))
    assert sent.job_id is not None
    jobs.mark_published(session, [sent.job_id])
    jobs.unpublish(session, [Queue.REPLIES], jobs.LOST_AFTER_S)
    assert jobs.due_queues(session) == []
    session.execute(text("UPDATE job SET published_at = now() - interval '3 s'"))
    jobs.unpublish(session, [Queue.IMAGES], jobs.LOST_AFTER_S)
    assert jobs.due_queues(session) == []
    jobs.unpublish(session, [Queue.REPLIES], jobs.LOST_AFTER_S)
    assert [job_id for job_id, _ in jobs.publishable(session, Queue.REPLIES, 10)] == [sent.job_id]
    claimed(session, sent.job_id)
    jobs.unpublish(session)
    assert jobs.due_queues(session) == []


def test_a_job_that_somebody_holds_keeps_no_ticket_waiting(database_url: str) -> None:
    with transaction(database_url) as one:
        held, free = say(one, identity(one)), say(one, identity(one))
        jobs.mark_published(one, [each.job_id for each in (held, free) if each.job_id])
    with transaction(database_url) as one, transaction(database_url) as two:
        one.execute(text("SELECT 1 FROM job WHERE id = :id FOR UPDATE"), {"id": held.job_id})
        two.execute(text("SET LOCAL lock_timeout = '1s'"))
        jobs.unpublish(two)
        assert [job_id for job_id, _ in jobs.publishable(two, Queue.REPLIES, 10)] == [free.job_id]


def test_a_claim_goes_with_its_case(session: Session) -> None:
    client = identity(session)
    running = claimed(session, say(session, client).job_id)
    session.execute(text("DELETE FROM account WHERE id = :id"), {"id": client.account_id})
    session.expire_all()
    assert replies.record(session, running, reply(), 0, ()) is False
    assert supervision.give_up_claim(session, running, HandoverReason.FATAL) is False
    assert supervision.refuse(session, running, "unreadable") is False
    assert jobs.outcome(session, running) is None


def test_a_draft_goes_when_its_slot_is_filled(session: Session) -> None:
    client = identity(session)
    for fill in (
        lambda claim_: replies.record(session, claim_, reply(), 0, ()),
        lambda claim_: supervision.give_up(session, claim_.job_id, HandoverReason.CRASHES),
    ):
        running = claimed(session, say(session, client).job_id)
        assert replies.write_draft(session, running, "La garantie")
        fill(running)
        assert session.query(Draft).count() == 0


def test_two_dispatchers_never_publish_the_same_job(database_url: str) -> None:
    with transaction(database_url) as one:
        sent = say(one, identity(one))
    with transaction(database_url) as one, transaction(database_url) as two:
        assert [job_id for job_id, _ in jobs.publishable(one, Queue.REPLIES, 10)] == [sent.job_id]
        assert jobs.publishable(two, Queue.REPLIES, 10) == []


def test_many_workers_claim_each_job_once_and_answer_each_case_in_order(database_url: str) -> None:
    engine = application.engine(database_url, THREADS)
    sessions = sessionmaker(engine, expire_on_commit=False)
    with sessions.begin() as session:
        client = identity(session)
        first = [say(session, client) for _ in range(4)]
        more = [say(session, client, conversation_id=each.conversation_id) for _ in range(3) for each in first]
        wanted = [each.job_id for each in first + more if each.job_id]

    def work(_worker: int) -> int:
        """Follow tickets again and again, as doubled tickets would have it, until nothing is open."""
        done, is_open = 0, True
        while is_open:
            for job_id in wanted:
                done += follow(job_id)
            with sessions() as session:
                is_open = bool(session.query(Job).filter(Job.status.in_(OPEN_JOB_STATUSES)).count())
        return done

    def follow(job_id: UUID) -> bool:
        with sessions.begin() as session:
            taken = claim(session, job_id)
        if taken is None:
            return False
        with sessions.begin() as session:
            return replies.record(session, taken, reply(), 0, ())

    with ThreadPoolExecutor(THREADS) as pool:
        assert sum(pool.map(work, range(THREADS))) == len(wanted)
    with sessions.begin() as session:
        rows = [tuple(row) for row in session.execute(text(QUESTIONS_AND_REPLIES))]
        assert len(rows) == len(wanted)
        assert rows == sorted(rows)
        assert set(supervision.law_violations(session).values()) == {0}
    engine.dispose()


def test_outcomes_move_the_case(session: Session) -> None:
    client = identity(session)
    sent = say(session, client)
    case = sent.conversation_id
    assert answer(session, sent.job_id, reply(outcome=None))
    assert conversation(session, sent).status == "in_progress"
    for outcome, expected in (
        (Outcome.NO_ANSWER, JobStatus.SUCCEEDED),
        (Outcome.ANSWERED, JobStatus.SUCCEEDED),
        (Outcome.NO_ANSWER, JobStatus.SUCCEEDED),
        (None, JobStatus.SUCCEEDED),
        (Outcome.NO_ANSWER, JobStatus.HANDED_OVER),
        (Outcome.NO_ANSWER, JobStatus.SUCCEEDED),
    ):
        following = say(session, client, conversation_id=case)
        assert answer(session, following.job_id, reply(outcome=outcome))
        assert job(session, following.job_id).status is expected
    seen = conversation(session, sent)
    assert (seen.status, seen.assistant_on, seen.handover_reason) == ("waiting_staff", True, "no_answer")
