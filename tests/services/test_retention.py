"""Closed cases go when their time is over, and no others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, text

from tests.services.work import identity, say
from webapp.domain import Role
from webapp.models import Conversation, Message
from webapp.services import conversations, firm, retention

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
