"""What a customer who waits for a person is told."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from webapp.extensions import db
from webapp.routes.locale import language
from webapp.routes.schemas.conversations import StandingOut
from webapp.routes.sessions import settings
from webapp.services import firm, waiting

if TYPE_CHECKING:
    from webapp.models import Conversation


def standing_of(row: Conversation) -> StandingOut | None:
    """Return what a customer who waits for a person is told; a case that does not wait costs no query."""
    if row.waiting_since is None:
        return None
    at = firm.now(db.session(), settings().timezone)
    stands = waiting.standing(db.session(), row, at)
    if stands is None:
        return None
    opens_at = stands.opens_at.astimezone(UTC) if stands.opens_at else None
    sentence = waiting.sentence(stands, at, language())
    return StandingOut(place=stands.place, open_now=stands.open_now, opens_at=opens_at, sentence=sentence)


def presence() -> str:
    """Return the sentence that says whether a person is there, and if not, from when on."""
    at = firm.now(db.session(), settings().timezone)
    return waiting.presence_sentence(waiting.presence(db.session(), at), at, language())
