"""What stands still, and that nothing is lost by it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from sqlalchemy import func, select, text

from tests.services.work import identity, say, transaction
from webapp.domain import HandoverReason, JobKind, JobStatus, Outcome, Pausable, Queue, Role
from webapp.errors import ConflictError, InvalidError, NotFoundError
from webapp.models import Change, Conversation, Job, Message
from webapp.services import figures, jobs, operations, pauses, supervision

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.orm import Session

LEASE_S = 60


@pytest.fixture
def admin(session: Session) -> UUID:
    return identity(session, Role.ADMIN).account_id


def _claim(session: Session, job_id: UUID, kind: JobKind = JobKind.REPLY) -> jobs.Claim | None:
    return jobs.claim(session, job_id, kind, worker_key=1, lease_s=LEASE_S)


def _search(session: Session) -> UUID:
    return jobs.enqueue(session, JobKind.SEARCH, deadline_s=600)


def _shift(session: Session, table: str, column: str, seconds: int) -> None:
    session.execute(text(f"UPDATE {table} SET {column} = {column} + make_interval(secs => {seconds})"))  # noqa: S608


def test_a_paused_queue_keeps_its_work_and_gives_its_time_back(session: Session, admin: UUID) -> None:
    job_id = _search(session)
    pauses.pause(session, admin, Pausable.BACKGROUND, "Le disque est plein")
    assert Queue.BACKGROUND not in jobs.due_queues(session)
    assert jobs.publishable(session, Queue.BACKGROUND, 10) == []
    assert _claim(session, job_id, JobKind.SEARCH) is None
    assert figures.read(session)["sav_paused"][1] == {
        (subject,): float(subject is Pausable.BACKGROUND) for subject in Pausable
    }

    for table, column in (("pause", "since"), ("job", "created_at"), ("job", "deadline_at")):
        _shift(session, table, column, -3600)  # an hour later
    assert supervision.overdue(session) == []
    assert set(supervision.law_violations(session).values()) == {0}
    assert operations.stuck(session) == []

    pauses.resume(session, admin, Pausable.BACKGROUND)
    assert supervision.overdue(session) == []
    assert [each for each, _ in jobs.publishable(session, Queue.BACKGROUND, 10)] == [job_id]
    assert _claim(session, job_id, JobKind.SEARCH) is not None


def test_a_reply_of_a_paused_queue_still_meets_its_deadline(session: Session, admin: UUID) -> None:
    said = say(session, identity(session))
    assert said.job_id is not None
    pauses.pause(session, admin, Pausable.REPLIES, "Essai")
    assert _claim(session, said.job_id) is None
    _shift(session, "job", "deadline_at", -3600)
    assert supervision.overdue(session) == [said.job_id]
    supervision.give_up(session, said.job_id, HandoverReason.DEADLINE)
    reply = session.scalars(select(Message).where(Message.reply_to == said.message_id)).one()
    assert reply.outcome is Outcome.HANDED_OVER
    pauses.resume(session, admin, Pausable.REPLIES)
    assert session.get_one(Job, said.job_id).status is JobStatus.HANDED_OVER


def test_with_the_assistant_paused_people_get_what_was_open_and_what_comes(session: Session, admin: UUID) -> None:
    client = identity(session)
    running, open_ = say(session, client), say(session, identity(session))
    assert running.job_id is not None
    assert open_.job_id is not None
    claim = _claim(session, running.job_id)
    assert claim is not None
    other = _search(session)
    pauses.pause(session, admin, Pausable.ASSISTANT, "Il se trompe de garantie")
    assert set(supervision.for_people(session)) == {running.job_id, open_.job_id}
    assert _claim(session, open_.job_id) is None
    for job_id in supervision.for_people(session):
        supervision.give_up(session, job_id, HandoverReason.PAUSED)
    assert not jobs.stands(session, claim)

    later = say(session, client, conversation_id=running.conversation_id)
    assert later.job_id is not None
    assert later.asks_nobody  # so that its author is limited otherwise than by what is open
    assert not open_.asks_nobody
    for accepted in (running, open_, later):
        job = session.get_one(Job, accepted.job_id, populate_existing=True)
        case = session.get_one(Conversation, accepted.conversation_id, populate_existing=True)
        notice = session.scalars(select(Message).where(Message.reply_to == accepted.message_id)).one()
        assert job.status is JobStatus.HANDED_OVER
        assert case.handover_reason is HandoverReason.PAUSED
        assert case.waiting_since is not None
        assert case.assistant_on
        assert "garantie" not in notice.content
        assert "pause" in notice.content
    assert _claim(session, other, JobKind.SEARCH) is not None

    pauses.resume(session, admin, Pausable.ASSISTANT)
    answered = say(session, identity(session))
    assert answered.job_id is not None
    assert _claim(session, answered.job_id) is not None


def test_each_pause_and_its_end_is_kept_with_author_and_reason(session: Session, admin: UUID) -> None:
    for reason in ("", "   ", "x" * 301, "a\x00b"):
        with pytest.raises(InvalidError):
            pauses.pause(session, admin, Pausable.IMAGES, reason)
    for reason in ("Une panne", "Une panne", "Une  longue\npanne"):
        pauses.pause(session, admin, Pausable.IMAGES, reason)
    (paused,) = pauses.current(session)
    assert (paused.subject, paused.reason, paused.author) == (Pausable.IMAGES, "Une longue panne", "admin")
    pauses.resume(session, admin, Pausable.IMAGES)
    pauses.resume(session, admin, Pausable.IMAGES)
    assert pauses.current(session) == []
    kept = session.scalars(select(Change).where(Change.subject == pauses.SUBJECT).order_by(Change.id)).all()
    assert [(each.author_id, each.before, each.after) for each in kept] == [
        (admin, {"images": False}, {"images": True, "pause_reason": "Une panne"}),
        (admin, {"images": True, "pause_reason": "Une panne"}, {"images": True, "pause_reason": "Une longue panne"}),
        (admin, {"images": True, "pause_reason": "Une longue panne"}, {"images": False}),
    ]


def test_stuck_work_is_shown_and_ends_or_begins_again_by_hand(session: Session, admin: UUID) -> None:
    said, fresh = say(session, identity(session)), say(session, identity(session))
    assert said.job_id is not None
    claim = _claim(session, said.job_id)
    assert claim is not None
    session.execute(text("UPDATE job SET crashes = 2 WHERE id = :id"), {"id": said.job_id})
    (stuck,) = operations.stuck(session)
    assert (stuck.id, stuck.crashes, stuck.status) == (said.job_id, 2, JobStatus.RUNNING)

    operations.retry(session, admin, said.job_id)
    assert not jobs.stands(session, claim)
    assert operations.stuck(session) == []
    assert _claim(session, said.job_id) is not None
    operations.give_up(session, admin, said.job_id)
    reply = session.scalars(select(Message).where(Message.reply_to == said.message_id)).one()
    assert reply.outcome is Outcome.HANDED_OVER
    for act in (operations.retry, operations.give_up):
        with pytest.raises(ConflictError):
            act(session, admin, said.job_id)
        with pytest.raises(NotFoundError):
            act(session, admin, uuid4())
    kept = session.scalars(select(Change.after).where(Change.subject == operations.SUBJECT).order_by(Change.id))
    assert list(kept) == [{"retried": "replies"}, {"given_up": "replies"}]
    assert session.get_one(Job, fresh.job_id).status is JobStatus.QUEUED


def test_work_tried_in_vain_is_late_however_soon_it_is_tried_again(session: Session) -> None:
    """The queue, the list of what is stuck and the metric say the same; what is put off from the start is not late."""
    said = say(session, identity(session))
    assert said.job_id is not None
    claim = _claim(session, said.job_id)
    assert claim is not None
    assert jobs.requeue(session, claim, delay_s=5)
    put_off = jobs.enqueue(
        session, JobKind.SEARCH, deadline_s=9999, next_at=func.clock_timestamp() + timedelta(seconds=3600)
    )
    _shift(session, "job", "created_at", -1000)

    lines = {line.queue: line for line in operations.queues(session)[1]}
    assert (lines[Queue.REPLIES].late, lines[Queue.BACKGROUND].late) == (True, False)
    assert [job.id for job in operations.stuck(session)] == [said.job_id]
    shown = {queue: line.oldest_s for queue, line in lines.items()}
    assert shown[Queue.REPLIES] == pytest.approx(1000, abs=60)
    assert shown[Queue.BACKGROUND] == 0
    measured = figures.read(session)["sav_job_oldest_age_seconds"][1]
    assert measured == pytest.approx({(queue,): seconds for queue, seconds in shown.items()}, abs=60)

    _shift(session, "job", "next_at", -3600)
    _shift(session, "job", "created_at", -3600)
    assert _claim(session, put_off, JobKind.SEARCH) is not None
    assert operations.queues(session)[1][list(shown).index(Queue.BACKGROUND)].late is False, "its first try runs"


def test_a_pause_that_races_a_message_hands_it_over_all_the_same(database_url: str) -> None:
    """A message accepted by a transaction that did not see the pause yet is found by the dispatcher's next look."""
    with transaction(database_url) as setup:
        client, admin = identity(setup), identity(setup, Role.ADMIN).account_id
    with transaction(database_url) as accepting:
        accepting.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        accepting.execute(text("SELECT 1 FROM pause"))  # its view of the world begins here
        with transaction(database_url) as pausing:
            pauses.pause(pausing, admin, Pausable.ASSISTANT, "Essai")
        said = say(accepting, client)
    with transaction(database_url) as dispatcher:
        assert supervision.for_people(dispatcher) == [said.job_id]
