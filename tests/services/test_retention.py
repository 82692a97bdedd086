"""Closed cases go when their time is over, and no others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, text

from tests.services.work import identity, say
from webapp.domain import JobKind, Role
from webapp.models import Conversation, Job, Link, Message, SignIn
from webapp.services import conversations, firm, jobs, retention

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.orm import Session


def _closed(session: Session, days_ago: int) -> UUID:
    client = identity(session)
    case = say(session, client).conversation_id
    conversations.close(session, client, case)
    session.execute(
        text("UPDATE conversation SET closed_at = closed_at - make_interval(days => :days) WHERE id = :id"),
        {"days": days_ago, "id": case},
    )
    return case


def test_what_was_closed_too_long_ago_is_removed_with_its_messages(session: Session) -> None:
    old, recent = _closed(session, 40), _closed(session, 20)
    opened = say(session, identity(session)).conversation_id
    firm.change(session, identity(session, Role.ADMIN).account_id, firm.Choices(keep_conversations_days=30))
    assert retention.expired(session) == 1
    assert retention.remove_expired(session) == 1
    left = set(session.scalars(select(Conversation.id)))
    assert old not in left
    assert {recent, opened} <= left
    assert session.scalars(select(Message).where(Message.conversation_id == old)).all() == []
    assert retention.remove_expired(session) == 0


def test_what_nobody_will_ask_for_again_is_removed(session: Session) -> None:
    """Of each kind one that is old enough, one that is not, and a job that still waits."""
    kinds = (JobKind.SEARCH, JobKind.STATS, JobKind.MAIL)
    found = {(kind, days): jobs.enqueue(session, kind, deadline_s=60) for kind in kinds for days in (1, 3, 91)}
    open_job = jobs.enqueue(session, JobKind.SEARCH, deadline_s=60)
    for (_, days), job_id in found.items():
        ended = "UPDATE job SET status = 'succeeded', finished_at = clock_timestamp() - make_interval(days => :days)"
        session.execute(text(f"{ended} WHERE id = :id"), {"days": days, "id": job_id})
    gone, stays = identity(session), identity(session)
    session.execute(
        text("UPDATE sign_in SET refreshed_at = refreshed_at - interval '61 days' WHERE id = :id"),
        {"id": gone.sign_in_id},
    )
    session.execute(
        text("INSERT INTO link VALUES ('old', :who, now() - interval '31 days'), ('new', :who, now())"),
        {"who": stays.account_id},
    )
    assert [retention.remove_leftovers(session, 3) for _ in range(3)] == [3, 3, 1]
    left = {JobKind.MAIL: {1, 3}, JobKind.SEARCH: {1}, JobKind.STATS: {1}}
    expected = {found[kind, days] for kind, kept in left.items() for days in kept} | {open_job}
    assert set(session.scalars(select(Job.id))) == expected
    assert set(session.scalars(select(SignIn.id))) == {stays.sign_in_id}
    assert set(session.scalars(select(Link.digest))) == {"new"}
    assert retention.remove_leftovers(session) == 0
