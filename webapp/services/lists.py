"""How a list of cases is cut and sorted: the same for the cases and for the rows by which they are searched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, true, tuple_

from webapp.models import Conversation, ConversationSearch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import ColumnElement, Select, UnaryExpression
    from sqlalchemy.orm import InstrumentedAttribute

    from webapp.domain import ConversationStatus, Language
    from webapp.services.accounts import Identity

Listed = type[Conversation | ConversationSearch]  # they name alike all that stands here


@dataclass(frozen=True, slots=True)
class Filter:
    """How a list is cut and sorted; `by_wait` puts the longest wait for a person first.

    `unassigned` asks for the cases that nobody has; `unread` and `client_id` are for staff and cut nothing for a
    customer, who is not to learn what staff has read. `q` keeps the cases in which every word of it occurs.
    """

    status: ConversationStatus | None = None
    assignee_id: UUID | None = None
    by_wait: bool = False
    after: tuple[datetime, UUID] | None = None
    limit: int = 50
    unassigned: bool = False
    unread: bool | None = None
    language: Language | None = None
    client_id: UUID | None = None
    q: str = ""


def may_be_seen(of: Listed, reader: Identity) -> ColumnElement[bool]:
    return true() if reader.is_staff else of.client_id == reader.account_id


def ids(of: Listed, reader: Identity, wanted: Filter) -> Select[UUID, datetime]:
    """Return the ids of a list, each with its place in it, not sorted yet."""
    place = _place(of, wanted).label("place")
    return select(of.id, place).where(may_be_seen(of, reader), *cut(of, reader, wanted))


def cut(of: Listed, reader: Identity, wanted: Filter) -> Iterator[ColumnElement[bool]]:
    if wanted.status is not None:
        yield of.status == wanted.status
    if wanted.language is not None:
        yield of.language == wanted.language
    if wanted.assignee_id is not None:
        yield of.assignee_id == wanted.assignee_id
    if wanted.unassigned:
        yield of.assignee_id.is_(None)
    if reader.is_staff:
        yield from _cut_for_staff(of, wanted)
    yield from _after(of, wanted)


def _cut_for_staff(of: Listed, wanted: Filter) -> Iterator[ColumnElement[bool]]:
    if wanted.client_id is not None:
        yield of.client_id == wanted.client_id
    if wanted.unread is not None:
        unread = of.last_client_seq > of.staff_seen_seq
        yield unread if wanted.unread else ~unread


def _after(of: Listed, wanted: Filter) -> Iterator[ColumnElement[bool]]:
    place = tuple_(_place(of, wanted), of.id)
    if wanted.by_wait:
        yield of.waiting_since.is_not(None)
    if wanted.after is not None:
        yield place > wanted.after if wanted.by_wait else place < wanted.after


def _place(of: Listed, wanted: Filter) -> InstrumentedAttribute[Any]:
    return of.waiting_since if wanted.by_wait else of.updated_at


def order(wanted: Filter) -> Sequence[UnaryExpression[Any]]:
    columns: tuple[InstrumentedAttribute[Any], ...] = (_place(Conversation, wanted), Conversation.id)
    return [column.asc() if wanted.by_wait else column.desc() for column in columns]
