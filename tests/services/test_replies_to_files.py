"""Replies to messages with files: said in the slot, and a person owed a look without the assistant falling silent."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.services.work import answer, conversation, identity, job, reply, say, slot
from webapp.domain import ConversationStatus, HandoverReason, JobStatus, Language, Outcome, Role
from webapp.services import desk
from webapp.texts import say as sentence

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from webapp.domain import Reply
    from webapp.services.accounts import Identity
    from webapp.services.messages import Accepted

ACKNOWLEDGED = "Merci, j’ai bien reçu une photo."


@pytest.fixture
def sent(session: Session) -> Accepted:
    return say(session, identity(session), "La poignée est cassée")


def _with_photo(told: Reply) -> Reply:
    return replace(told, acknowledgement=ACKNOWLEDGED, owes_a_look=True)


def _content(session: Session, sent: Accepted) -> str:
    message = slot(session, sent)
    assert message is not None
    return message.content


def test_the_slot_says_both_and_a_person_is_owed_while_the_assistant_goes_on(session: Session, sent: Accepted) -> None:
    assert answer(session, sent.job_id, _with_photo(reply("La garantie dure sept ans [1].")))
    assert _content(session, sent) == f"La garantie dure sept ans [1].\n\n{ACKNOWLEDGED}"
    case = conversation(session, sent)
    assert (case.status, case.assistant_on, case.handover_reason) == (ConversationStatus.WAITING_STAFF, True, None)
    assert (case.waiting_since is not None, "La poignée est cassée" in (case.brief or "")) == (True, True)
    assert job(session, sent.job_id).status is JobStatus.SUCCEEDED

    since = case.waiting_since
    again = say(session, _owner(session, sent), "Voici une autre photo", sent.conversation_id)
    assert answer(session, again.job_id, _with_photo(reply("", None)))
    assert _content(session, again) == ACKNOWLEDGED
    assert conversation(session, sent).waiting_since == since
    desk.speak(session, identity(session, Role.STAFF), sent.conversation_id, "Je regarde.", None)
    assert conversation(session, sent).waiting_since is None


def test_photos_that_were_refused_owe_nothing(session: Session, sent: Accepted) -> None:
    assert answer(session, sent.job_id, replace(reply("", None), acknowledgement="Un fichier n’a pas été retenu."))
    case = conversation(session, sent)
    assert (case.status, case.waiting_since) == (ConversationStatus.IN_PROGRESS, None)


def test_nobody_is_offered_who_is_promised_and_the_second_time_a_person_takes_over(
    session: Session, sent: Accepted
) -> None:
    nothing = _with_photo(reply("Rien trouvé.", Outcome.NO_ANSWER))
    assert answer(session, sent.job_id, replace(nothing, owes_a_look=False))
    assert _content(session, sent) == f"Rien trouvé.\n\n{ACKNOWLEDGED}"
    second = say(session, _owner(session, sent), "Et la porte ?", sent.conversation_id)
    assert answer(session, second.job_id, nothing)
    said = _content(session, second)
    assert said == sentence(f"notices.handed_over.{HandoverReason.NO_ANSWER}", Language.FR) + f"\n\n{ACKNOWLEDGED}"
    assert conversation(session, sent).handover_reason is HandoverReason.NO_ANSWER

    other = say(session, identity(session), "Est-ce grave ?")
    assert answer(session, other.job_id, nothing)
    assert _content(session, other).startswith(sentence("waiting.no_answer", Language.FR))


def _owner(session: Session, sent: Accepted) -> Identity:
    return replace(identity(session), account_id=conversation(session, sent).client_id)
