"""Who answers a customer that waits, when, after how many others; and that waiting is never begun twice."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text

from tests.services.work import answer, claimed, conversation, identity, job, reply, say, slot
from webapp.domain import Brief, HandoverReason, JobStatus, Language, Outcome, Role
from webapp.models import Account, Firm
from webapp.services import conversations, desk, firm, replies, supervision, waiting
from webapp.services.firm import Choices, Opening
from webapp.services.waiting import Presence, Standing

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from webapp.services.accounts import Identity
    from webapp.services.messages import Accepted

PARIS = ZoneInfo("Europe/Paris")
THURSDAY = datetime(2026, 11, 26, 10, 0, tzinfo=PARIS)
FR, EN = Language.FR, Language.EN
ANGER, SAFETY, CUSTOMER = HandoverReason.ANGER, HandoverReason.SAFETY, HandoverReason.CUSTOMER


@pytest.fixture
def client(session: Session) -> Identity:
    return identity(session)


def _choose(session: Session, **choices: object) -> None:
    session.get_one(Firm, 1).choices = Choices(**choices).model_dump(mode="json")  # type: ignore[arg-type]  # read by it
    session.flush()


def _standing(session: Session, sent: Accepted, at: datetime = THURSDAY) -> Standing:
    found = waiting.standing(session, conversation(session, sent), at)
    assert found is not None
    return found


def _waits(session: Session, client: Identity) -> Accepted:
    sent = say(session, client)
    conversations.ask_for_a_person(session, client, sent.conversation_id, None)
    return sent


def test_two_who_wait_stand_in_the_order_they_began(session: Session, client: Identity) -> None:
    first, second = _waits(session, client), _waits(session, identity(session))
    assert [_standing(session, each).place for each in (first, second)] == [1, 2]
    assert [_standing(session, each).waiting for each in (first, second)] == [2, 2]
    told = [waiting.sentence(_standing(session, each), THURSDAY, FR) for each in (first, second)]
    assert told[0] == "Une personne vous répondra ici. Votre demande est la prochaine."
    assert told[1] == "Une personne vous répondra ici. Votre demande est la 2e dans la file."
    desk.speak(session, identity(session, Role.STAFF), first.conversation_id, "Bonjour", None)
    assert waiting.standing(session, conversation(session, first), THURSDAY) is None
    assert _standing(session, second).place == 1


def test_a_case_that_does_not_wait_has_no_standing(session: Session, client: Identity) -> None:
    sent = say(session, client)
    assert waiting.standing(session, conversation(session, sent), THURSDAY) is None
    waits = _waits(session, client)
    conversations.close(session, client, waits.conversation_id)
    assert waiting.standing(session, conversation(session, waits), THURSDAY) is None


def test_places_are_exact_to_eleven_and_then_by_tens(session: Session) -> None:
    line = [_waits(session, identity(session)) for _ in range(23)]
    places = [_standing(session, each).place for each in line]
    assert places == [*range(1, 12), *[11] * 9, *[21] * 3]
    assert waiting.sentence(_standing(session, line[-1]), THURSDAY, FR).endswith(
        "Au moins 20 demandes passent avant la vôtre."
    )
    assert waiting.sentence(_standing(session, line[10]), THURSDAY, EN).endswith(
        "At least 10 requests come before yours."
    )


def test_the_one_who_took_the_case_is_named_while_she_works_here(session: Session, client: Identity) -> None:
    sent = _waits(session, client)
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
        (_moment(2026, 11, 26, 8, 59), "Notre équipe sera là aujourd'hui à partir de 9 h 00."),
        (_moment(2026, 11, 26, 12, 30), "Notre équipe sera là aujourd'hui à partir de 13 h 30."),
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
    found = _standing(session, _waits(session, client), at)
    assert (found.open_now, found.opens_at) == (False, _moment(2026, 11, 30, 9, 0))
    assert waiting.sentence(found, at, EN) == (
        "Our offices are closed: a member of our team will answer you from Monday 30 November at 9:00 am on."
        " Your request is next in line."
    )
    assert waiting.sentence(found, at, FR) == (
        "Nos bureaux sont fermés : une personne vous répondra à partir de lundi 30 novembre à 9 h 00."
        " Votre demande est la prochaine."
    )
    assert waiting.hour(time(13, 30), EN) == "1:30 pm"
    assert waiting.hour(time(0, 5), EN) == "12:05 am"


def test_a_firm_closed_for_two_months_promises_no_day(session: Session, client: Identity) -> None:
    days = [THURSDAY.date() + timedelta(days=days) for days in range(firm.LONGEST_CLOSURE_DAYS)]
    _choose(session, holidays=days)
    found = _standing(session, _waits(session, client))
    assert (found.open_now, found.opens_at) == (False, None)
    assert waiting.sentence(found, THURSDAY, FR).startswith(
        "Nos bureaux sont fermés : une personne vous répondra ici dès leur réouverture."
    )
    assert waiting.presence_sentence(Presence(open_now=False, opens_at=None), THURSDAY, FR) == (
        "Nos bureaux sont fermés en ce moment."
    )
    _choose(session, holidays=days[:-3])  # the last three are a Friday and its weekend
    assert waiting.presence(session, THURSDAY).opens_at is not None


def test_the_firms_own_holiday_and_hours_hold(session: Session) -> None:
    night = [[Opening(start=time(20), end=time(23))]] * 7
    _choose(session, hours=night, holidays=[date(2026, 11, 26)])
    assert waiting.presence(session, _moment(2026, 11, 26, 21, 0)) == Presence(
        open_now=False, opens_at=_moment(2026, 11, 27, 20, 0)
    )
    assert waiting.presence(session, _moment(2026, 11, 27, 21, 0)).open_now


def _counted(reason: HandoverReason) -> float:
    return REGISTRY.get_sample_value("sav_handovers_total", {"reason": reason}) or 0.0


def _hand_over(session: Session, sent: Accepted, reason: HandoverReason) -> bool:
    brief = Brief(("Où est la commande CMD-4521 ?", "Répondez"), None, found_nothing=True, references=("CMD-4521",))
    return replies.hand_over(session, claimed(session, sent.job_id), reason, FR, brief)


def test_a_person_who_is_owed_is_counted_once_and_keeps_the_place(session: Session, client: Identity) -> None:
    before = {reason: _counted(reason) for reason in HandoverReason}
    sent = say(session, client)
    assert _hand_over(session, sent, ANGER)
    case = conversation(session, sent)
    since = case.waiting_since
    assert (case.status, case.assistant_on, case.handover_reason) == ("waiting_staff", True, ANGER)
    found = slot(session, sent)
    assert found is not None
    assert (found.outcome, job(session, sent.job_id).status) == (Outcome.HANDED_OVER, JobStatus.HANDED_OVER)
    for reason, kept in ((HandoverReason.REPEATED, ANGER), (SAFETY, SAFETY), (ANGER, SAFETY)):
        following = say(session, client, conversation_id=sent.conversation_id)
        assert _hand_over(session, following, reason)
        case = conversation(session, sent)
        assert (case.waiting_since, case.handover_reason) == (since, kept)
    conversations.ask_for_a_person(session, client, sent.conversation_id, None)
    case = conversation(session, sent)
    assert (case.assistant_on, case.waiting_since, case.handover_reason) == (False, since, SAFETY)
    assert {reason: _counted(reason) - before[reason] for reason in HandoverReason} == {
        reason: float(reason is ANGER) for reason in HandoverReason
    }


def test_the_button_over_an_open_question_counts_once(session: Session, client: Identity) -> None:
    before = _counted(CUSTOMER)
    _waits(session, client)
    assert _counted(CUSTOMER) - before == 1


def test_asking_in_words_turns_the_assistant_off_and_fills_what_follows(session: Session, client: Identity) -> None:
    sent = say(session, client, "Je veux parler à quelqu'un")
    following = say(session, client, "Vite", sent.conversation_id)
    assert _hand_over(session, sent, CUSTOMER)
    assert conversation(session, sent).assistant_on is False
    for each in (sent, following):
        assert job(session, each.job_id).status is JobStatus.HANDED_OVER
    assert say(session, client, "Merci", sent.conversation_id).job_id is None


def test_a_hand_over_that_lost_its_claim_changes_nothing(session: Session, client: Identity) -> None:
    sent = say(session, client)
    claim = claimed(session, sent.job_id)
    desk.speak(session, identity(session, Role.STAFF), sent.conversation_id, "J'y suis", None)
    assert replies.hand_over(session, claim, CUSTOMER, FR, Brief(("?",))) is False
    assert conversation(session, sent).status == "in_progress"


def test_while_a_person_is_owed_nothing_found_is_said_once_more_and_hands_nothing_over(
    session: Session, client: Identity
) -> None:
    sent = say(session, client)
    assert _hand_over(session, sent, ANGER)
    for _ in range(3):
        following = say(session, client, conversation_id=sent.conversation_id)
        assert answer(session, following.job_id, reply("Souhaitez-vous une personne ?", Outcome.NO_ANSWER))
        found = slot(session, following)
        assert found is not None
        assert found.outcome is Outcome.NO_ANSWER
        assert "doit déjà vous répondre" in found.content
    desk.change(
        session, identity(session, Role.STAFF), sent.conversation_id, desk.Change(status="in_progress")  # type: ignore[arg-type]  # its value
    )  # fmt: skip
    following = say(session, client, conversation_id=sent.conversation_id)
    assert answer(session, following.job_id, reply("?", Outcome.NO_ANSWER))
    assert job(session, following.job_id).status is JobStatus.SUCCEEDED


def test_a_brief_is_written_with_the_hand_over(session: Session, client: Identity) -> None:
    sent = say(session, client)
    assert _hand_over(session, sent, SAFETY)
    assert conversation(session, sent).brief == (
        "Demande : Où est la commande CMD-4521 ? / Répondez\n"
        "L'assistant n'a rien trouvé dans les documents.\n"
        "Numéros cités : CMD-4521"
    )


def test_outside_a_worker_the_brief_tells_the_last_messages(session: Session, client: Identity) -> None:
    sent = say(session, client, "Comment régler la paumelle ?")
    assert answer(session, sent.job_id, reply("Tournez " + "la vis " * 40))
    following = say(session, client, "Merci " * 100, sent.conversation_id)
    assert following.job_id is not None
    supervision.give_up(session, following.job_id, HandoverReason.DEADLINE)
    brief = conversation(session, sent).brief or ""
    asked, answered = brief.splitlines()
    assert asked.startswith("Demande : Merci Merci")
    assert answered.startswith("Réponse donnée : Tournez la vis")
    assert all(len(line) < 270 and line.endswith("…") for line in (asked, answered))
    other = _waits(session, client)
    assert conversation(session, other).brief == "Demande : Bonjour\nL'assistant n'a pas encore répondu."


def _lately(session: Session, client: Identity, case: Accepted) -> list[str]:
    """What a worker would hold against the customer's next message."""
    following = say(session, client, "Et maintenant ?", case.conversation_id)
    asked = replies.asked(session, claimed(session, following.job_id))
    assert len(asked.question.history) >= len(asked.lately)
    return [turn.text for turn in asked.lately]


def test_what_came_before_a_person_a_hand_over_or_a_closing_is_not_held_against_anybody(
    session: Session, client: Identity
) -> None:
    staff = identity(session, Role.STAFF)
    for act in ("speak", "hand_over", "close"):
        sent = say(session, client, "Question")
        if act == "hand_over":
            assert _hand_over(session, sent, ANGER)
        else:
            assert answer(session, sent.job_id, reply("Réponse"))
        if act == "speak":
            desk.speak(session, staff, sent.conversation_id, "J'y suis", None)
            desk.change(session, staff, sent.conversation_id, desk.Change(assistant_on=True))
        if act == "close":
            conversations.close(session, client, sent.conversation_id)
            conversations.reopen(session, client, sent.conversation_id)
        assert _lately(session, client, sent) == [], act
    sent = say(session, client, "Question")
    assert answer(session, sent.job_id, reply("Réponse"))
    assert _lately(session, client, sent) == ["Question", "Réponse"]


def test_a_worker_is_told_the_firms_words_and_whether_a_person_is_owed(session: Session, client: Identity) -> None:
    _choose(session, safety_words=["amiante"])
    sent = say(session, client)
    asked = replies.asked(session, claimed(session, sent.job_id))
    assert (asked.safety_words, asked.awaits_person, asked.language) == (("amiante",), False, FR)
    session.execute(text("UPDATE firm SET choices = '{}'"))
    other = _waits(session, client)
    desk.change(session, identity(session, Role.STAFF), other.conversation_id, desk.Change(assistant_on=True))
    following = say(session, client, conversation_id=other.conversation_id)
    asked = replies.asked(session, claimed(session, following.job_id))
    assert (asked.safety_words, asked.awaits_person) == ((), True)
