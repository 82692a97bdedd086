"""The truth told to a customer who waits for a person: who answers, when, and after how many others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from babel.dates import format_date, format_time
from sqlalchemy import func, select, tuple_

from webapp.domain import ConversationStatus, Language
from webapp.models import Account, Conversation
from webapp.services import firm
from webapp.texts import say

if TYPE_CHECKING:
    from datetime import datetime, time

    from sqlalchemy.orm import Session

EXACT_PLACES = 10


@dataclass(frozen=True, slots=True)
class Presence:
    """Whether people of the firm answer now, and when they do next; None when that is months away, or they do now."""

    open_now: bool
    opens_at: datetime | None


@dataclass(frozen=True, slots=True)
class Standing:
    """How a case that waits stands among `waiting`. `place` counts from 1, exact to eleven, then by tens."""

    place: int
    waiting: int
    open_now: bool
    opens_at: datetime | None
    answered_by: str | None


def presence(session: Session, at: datetime) -> Presence:
    """Say whether somebody answers at a local time."""
    wanted = firm.choices(session)
    open_now = firm.is_open(wanted, at)
    return Presence(open_now, None if open_now else firm.next_opening(wanted, at))


def standing(session: Session, conversation: Conversation, at: datetime) -> Standing | None:
    """Say how a case stands among those that wait at a local time; None when it does not wait for a person."""
    if conversation.status is not ConversationStatus.WAITING_STAFF or conversation.waiting_since is None:
        return None
    before = tuple_(Conversation.waiting_since, Conversation.id) < (conversation.waiting_since, conversation.id)
    ahead, waiting = session.execute(
        select(func.count().filter(before), func.count()).where(Conversation.waiting_since.is_not(None))
    ).one()
    there = presence(session, at)
    answers = select(Account.name).where(Account.id == conversation.assignee_id, Account.active)
    name = None if conversation.assignee_id is None else session.scalar(answers)
    return Standing(1 + _by_tens(ahead), waiting, there.open_now, there.opens_at, name)


def _by_tens(ahead: int) -> int:
    return ahead if ahead <= EXACT_PLACES else ahead // 10 * 10


def sentence(stands: Standing, at: datetime, language: Language) -> str:
    """Tell a customer how her case stands at a local time."""
    who = stands.answered_by or say("waiting.standing.somebody", language)
    answer = _told("waiting.standing", stands, at, language, who=who)
    return f"{answer[0].upper()}{answer[1:]} {_place(stands.place, language)}"


def _place(place: int, language: Language) -> str:
    if place == 1:
        return say("waiting.standing.next", language)
    if place <= EXACT_PLACES:
        return say("waiting.standing.place", language, place=place)
    return say("waiting.standing.far", language, ahead=place - 1)


def presence_sentence(there: Presence, at: datetime, language: Language) -> str:
    """Tell whether somebody is there at a local time, and if not, from when on."""
    return _told("waiting.presence", there, at, language)


def _told(key: str, there: Presence | Standing, at: datetime, language: Language, **values: str) -> str:
    if there.open_now:
        return say(f"{key}.open", language, **values)
    if there.opens_at is None:
        return say(f"{key}.closed", language, **values)
    days = there.opens_at.date() - at.date()
    when = {timedelta(0): "today", timedelta(days=1): "tomorrow"}.get(days, "later")
    spoken = {"day": day(there.opens_at, language), "time": hour(there.opens_at.time(), language)}
    return say(f"{key}.{when}", language, **values, **spoken)


def day(moment: datetime, language: Language) -> str:
    """Return a day in words, such as "jeudi 26 novembre", whatever the machine speaks."""
    words = format_date(moment.date(), "EEEE d MMMM", locale=language.value)
    return words.replace(" 1 ", " 1er ") if language is Language.FR else words


def hour(moment: time, language: Language) -> str:
    """Return a time of day as people write it: "9 h 00", "9:00 am"."""
    if language is Language.FR:
        return f"{moment.hour} h {moment.minute:02d}"
    return format_time(moment, "h:mm a", locale="en").lower()
