"""Figures of a period: each number by hand on a few conversations."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from tests.services.work import answer, identity, reply, say
from webapp.domain import Language, Outcome, Queue, Reply, Role, Usage
from webapp.services import conversations, desk, standing, stats
from webapp.services.lists import Filter

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.orm import Session

    from webapp.services.accounts import Identity

pytestmark = pytest.mark.usefixtures("fresh_figures")

PARIS = "Europe/Paris"
MINUTES = 60


@pytest.fixture
def client(session: Session) -> Identity:
    return identity(session)


@pytest.fixture
def staff(session: Session) -> Identity:
    return identity(session, Role.STAFF)


def _at(session: Session, case: UUID, **seconds: int) -> None:
    """Set when each author first spoke, and when it was closed, in seconds after it was opened."""
    for role, after in seconds.items():
        if role == "closed":
            session.execute(
                text("UPDATE conversation SET closed_at = created_at + make_interval(secs => :after) WHERE id = :case"),
                {"case": case, "after": after},
            )
        else:
            session.execute(
                text(
                    "UPDATE message m SET created_at = c.created_at + make_interval(secs => :after + m.seq)"
                    " FROM conversation c WHERE c.id = m.conversation_id AND c.id = :case AND m.role = :role"
                ),
                {"case": case, "after": after - 2, "role": role},
            )
    session.expire_all()


def _age(session: Session, case: UUID, days: float) -> None:
    """Make a case and what was said in it older."""
    for table, column in (("conversation", "id"), ("message", "conversation_id")):
        session.execute(
            text(
                f"UPDATE {table} SET created_at = (created_at AT TIME ZONE :zone - make_interval(days => :days))"  # noqa: S608  ours
                f" AT TIME ZONE :zone WHERE {column} = :case"
            ),
            {"case": case, "days": days, "zone": PARIS},
        )


def _answered(session: Session, client: Identity, after: int) -> UUID:
    sent = say(session, client)
    assert answer(session, sent.job_id, Reply("Voici.", Outcome.ANSWERED, Language.FR, usage=Usage(100, 20)))
    _at(session, sent.conversation_id, assistant=after)
    return sent.conversation_id


def test_nothing_measured_is_none_and_every_name_is_there(session: Session) -> None:
    found = stats.read(session, "week", PARIS)
    assert (found.opened, found.handover_rate, found.answered_by_assistant_alone_rate) == (0, None, None)
    assert (found.first_answer_by_assistant_s, found.resolution_s, found.sample) == (None, None, 0)
    assert found.by_status == dict.fromkeys(("new", "in_progress", "waiting_staff", "closed"), 0)
    assert found.replies == {"answered": 0, "no_answer": 0, "handed_over": 0}
    assert [day.opened for day in found.by_day] == [0] * 7


def test_what_the_assistant_did_and_what_people_did_stand_apart(
    session: Session, client: Identity, staff: Identity
) -> None:
    quick, slow = _answered(session, client, 4), _answered(session, client, 10)
    helped = say(session, client).conversation_id
    conversations.ask_for_a_person(session, client, helped, None)
    desk.speak(session, staff, helped, "Je regarde", None)
    _at(session, helped, staff=30 * MINUTES)
    unread = say(session, client).conversation_id
    for case, after in ((quick, 60), (helped, 3600)):
        conversations.close(session, staff, case)
        _at(session, case, closed=after)

    found = stats.read(session, "month", PARIS)
    assert found.opened == found.sample == 4
    assert found.by_status == {"new": 1, "in_progress": 1, "waiting_staff": 0, "closed": 2}
    assert (found.handed_over, found.handover_rate) == (1, 0.25)
    assert (found.answered_by_assistant_alone, found.answered_by_assistant_alone_rate) == (2, 0.5)
    assert found.first_answer_by_assistant_s == pytest.approx(7)
    assert found.first_answer_by_people_s == pytest.approx(30 * MINUTES, abs=2)
    assert found.resolution_by_assistant_s == pytest.approx(60)
    assert found.resolution_by_people_s == pytest.approx(3600)
    assert found.resolution_s == pytest.approx(1830)
    assert found.replies == {"answered": 2, "no_answer": 0, "handed_over": 1}
    assert (found.input_tokens, found.output_tokens) == (200, 40)
    assert {unread, slow} <= {row.id for row in conversations.find(session, staff, Filter())}


def test_ratings_are_counted(session: Session, client: Identity) -> None:
    for rating in ("up", "up", "down"):
        case = _answered(session, client, 1)
        said = conversations.messages(session, case, 0)[-1]
        conversations.rate(session, client, said.id, rating, None)
    found = stats.read(session, "week", PARIS)
    assert (found.feedback_up, found.feedback_down) == (2, 1)


@pytest.mark.parametrize(("period", "days"), stats.DAYS.items())
def test_a_period_is_whole_days_with_today_the_last(session: Session, client: Identity, period: str, days: int) -> None:
    for ago in (0, days - 1, days):
        _age(session, _answered(session, client, 1), ago)
    found = stats.read(session, period, PARIS)
    assert (found.opened, found.replies["answered"]) == (2, 2)
    assert len(found.by_day) == days
    assert [each.opened for each in found.by_day if each.opened] == [1, 1]
    assert (found.by_day[0].opened, found.by_day[-1].opened) == (1, 1)
    assert found.by_day[-1].day - found.by_day[0].day == timedelta(days=days - 1)
    assert sum(sum(each.by_status.values()) for each in found.by_day) == found.opened


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
@pytest.mark.parametrize(("moment", "expected"), [("", -1), (" - interval '1 second'", -2)])
def test_days_are_those_of_the_firm(session: Session, client: Identity, zone: str, moment: str, expected: int) -> None:
    case = say(session, client).conversation_id
    midnight = "date_trunc('day', clock_timestamp() AT TIME ZONE :zone) AT TIME ZONE :zone"
    session.execute(
        text(f"UPDATE conversation SET created_at = {midnight}{moment} WHERE id = :case"),  # noqa: S608  ours
        {"zone": zone, "case": case},
    )
    found = stats.read(session, "week", zone)
    assert found.by_day[expected].opened == found.opened == 1


def test_of_many_an_even_sample_is_measured(
    session: Session, client: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(40):
        _answered(session, client, 10)
    monkeypatch.setattr(stats, "SAMPLE", 20)
    found = stats.read(session, "week", PARIS)
    assert found.opened == 40
    assert 0 < found.sample < 40
    assert found.first_answer_by_assistant_s == pytest.approx(10)
    assert (found.answered_by_assistant_alone, found.answered_by_assistant_alone_rate) == (40, 1.0)
    assert found.replies["answered"] == 40


def test_a_handed_over_slot_is_no_answer_of_the_assistant(session: Session, client: Identity) -> None:
    sent = say(session, client)
    assert answer(session, sent.job_id, reply(outcome=Outcome.NO_ANSWER))
    other = say(session, client)
    conversations.ask_for_a_person(session, client, other.conversation_id, None)
    _at(session, sent.conversation_id, assistant=5)
    _at(session, other.conversation_id, assistant=50)
    found = stats.read(session, "week", PARIS)
    assert found.first_answer_by_assistant_s == pytest.approx(5)
    assert found.answered_by_assistant_alone == 0
    assert found.replies == {"answered": 0, "no_answer": 1, "handed_over": 1}


def test_who_waits_now(session: Session, client: Identity) -> None:
    assert standing.read(session).for_a_person == standing.Waiting(0, None)
    for minutes in (5, 2):
        case = say(session, client).conversation_id
        conversations.ask_for_a_person(session, client, case, None)
        session.execute(
            text("UPDATE conversation SET waiting_since = now() - make_interval(mins => :minutes) WHERE id = :case"),
            {"minutes": minutes, "case": case},
        )
    say(session, identity(session))
    found = standing.read(session)
    assert found.for_a_person.customers == 1, "one customer with two requests waits once"
    assert found.for_a_person.longest_s is not None
    assert found.for_a_person.longest_s >= 300
    assert found.for_the_assistant.customers == 1


def test_a_queue_is_late_when_its_work_is_due_for_too_long(session: Session, client: Identity) -> None:
    sent = say(session, client)
    found = standing.read(session).queues
    assert set(found) == set(Queue)
    assert (found["replies"].open_jobs, found["replies"].late) == (1, False)
    session.execute(text("UPDATE job SET created_at = created_at - interval '1 h'"))
    assert standing.read(session).queues["replies"].late is False, "what was put off on purpose is not late"
    session.execute(text("UPDATE job SET next_at = next_at - interval '59 min'"))
    late = standing.read(session).queues["replies"]
    assert (late.late, late.oldest_s >= 59 * 60) == (True, True)
    assert answer(session, sent.job_id)
    assert standing.read(session).queues["replies"] == standing.QueueState(0, 0.0, late=False)


def test_figures_that_take_long_to_read_are_kept_and_newer_ones_owed_once_a_minute(
    session: Session, client: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = stats.Wanted("week", PARIS)
    assert stats.current(session, wanted).opened == 0
    say(session, client)
    assert stats.current(session, wanted).opened == 1

    monkeypatch.setattr(stats, "SLOW_S", 0.0)
    kept = stats.current(session, wanted)
    say(session, client)
    assert stats.current(session, wanted) == kept
    assert _owed(session) == []

    session.execute(text("UPDATE kept_stats SET read_at = read_at - interval '90 s', took_s = 1"))
    assert [stats.current(session, wanted).opened for _ in range(3)] == [1, 1, 1]
    assert _owed(session) == [{"period": "week", "zone": PARIS}]
    stats.keep(session, stats.measure(session, wanted))
    assert stats.current(session, wanted).opened == 2

    session.execute(text("UPDATE kept_stats SET read_at = read_at - interval '25 h', content = '{}'"))
    assert stats.current(session, wanted).opened == 2


def test_figures_that_are_soon_read_are_no_older_than_a_minute(
    session: Session, client: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stats, "SLOW_S", 0.0)
    wanted = stats.Wanted("week", PARIS)
    assert stats.current(session, wanted).opened == 0
    say(session, client)
    assert stats.current(session, wanted).opened == 0

    session.execute(text("UPDATE kept_stats SET read_at = read_at - interval '61 s', took_s = 0.9"))
    assert stats.current(session, wanted).opened == 1
    assert _owed(session) == []


def _owed(session: Session) -> list[dict[str, str]]:
    return list(session.execute(text("SELECT request FROM job WHERE kind = 'stats'")).scalars())
