"""How a person comes to be owed: counted once, with a brief, kept from being said twice."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text

from tests.harness.servers import query
from tests.harness.waiting import wait_until
from tests.services.test_waiting import begin_waiting, choose
from tests.services.work import answer, claimed, conversation, identity, job, reply, say, slot, transaction
from webapp.domain import Brief, HandoverReason, JobStatus, Language, Outcome, Role
from webapp.services import conversations, desk, questions, replies, supervision

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from webapp.services.accounts import Identity
    from webapp.services.messages import Accepted

FR = Language.FR
WAITS_FOR_A_LOCK = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
ANGER, SAFETY, CUSTOMER = HandoverReason.ANGER, HandoverReason.SAFETY, HandoverReason.CUSTOMER


@pytest.fixture
def client(session: Session) -> Identity:
    return identity(session)


def _counted(reason: HandoverReason) -> float:
    return REGISTRY.get_sample_value("sav_handovers_total", {"reason": reason}) or 0.0


def _hand_over(session: Session, sent: Accepted, reason: HandoverReason) -> bool:
    brief = Brief(("Où est la commande CMD-4521 ?", "Répondez"), None, found_nothing=True, references=("CMD-4521",))
    return replies.hand_over(session, claimed(session, sent.job_id), reason, FR, brief)


def test_a_person_who_speaks_into_a_reply_is_counted(session: Session, client: Identity) -> None:
    before = _counted(HandoverReason.STAFF_SPOKE)
    sent = say(session, client)
    desk.speak(session, identity(session, Role.STAFF), sent.conversation_id, "J'arrive", None)
    desk.speak(session, identity(session, Role.STAFF), sent.conversation_id, "Voilà", None)
    assert _counted(HandoverReason.STAFF_SPOKE) == before + 1


def test_a_draft_does_not_outlive_the_hand_over_it_met(database_url: str) -> None:
    with transaction(database_url) as session:
        staff, sent = identity(session, Role.STAFF), say(session, identity(session))
        claim = claimed(session, sent.job_id)
    stood: list[bool] = []

    def write() -> None:
        with transaction(database_url) as session:
            stood.append(replies.write_draft(session, claim, "Je cherche"))

    late = threading.Thread(target=write)
    with transaction(database_url) as session:
        desk.speak(session, staff, sent.conversation_id, "J'arrive", None)
        late.start()
        wait_until(lambda: bool(query(database_url, WAITS_FOR_A_LOCK)), "the draft to wait")
    late.join()
    assert stood == [False]
    assert query(database_url, "SELECT count(*) FROM draft") == [(0,)]


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
    begin_waiting(session, client)
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
        "Demande\u00a0: Où est la commande CMD-4521 ? / Répondez\n"
        "L’assistant n’a rien trouvé dans les documents.\n"
        "Numéros cités\u00a0: CMD-4521"
    )


def test_outside_a_worker_the_brief_tells_the_last_messages(session: Session, client: Identity) -> None:
    sent = say(session, client, "Comment régler la paumelle ?")
    assert answer(session, sent.job_id, reply("Tournez " + "la vis " * 40))
    following = say(session, client, "Merci " * 100, sent.conversation_id)
    assert following.job_id is not None
    supervision.give_up(session, following.job_id, HandoverReason.DEADLINE)
    brief = conversation(session, sent).brief or ""
    asked, answered = brief.splitlines()
    assert asked.startswith("Demande\u00a0: Merci Merci")
    assert answered.startswith("Réponse donnée\u00a0: Tournez la vis")
    assert all(len(line) < 270 and line.endswith("…") for line in (asked, answered))
    other = begin_waiting(session, client)
    assert conversation(session, other).brief == "Demande\u00a0: Bonjour\nL’assistant n’a pas encore répondu."


def _lately(session: Session, client: Identity, case: Accepted) -> list[str]:
    """What a worker would hold against the customer's next message."""
    following = say(session, client, "Et maintenant ?", case.conversation_id)
    asked = questions.asked(session, claimed(session, following.job_id))
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
    choose(session, safety_words=["amiante"])
    sent = say(session, client)
    asked = questions.asked(session, claimed(session, sent.job_id))
    assert (asked.safety_words, asked.awaits_person, asked.language) == (("amiante",), False, FR)
    session.execute(text("UPDATE firm SET choices = '{}'"))
    other = begin_waiting(session, client)
    desk.change(session, identity(session, Role.STAFF), other.conversation_id, desk.Change(assistant_on=True))
    following = say(session, client, conversation_id=other.conversation_id)
    asked = questions.asked(session, claimed(session, following.job_id))
    assert (asked.safety_words, asked.awaits_person) == ((), True)
