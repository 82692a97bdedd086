"""What was read in pictures: proposed once, decided by its customer alone, known to replies and summaries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.services import pictures
from tests.services.work import claimed, conversation, identity, job, say
from webapp.domain import AttachmentState, Author, FactKind, FactState, FoundFact, JobKind, JobStatus, Role
from webapp.errors import NotFoundError
from webapp.models import Attachment, Message
from webapp.services import cleaning, conversations, facts, questions, summaries

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from webapp.services.accounts import Identity
    from webapp.services.messages import Accepted

ORDER = FoundFact(FactKind.ORDER_NUMBER, "CMD2024-0117")
DAY = FoundFact(FactKind.DATE, "2024-03-12")


@pytest.fixture
def client(session: Session) -> Identity:
    return identity(session)


@pytest.fixture
def sent(session: Session, client: Identity) -> Accepted:
    return pictures.send(session, client, pictures.stored(), pictures.stored())


def _attachment(session: Session, sent: Accepted) -> Attachment:
    return session.query(Attachment).filter_by(message_id=sent.message_id, position=1).one()


def test_a_value_is_proposed_once_and_one_declined_never_again(
    session: Session, client: Identity, sent: Accepted
) -> None:
    attachment, case = _attachment(session, sent), sent.conversation_id
    before = conversation(session, sent).version
    assert facts.propose(session, attachment, [ORDER, ORDER, DAY]) == 2
    seen = conversation(session, sent).version
    assert seen > before
    assert facts.propose(session, attachment, [ORDER]) == 0
    assert facts.propose(session, attachment, []) == 0
    assert conversation(session, sent).version == seen
    order, day = facts.of(session, case)
    assert (order.value, order.state, order.attachment_id) == (ORDER.value, FactState.PROPOSED, attachment.id)
    assert facts.confirmed(session, case) == ()

    facts.decide(session, client, order.id, confirmed=True)
    facts.decide(session, client, day.id, confirmed=False)
    assert facts.confirmed(session, case) == (ORDER,)
    assert [fact.value for fact in facts.of(session, case)] == [ORDER.value]
    assert facts.propose(session, attachment, [ORDER, DAY]) == 0
    decided = conversation(session, sent).version
    assert decided == seen + 2
    assert facts.decide(session, client, order.id, confirmed=True).decided_at is not None
    assert conversation(session, sent).version == decided  # said twice is said once
    facts.decide(session, client, order.id, confirmed=False)
    assert facts.of(session, case) == []


def test_nobody_else_decides(session: Session, sent: Accepted) -> None:
    facts.propose(session, _attachment(session, sent), [ORDER])
    (fact,) = facts.of(session, sent.conversation_id)
    for other in (identity(session), identity(session, Role.STAFF)):
        with pytest.raises(NotFoundError):
            facts.decide(session, other, fact.id, confirmed=True)


def test_what_the_team_sends_is_proposed_to_nobody(session: Session, sent: Accepted) -> None:
    attachment = _attachment(session, sent)
    message = session.get_one(Message, sent.message_id)
    session.expunge(message)
    session.query(Message).filter_by(id=message.id).update(
        {"role": Author.STAFF, "owes_reply": False, "reply_job_id": None}
    )
    assert facts.propose(session, attachment, [ORDER]) == 0


def test_a_reply_knows_the_files_and_a_summary_the_confirmed_number(
    session: Session, client: Identity, sent: Accepted
) -> None:
    first, second = pictures.image_jobs(session, sent.message_id)
    assert pictures.clean(session, first, text="Commande CMD2024-0117")
    cleaning.reject(session, job(session, second).attachment_id, "locked")  # type: ignore[arg-type]  # it has one
    asked = questions.asked(session, claimed(session, sent.job_id))
    clean, refused = asked.question.received
    assert (asked.question.text, clean.transcript) == ("", "Commande CMD2024-0117")
    assert (clean.is_poor, clean.state) == (True, AttachmentState.CLEAN)
    assert (refused.is_poor, refused.state) == (False, AttachmentState.REJECTED)

    facts.propose(session, _attachment(session, sent), [ORDER])
    facts.decide(session, client, facts.of(session, sent.conversation_id)[0].id, confirmed=True)
    again = say(session, client, "Et alors ?", sent.conversation_id)
    conversations.close(session, client, sent.conversation_id)
    closing = conversations.close(session, client, sent.conversation_id)
    reading = summaries.reading(session, claimed(session, closing, JobKind.SUMMARY))
    assert reading is not None
    assert (reading.case.photos, reading.case.confirmed) == (True, (ORDER,))
    assert job(session, again.job_id).status is JobStatus.HANDED_OVER
