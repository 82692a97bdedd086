"""What the assistant would answer: asked for once at a time, about the right question, kept out of the conversation."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.services.work import answer, claimed, conversation, identity, job, reply, say
from webapp.domain import Audience, Author, DocumentState, JobKind, JobStatus, Language, Outcome, Reply, Role, Source
from webapp.errors import ConversationClosedError, NotFoundError
from webapp.models import Document, Message, PassageRow
from webapp.services import conversations, desk, jobs, polling, proposals
from webapp.services.proposals import Proposal
from webapp.services.replies import SourcesGoneError

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.orm import Session

    from webapp.services.accounts import Identity
    from webapp.services.messages import Accepted


@pytest.fixture
def customer(session: Session) -> Identity:
    return identity(session)


@pytest.fixture
def staff(session: Session) -> Identity:
    return identity(session, Role.STAFF)


@pytest.fixture
def sent(session: Session, customer: Identity) -> Accepted:
    return say(session, customer, "Combien de temps dure la garantie ?")


def _passage(session: Session, audience: Audience = Audience.PUBLIC) -> PassageRow:
    document = Document(
        title="Garanties", filename="g.txt", digest=uuid4().hex, size=1, storage_key=uuid4().hex, audience=audience
    )
    document.state = DocumentState.PUBLISHED
    session.add(document)
    session.flush()
    row = PassageRow(
        document_id=document.id, ordinal=0, page=None, heading="", text="Cinq ans.", language=Language.FR,
        encoder="e", vector=b"", version=1,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row


def _proposal(row: PassageRow, outcome: Outcome | None = Outcome.ANSWERED) -> Proposal:
    source = Source(1, row.id, row.document_id, "Garanties", None, "Cinq ans.", 0.9)
    return Proposal(Reply("Cinq ans [1].", outcome, Language.FR, (source,)), "Cinq ans.", (row.id,))


def test_one_is_under_way_at_a_time(session: Session, staff: Identity, sent: Accepted) -> None:
    first = proposals.ask(session, staff, sent.conversation_id)
    assert proposals.ask(session, identity(session, Role.ADMIN), sent.conversation_id) == first
    claim = claimed(session, first, JobKind.PROPOSAL)
    assert proposals.ask(session, staff, sent.conversation_id) == first
    jobs.end(session, claim, JobStatus.SUCCEEDED, result="{}")
    assert proposals.ask(session, staff, sent.conversation_id) != first


def test_a_closed_case_needs_none(session: Session, staff: Identity, sent: Accepted) -> None:
    conversations.close(session, staff, sent.conversation_id)
    with pytest.raises(ConversationClosedError):
        proposals.ask(session, staff, sent.conversation_id)


def _question(session: Session, staff: Identity, case: UUID) -> tuple[str, list[str]]:
    claim = claimed(session, proposals.ask(session, staff, case), JobKind.PROPOSAL)
    asked = proposals.question(session, claim)
    jobs.end(session, claim, JobStatus.SUCCEEDED, result="{}")
    return asked.text, [turn.text for turn in asked.history]


def test_it_answers_what_the_customer_asked_last(
    session: Session, staff: Identity, customer: Identity, sent: Accepted
) -> None:
    case = sent.conversation_id
    answer(session, sent.job_id, reply("Cinq ans."))
    say(session, customer, "Et la main-d'œuvre ?", case)
    conversations.ask_for_a_person(session, customer, case, None)  # its notice answers nothing
    say(session, customer, "C'est urgent.", case)
    asked, before = _question(session, staff, case)
    assert asked == "C'est urgent."
    assert before == ["Combien de temps dure la garantie ?", "Cinq ans.", "Et la main-d'œuvre ?"]
    desk.speak(session, staff, case, "Je regarde.", None)
    assert _question(session, staff, case) == (asked, before), "what was said after it is no part of it"


def test_it_is_the_jobs_result_and_no_message(session: Session, staff: Identity, sent: Accepted) -> None:
    row = _passage(session)
    claim = claimed(session, proposals.ask(session, staff, sent.conversation_id), JobKind.PROPOSAL)
    version = conversation(session, sent).version
    assert proposals.record(session, claim, _proposal(row))
    result = job(session, claim.job_id).result
    assert result is not None
    assert (result["text"], result["internal"]) == ("Cinq ans.", False)
    assert result["sources"][0]["document_id"] == str(row.document_id)
    assert session.query(Message).filter_by(role=Author.ASSISTANT).count() == 0
    assert conversation(session, sent).version == version
    assert not proposals.record(session, claim, _proposal(row)), "the claim no longer stands"


def test_it_says_when_it_comes_from_what_customers_may_not_read(
    session: Session, staff: Identity, sent: Accepted
) -> None:
    claim = claimed(session, proposals.ask(session, staff, sent.conversation_id), JobKind.PROPOSAL)
    proposals.record(session, claim, _proposal(_passage(session, Audience.INTERNAL)))
    result = job(session, claim.job_id).result
    assert result is not None
    assert result["internal"] is True


def test_there_is_none_where_the_documents_do_not_say(session: Session, staff: Identity, sent: Accepted) -> None:
    claim = claimed(session, proposals.ask(session, staff, sent.conversation_id), JobKind.PROPOSAL)
    proposals.record(session, claim, _proposal(_passage(session), Outcome.NO_ANSWER))
    assert job(session, claim.job_id).result == {"text": "", "sources": [], "internal": False}


def test_a_document_withdrawn_meanwhile_is_not_quoted(session: Session, staff: Identity, sent: Accepted) -> None:
    row = _passage(session)
    session.get_one(Document, row.document_id).state = DocumentState.DELETED
    session.flush()
    claim = claimed(session, proposals.ask(session, staff, sent.conversation_id), JobKind.PROPOSAL)
    with pytest.raises(SourcesGoneError):
        proposals.record(session, claim, _proposal(row))


def test_the_customer_of_the_case_never_sees_it(
    session: Session, staff: Identity, customer: Identity, sent: Accepted
) -> None:
    asked = proposals.ask(session, staff, sent.conversation_id)
    with pytest.raises(NotFoundError):
        polling.job(session, customer, asked)
    assert asked not in [each.id for each in polling.open_jobs(session, customer, sent.conversation_id)]
    assert asked in [each.id for each in polling.open_jobs(session, staff, sent.conversation_id)]
    assert polling.job(session, staff, asked).kind is JobKind.PROPOSAL
