"""Owed when a case is closed, written once and for the case as it was closed, never over what a person corrected."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from tests.services.work import answer, claim, claimed, conversation, identity, job, reply, say
from webapp.domain import Author, HandoverReason, JobKind, JobStatus, Outcome, Role, Summary, SummaryFields
from webapp.errors import ConflictError
from webapp.models import Conversation, Job
from webapp.services import conversations, desk, summaries, supervision

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.orm import Session

    from webapp.services.accounts import Identity
    from webapp.services.messages import Accepted

FIRST = Summary("Premier", SummaryFields(product="volet"))


@pytest.fixture
def client(session: Session) -> Identity:
    return identity(session)


@pytest.fixture
def staff(session: Session) -> Identity:
    return identity(session, Role.STAFF)


@pytest.fixture
def sent(session: Session, client: Identity) -> Accepted:
    """A question with its reply."""
    accepted = say(session, client, "Mon volet est bloqué")
    assert answer(session, accepted.job_id)
    return accepted


def _close(session: Session, who: Identity, sent: Accepted) -> UUID:
    job_id = conversations.close(session, who, sent.conversation_id)
    assert job_id is not None
    return job_id


def _write(session: Session, job_id: UUID, summary: Summary = FIRST) -> bool:
    mine = claimed(session, job_id, JobKind.SUMMARY)
    written = summaries.record(session, mine, summary)
    assert summaries.end(session, mine)
    return written


def _summary(session: Session, sent: Accepted) -> tuple[str | None, str, bool]:
    seen = conversation(session, sent)
    return seen.summary, str(seen.summary_state), seen.summary_edited


def test_a_summary_is_written_with_its_fields_and_told_by_its_job(
    session: Session, client: Identity, sent: Accepted
) -> None:
    job_id = _close(session, client, sent)
    assert _summary(session, sent) == (None, "pending", False)
    version = conversation(session, sent).version
    assert _write(session, job_id)
    seen = conversation(session, sent)
    assert _summary(session, sent) == ("Premier", "ready", False)
    assert (seen.summary_fields["product"], seen.summary_seq, seen.version > version) == ("volet", seen.last_seq, True)
    ended = job(session, job_id)
    assert (ended.status, ended.result) == (
        JobStatus.SUCCEEDED,
        {"summary": "Premier", "fields": asdict(FIRST.fields)},
    )


def test_without_a_text_it_is_unavailable(session: Session, client: Identity, sent: Accepted) -> None:
    _write(session, _close(session, client, sent), Summary(""))
    assert _summary(session, sent) == (None, "unavailable", False)


def test_the_same_words_again_change_nothing(session: Session, client: Identity, sent: Accepted) -> None:
    mine = claimed(session, _close(session, client, sent), JobKind.SUMMARY)
    assert summaries.record(session, mine, FIRST)
    version = conversation(session, sent).version
    assert summaries.record(session, mine, FIRST)
    assert conversation(session, sent).version == version
    assert summaries.record(session, mine, Summary("Mieux"))
    assert conversation(session, sent).version == version + 1


def test_a_summary_is_told_what_was_said_and_no_notice(session: Session, client: Identity, staff: Identity) -> None:
    first = say(session, client, "Mon volet est bloqué")
    assert answer(session, first.job_id, reply("Introuvable.", Outcome.NO_ANSWER))
    say(session, client, "Et la porte ?", first.conversation_id)
    desk.speak(session, staff, first.conversation_id, "Je passe demain.", None)
    reading = summaries.reading(session, claimed(session, _close(session, staff, first), JobKind.SUMMARY))
    assert reading is not None
    assert [(turn.author, turn.text, turn.outcome) for turn in reading.case.turns] == [
        (Author.CLIENT, "Mon volet est bloqué", None),
        (Author.ASSISTANT, "Introuvable.", Outcome.NO_ANSWER),
        (Author.CLIENT, "Et la porte ?", None),
        (Author.STAFF, "Je passe demain.", None),
    ]
    assert (reading.case.language, reading.use_model) == ("fr", True)


def test_a_firm_that_uses_no_model_is_obeyed(session: Session, client: Identity, sent: Accepted) -> None:
    session.execute(text("""UPDATE firm SET choices = choices || '{"use_model": false}'"""))
    reading = summaries.reading(session, claimed(session, _close(session, client, sent), JobKind.SUMMARY))
    assert reading is not None
    assert reading.use_model is False


def test_closed_again_with_nothing_said_nothing_is_owed(session: Session, client: Identity, sent: Accepted) -> None:
    job_id = _close(session, client, sent)
    _write(session, job_id)
    conversations.reopen(session, client, sent.conversation_id)
    assert _close(session, client, sent) == job_id
    assert _summary(session, sent) == ("Premier", "ready", False)
    assert session.query(Job).filter_by(kind=JobKind.SUMMARY).count() == 1


def test_closed_again_before_it_was_written_the_same_job_writes_it(
    session: Session, client: Identity, sent: Accepted
) -> None:
    job_id = _close(session, client, sent)
    conversations.reopen(session, client, sent.conversation_id)
    assert _close(session, client, sent) == job_id
    assert _write(session, job_id)


def test_what_is_said_after_reopening_owes_a_new_one(session: Session, client: Identity, sent: Accepted) -> None:
    first = _close(session, client, sent)
    _write(session, first)
    conversations.reopen(session, client, sent.conversation_id)
    say(session, client, "Encore", sent.conversation_id)
    second = _close(session, client, sent)
    assert second != first
    assert _summary(session, sent) == ("Premier", "pending", False)
    assert _write(session, second, Summary("Second"))
    assert _summary(session, sent) == ("Second", "ready", False)


def test_a_case_opened_meanwhile_is_left_alone(session: Session, client: Identity, sent: Accepted) -> None:
    mine = claimed(session, _close(session, client, sent), JobKind.SUMMARY)
    conversations.reopen(session, client, sent.conversation_id)
    assert summaries.record(session, mine, FIRST) is False
    say(session, client, "Encore", sent.conversation_id)
    _close(session, client, sent)
    assert summaries.reading(session, mine) is None
    assert summaries.record(session, mine, FIRST) is False
    assert summaries.end(session, mine)
    assert _summary(session, sent) == (None, "pending", False)


def test_closed_again_after_its_job_ended_on_the_open_case_another_is_owed(
    session: Session, client: Identity, sent: Accepted
) -> None:
    first = _close(session, client, sent)
    conversations.reopen(session, client, sent.conversation_id)
    assert _write(session, first) is False
    second = _close(session, client, sent)
    assert second != first
    assert _close(session, client, sent) == second
    assert _write(session, second)
    assert _summary(session, sent) == ("Premier", "ready", False)
    assert _close(session, client, sent) == second


def test_what_a_person_corrected_stands(session: Session, client: Identity, sent: Accepted) -> None:
    mine = claimed(session, _close(session, client, sent), JobKind.SUMMARY)
    _edit(session, sent, "De ma main")
    assert summaries.record(session, mine, FIRST) is False
    summaries.try_again(session, mine, 2, 1.0)
    assert session.query(Job).filter_by(kind=JobKind.SUMMARY).count() == 1
    assert summaries.end(session, mine)
    assert job(session, mine.job_id).result == {"summary": "De ma main", "fields": {}}
    assert _summary(session, sent) == ("De ma main", "ready", True)
    conversations.reopen(session, client, sent.conversation_id)
    assert _close(session, client, sent) == mine.job_id
    assert _summary(session, sent) == ("De ma main", "ready", True)
    conversations.reopen(session, client, sent.conversation_id)
    _edit(session, sent, "Pendant l'ouverture")
    say(session, client, "Encore", sent.conversation_id)
    assert _write(session, _close(session, client, sent))
    assert _summary(session, sent) == ("Premier", "ready", False)


def _edit(session: Session, sent: Accepted, words: str, fields: SummaryFields | None = None) -> None:
    summaries.edit(session, session.get_one(Conversation, sent.conversation_id), words, fields)


def test_there_must_be_a_summary_to_correct(session: Session, client: Identity, sent: Accepted) -> None:
    with pytest.raises(ConflictError):
        _edit(session, sent, "Trop tôt")
    _write(session, _close(session, client, sent))
    _edit(session, sent, "Juste", None)
    assert conversation(session, sent).summary_fields["product"] == "volet"
    _edit(session, sent, "Juste", SummaryFields(position="3"))
    assert conversation(session, sent).summary_fields == asdict(SummaryFields(position="3"))


def test_a_further_try_is_a_job_of_its_own_that_is_due_later(
    session: Session, client: Identity, sent: Accepted
) -> None:
    mine = claimed(session, _close(session, client, sent), JobKind.SUMMARY)
    assert summaries.record(session, mine, FIRST)
    summaries.try_again(session, mine, 2, 3600.0)
    summaries.try_again(session, mine, 2, 3600.0)
    assert summaries.end(session, mine)
    (again,) = session.query(Job).filter_by(kind=JobKind.SUMMARY, status=JobStatus.QUEUED)
    assert claim(session, again.id, JobKind.SUMMARY) is None
    assert _close(session, client, sent) == mine.job_id
    session.execute(text("UPDATE job SET next_at = now() WHERE id = :id"), {"id": again.id})
    second = claimed(session, again.id, JobKind.SUMMARY)
    assert second.request["attempt"] == 2
    assert summaries.reading(session, second) is not None
    assert summaries.record(session, second, Summary("Par le modèle"))
    assert _summary(session, sent) == ("Par le modèle", "ready", False)


def test_a_further_try_that_fails_leaves_what_is_there(session: Session, client: Identity, sent: Accepted) -> None:
    mine = claimed(session, _close(session, client, sent), JobKind.SUMMARY)
    assert summaries.record(session, mine, FIRST)
    summaries.try_again(session, mine, 2, 0.0)
    assert summaries.end(session, mine)
    (again,) = session.query(Job).filter_by(kind=JobKind.SUMMARY, status=JobStatus.QUEUED)
    supervision.give_up(session, again.id, HandoverReason.DEADLINE)
    assert _summary(session, sent) == ("Premier", "ready", False)


def test_a_summary_that_failed_has_another_chance(session: Session, client: Identity, sent: Accepted) -> None:
    failed = _close(session, client, sent)
    supervision.give_up(session, failed, HandoverReason.CRASHES)
    assert _close(session, client, sent) == failed
    assert _summary(session, sent) == (None, "unavailable", False)
    conversations.reopen(session, client, sent.conversation_id)
    again = _close(session, client, sent)
    assert again != failed
    assert _write(session, again)
    assert _summary(session, sent) == ("Premier", "ready", False)
