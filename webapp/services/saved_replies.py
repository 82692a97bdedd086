"""Texts that staff sends often, shared by everybody at the desk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, exists, func, select
from uuid_utils.compat import uuid7

from webapp.errors import NotFoundError, TitleTakenError
from webapp.models import SavedReply

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy.orm import Session

    from webapp.domain import Language


@dataclass(frozen=True, slots=True)
class Text:
    """What a saved reply says; its title is its own."""

    title: str
    content: str
    language: Language


def find(session: Session) -> Sequence[SavedReply]:
    """Return all of them by title."""
    return session.scalars(select(SavedReply).order_by(func.lower(SavedReply.title), SavedReply.id)).all()


def get(session: Session, reply_id: UUID) -> SavedReply:
    """Return a saved reply.

    Raises:
        NotFoundError: there is none.
    """
    found = session.get(SavedReply, reply_id)
    if found is None:
        raise NotFoundError
    return found


def add(session: Session, text: Text) -> SavedReply:
    """Keep a new one.

    Raises:
        TitleTakenError: another has this title.
    """
    row = SavedReply(id=uuid7())
    _write(session, row, text)
    session.add(row)
    session.flush()
    return row


def change(session: Session, reply_id: UUID, text: Text) -> SavedReply:
    """Replace one's title, text and language.

    Raises:
        NotFoundError: there is none.
        TitleTakenError: another has this title.
    """
    row = get(session, reply_id)
    _write(session, row, text)
    row.updated_at = func.clock_timestamp()
    session.flush()
    return row


def _write(session: Session, row: SavedReply, text: Text) -> None:
    taken = exists().where(SavedReply.title == text.title, SavedReply.id != row.id)
    if session.scalar(select(taken)):
        raise TitleTakenError
    row.title, row.content, row.language = text.title, text.content, text.language


def remove(session: Session, reply_id: UUID) -> None:
    """Remove one.

    Raises:
        NotFoundError: there is none.
    """
    removed = session.execute(delete(SavedReply).where(SavedReply.id == reply_id).returning(SavedReply.id))
    if removed.one_or_none() is None:
        raise NotFoundError
