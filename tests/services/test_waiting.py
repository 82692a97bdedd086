"""Who answers a customer that waits, when, after how many others; and that waiting is never begun twice."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from tests.services.work import conversation, identity, say
from webapp.domain import Language, Role
from webapp.models import Account, Firm
from webapp.services import conversations, desk, firm, waiting
from webapp.services.firm import Choices, Opening
from webapp.services.waiting import Presence, Standing

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from webapp.services.accounts import Identity
    from webapp.services.messages import Accepted

PARIS = ZoneInfo("Europe/Paris")
THURSDAY = datetime(2026, 11, 26, 10, 0, tzinfo=PARIS)
FR, EN = Language.FR, Language.EN


@pytest.fixture
def client(session: Session) -> Identity:
    return identity(session)


def choose(session: Session, **choices: object) -> None:
    session.get_one(Firm, 1).choices = Choices(**choices).model_dump(mode="json")  # type: ignore[arg-type]  # read by it
    session.flush()


def _standing(session: Session, sent: Accepted, at: datetime = THURSDAY) -> Standing:
    found = waiting.standing(session, conversation(session, sent), at)
    assert found is not None
    return found


def begin_waiting(session: Session, client: Identity) -> Accepted:
    sent = say(session, client)
    conversations.ask_for_a_person(session, client, sent.conversation_id, None)
    return sent


def test_two_who_wait_stand_in_the_order_they_began(session: Session, client: Identity) -> None:
    first, second = begin_waiting(session, client), begin_waiting(session, identity(session))
    assert [_standing(session, each).place for each in (first, second)] == [1, 2]
    assert [_standing(session, each).waiting for each in (first, second)] == [2, 2]
    told = [waiting.sentence(_standing(session, each), THURSDAY, FR) for each in (first, second)]
    assert told[0] == "Une personne vous répondra ici. Votre demande est la prochaine."
    assert told[1] == "Une personne vous répondra ici. Votre demande est la 2ᵉ dans la file."
    desk.speak(session, identity(session, Role.STAFF), first.conversation_id, "Bonjour", None)
    assert waiting.standing(session, conversation(session, first), THURSDAY) is None
    assert _standing(session, second).place == 1


def test_a_case_that_does_not_wait_has_no_standing(session: Session, client: Identity) -> None:
    sent = say(session, client)
    assert waiting.standing(session, conversation(session, sent), THURSDAY) is None
    waits = begin_waiting(session, client)
    conversations.close(session, client, waits.conversation_id)
    assert waiting.standing(session, conversation(session, waits), THURSDAY) is None


def test_places_are_exact_to_eleven_and_then_by_tens(session: Session) -> None:
    line = [begin_waiting(session, identity(session)) for _ in range(23)]
    places = [_standing(session, each).place for each in line]
    assert places == [*range(1, 12), *[11] * 9, *[21] * 3]
    assert waiting.sentence(_standing(session, line[-1]), THURSDAY, FR).endswith(
        "Au moins 20 demandes passent avant la vôtre."
    )
    assert waiting.sentence(_standing(session, line[10]), THURSDAY, EN).endswith(
        "At least 10 requests come before yours."
    )


def test_the_one_who_took_the_case_is_named_while_she_works_here(session: Session, client: Identity) -> None:
    sent = begin_waiting(session, client)
    staff = identity(session, Role.STAFF)
    account = session.get_one(Account, staff.account_id)
    account.name = "Marie"
    desk.change(session, staff, sent.conversation_id, desk.Change(assignee_id=staff.account_id))
    assert waiting.sentence(_standing(session, sent), THURSDAY, FR).startswith("Marie vous répondra ici.")
    account.active = False
    session.flush()
    assert _standing(session, sent).answered_by is None


def _moment(*parts: int, fold: int = 0) -> datetime:
    return datetime(*parts, tzinfo=PARIS, fold=fold)  # type: ignore[misc,arg-type]  # year to minute


@pytest.mark.parametrize(
    ("at", "told"),
    [
        (_moment(2026, 11, 26, 9, 0), "Notre équipe est là en ce moment."),
        (_moment(2026, 11, 26, 8, 59), "Notre équipe sera là aujourd’hui à partir de 9 h 00."),
        (_moment(2026, 11, 26, 12, 30), "Notre équipe sera là aujourd’hui à partir de 13 h 30."),
        (_moment(2026, 11, 25, 17, 30), "Notre équipe sera là demain à partir de 9 h 00."),
        (_moment(2026, 11, 27, 18, 0), "Notre équipe sera là à partir de lundi 30 novembre à 9 h 00."),
        (_moment(2026, 12, 31, 18, 0), "Notre équipe sera là à partir de lundi 4 janvier à 9 h 00."),
        (_moment(2026, 12, 31, 23, 59), "Notre équipe sera là à partir de lundi 4 janvier à 9 h 00."),
        (_moment(2027, 5, 28, 18, 0), "Notre équipe sera là à partir de lundi 31 mai à 9 h 00."),
        (_moment(2027, 1, 29, 18, 0), "Notre équipe sera là à partir de lundi 1er février à 9 h 00."),
        (_moment(2026, 4, 3, 18, 0), "Notre équipe sera là à partir de mardi 7 avril à 9 h 00."),  # Easter Monday
        # The night the clocks go back: half past two comes twice, and the office opens by the new hour.
        (_moment(2026, 10, 25, 2, 30), "Notre équipe sera là demain à partir de 9 h 00."),
        (_moment(2026, 10, 25, 2, 30, fold=1), "Notre équipe sera là demain à partir de 9 h 00."),
    ],
)
def test_hours_and_holidays_are_told_in_words(session: Session, at: datetime, told: str) -> None:
    assert waiting.presence_sentence(waiting.presence(session, at), at, FR) == told


def test_an_opening_after_the_clocks_went_forward_is_an_hour_sooner(session: Session) -> None:
    at = _moment(2026, 3, 28, 23, 0)  # Saturday; the night to come has no half past two
    opens = waiting.presence(session, at).opens_at
    assert opens is not None
    assert opens.astimezone(UTC) == datetime(2026, 3, 30, 7, 0, tzinfo=UTC)
    friday = waiting.presence(session, at - timedelta(days=2)).opens_at
    assert friday is not None
    assert friday.astimezone(UTC) == datetime(2026, 3, 27, 8, 0, tzinfo=UTC)


def test_english_has_its_own_days_and_hours(session: Session, client: Identity) -> None:
    at = _moment(2026, 11, 27, 18, 0)
    found = _standing(session, begin_waiting(session, client), at)
    assert (found.open_now, found.opens_at) == (False, _moment(2026, 11, 30, 9, 0))
    assert waiting.sentence(found, at, EN) == (
        "Our offices are closed: a member of our team will answer you from Monday 30 November at 9:00 am."
        " Your request is next in line."
    )
    assert waiting.sentence(found, at, FR) == (
        "Nos bureaux sont fermés\u00a0: une personne vous répondra à partir de lundi 30 novembre à 9 h 00."
        " Votre demande est la prochaine."
    )
    assert waiting.hour(time(13, 30), EN) == "1:30 pm"
    assert waiting.hour(time(0, 5), EN) == "12:05 am"


def test_a_firm_closed_for_two_months_promises_no_day(session: Session, client: Identity) -> None:
    days = [THURSDAY.date() + timedelta(days=days) for days in range(firm.LONGEST_CLOSURE_DAYS)]
    choose(session, holidays=days)
    found = _standing(session, begin_waiting(session, client))
    assert (found.open_now, found.opens_at) == (False, None)
    assert waiting.sentence(found, THURSDAY, FR).startswith(
        "Nos bureaux sont fermés\u00a0: une personne vous répondra ici dès leur réouverture."
    )
    assert waiting.presence_sentence(Presence(open_now=False, opens_at=None), THURSDAY, FR) == (
        "Nos bureaux sont fermés en ce moment."
    )
    choose(session, holidays=days[:-3])  # the last three are a Friday and its weekend
    assert waiting.presence(session, THURSDAY).opens_at is not None


def test_the_firms_own_holiday_and_hours_hold(session: Session) -> None:
    night = [[Opening(start=time(20), end=time(23))]] * 7
    choose(session, hours=night, holidays=[date(2026, 11, 26)])
    assert waiting.presence(session, _moment(2026, 11, 26, 21, 0)) == Presence(
        open_now=False, opens_at=_moment(2026, 11, 27, 20, 0)
    )
    assert waiting.presence(session, _moment(2026, 11, 27, 21, 0)).open_now
