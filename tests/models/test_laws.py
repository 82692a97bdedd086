"""The laws stand in the schema: whatever code does, PostgreSQL refuses to write their breach."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg2
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from tests.services.work import answer, identity, new_account, say
from webapp.domain import Audience, FactKind, FoundFact
from webapp.models import Attachment, Message
from webapp.services import documents, facts, photos
from webapp.services.documents import NewDocument
from webapp.services.photos import NewFile

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

MESSAGE = "INSERT INTO message (id, conversation_id, seq, role, author_id, content, owes_reply"
JOB = "UPDATE job SET"

# What each constraint must refuse, about: an `asked` message that waits with its `job`; a `said` one, answered by
# `reply` through `ended`; the cases they are in, their customer, a document with a passage.
BREACHES = {
    # One message, one reply; the reply stands in the case of its question.
    "uq_message_reply_to": f"{MESSAGE}, reply_to) VALUES (:new, :case, 90, 'assistant', NULL, '', false, :said)",
    "fk_message_reply_in_conversation": (
        f"{MESSAGE}, reply_to) VALUES (:new, :case, 90, 'assistant', NULL, '', false, :asked)"
    ),
    "ck_message_assistant_replies": f"{MESSAGE}) VALUES (:new, :case, 90, 'assistant', NULL, '', false)",
    "uq_job_reply_message": (
        "INSERT INTO job (id, kind, queue, number, status, message_id, attempts, crashes, fence, deadline_at)"
        " VALUES (:new, 'reply', 'replies', 9, 'queued', :asked, 0, 0, 0, now())"
    ),
    # A message that owes a reply has its job, and only customers are owed.
    "ck_message_owed_reply_has_job": "UPDATE message SET reply_job_id = NULL WHERE id = :asked",
    "fk_message_reply_job": "UPDATE message SET reply_job_id = :new WHERE id = :asked",
    "uq_message_reply_job_id": "UPDATE message SET reply_job_id = :job WHERE id = :said",
    "ck_message_only_clients_are_owed": (
        f"{MESSAGE}, reply_job_id) VALUES (:new, :case, 90, 'staff', NULL, '', true, :job)"
    ),
    # A reply job does not end without the very message that answers its question, and never fails.
    "ck_job_reply_job_ends_with_reply": (
        f"{JOB} status = 'succeeded', finished_at = now(), worker_key = NULL WHERE id = :job"
    ),
    "fk_job_reply_answers_message": (
        f"{JOB} status = 'succeeded', finished_at = now(), reply_id = :reply WHERE id = :job"
    ),
    "ck_job_reply_job_never_fails": f"{JOB} status = 'failed', finished_at = now(), reply_id = :reply WHERE id = :job",
    "ck_job_reply_job_has_message": f"{JOB} message_id = NULL WHERE id = :job",
    "ck_job_running_has_worker": f"{JOB} status = 'running' WHERE id = :job",
    "ck_job_finished_when": f"{JOB} finished_at = now() WHERE id = :job",
    "uq_job_one_running_reply": (
        f"{JOB} status = 'running', worker_key = 1, lease_until = now() WHERE id IN (:job, :next_job)"
    ),
    # One message a key of its author, and a key stands for its content.
    "uq_message_author_id_idempotency_key": (
        f"{MESSAGE}, idempotency_key, content_digest) VALUES (:new, :case, 90, 'client', :client, '', false, 'k', 'd')"
    ),
    "ck_message_client_message_has_key": f"{MESSAGE}) VALUES (:new, :case, 90, 'client', :client, '', false)",
    "ck_message_key_has_digest": "UPDATE message SET content_digest = NULL WHERE id = :said",
    "uq_message_conversation_id_seq": f"{MESSAGE}) VALUES (:new, :case, 1, 'staff', NULL, '', false)",
    "ck_message_outcome_of_assistant": "UPDATE message SET outcome = 'answered' WHERE id = :said",
    # Cases, accounts, documents.
    "ck_conversation_closed_when": "UPDATE conversation SET status = 'closed' WHERE id = :case",
    "ck_account_email_lower": "UPDATE account SET email = 'Upper@example.com' WHERE id = :client",
    "uq_account_email": "UPDATE account SET email = (SELECT email FROM account WHERE id = :other) WHERE id = :client",
    "ck_document_failed_has_reason": "UPDATE document SET state = 'failed' WHERE id = :document",
    "uq_document_digest": (
        "INSERT INTO document (id, title, filename, digest, size, storage_key, audience, language, state)"
        " SELECT :new, title, filename, digest, size, storage_key, audience, language, 'published' FROM document"
        " WHERE id = :document"
    ),
    "uq_passage_document_id_ordinal": (
        "INSERT INTO passage (document_id, ordinal, heading, text, language, encoder, vector, version)"
        " VALUES (:document, 0, '', '', 'fr', '', '', 1), (:document, 0, '', '', 'fr', '', '', 1)"
    ),
    "ck_knowledge_index_one_row": "INSERT INTO knowledge_index (id, version, state, chunks) VALUES (2, 0, 'fresh', 0)",
    # A file is decided once, says why it is not shown, and has its place in its message; a number is proposed once.
    "ck_attachment_rejected_has_reason": (
        "UPDATE attachment SET state = 'rejected', decided_at = now() WHERE id = :attachment"
    ),
    "ck_attachment_decided_when": "UPDATE attachment SET decided_at = now() WHERE id = :attachment",
    "ck_attachment_clean_has_size": "UPDATE attachment SET state = 'clean', decided_at = now() WHERE id = :attachment",
    "uq_attachment_message_id_position": (
        "INSERT INTO attachment (id, conversation_id, message_id, position, name, media_type, digest, size, state)"
        " SELECT :new, conversation_id, message_id, position, '', '', '', 0, 'pending' FROM attachment"
        " WHERE id = :attachment"
    ),
    "uq_attachment_file_attachment_id_variant_page": (
        "INSERT INTO attachment_file (key, attachment_id, variant, media_type, size)"
        " SELECT 'other', attachment_id, variant, '', 0 FROM attachment_file WHERE attachment_id = :attachment"
    ),
    "ck_fact_decided_when": "UPDATE fact SET state = 'confirmed' WHERE conversation_id = :case",
    "uq_fact_conversation_id_kind_value": (
        "INSERT INTO fact (id, conversation_id, kind, value, state)"
        " SELECT :new, conversation_id, kind, value, 'proposed' FROM fact WHERE conversation_id = :case"
    ),
    # Work owed once an occasion.
    "uq_job_dedupe_key": f"{JOB} dedupe_key = 'occasion' WHERE id IN (:job, :next_job)",
    "uq_saved_reply_title": (
        "INSERT INTO saved_reply (id, title, content, language)"
        " VALUES (:new, 'Retour', '', 'fr'), (:document, 'Retour', '', 'en')"
    ),
    "ck_firm_one_row": "INSERT INTO firm (id, version, choices) VALUES (2, 1, '{}')",
}
# Keys for others to point at; a breach would break the primary key as well.
IMPLIED = {"uq_message_conversation_id_id", "uq_message_id_reply_to", "uq_job_id_message_id"}

LAWS = """
SELECT conname FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype IN ('c', 'u')
UNION SELECT indexname FROM pg_indexes
WHERE schemaname = 'public' AND indexdef LIKE 'CREATE UNIQUE%' AND indexname LIKE 'uq_%'
"""
CHOICES = """
SELECT conrelid::regclass::text, conname, attname FROM pg_constraint
JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1]
WHERE contype = 'c' AND cardinality(conkey) = 1 AND pg_get_constraintdef(pg_constraint.oid) LIKE '%::text = ANY%'
"""


@pytest.fixture
def ids(session: Session) -> dict[str, object]:
    client = identity(session)
    said = say(session, client, key="k")
    assert answer(session, said.job_id)
    asked = say(session, client)
    following = say(session, client, conversation_id=asked.conversation_id)
    new = NewDocument("notice.txt", uuid4().hex, 1, "k", Audience.PUBLIC, None)
    document, _, _ = documents.add(session, new)
    reply = session.query(Message).filter_by(reply_to=said.message_id).one()
    photos.attach(session, said.message_id, client.account_id, [NewFile("a.jpg", "image/jpeg", "d", 1, uuid4().hex)])
    attachment = session.query(Attachment).filter_by(message_id=said.message_id).one()
    facts.propose(session, attachment, [FoundFact(FactKind.ORDER_NUMBER, "BX-1234")])
    session.flush()
    return {
        "new": uuid4(),
        "client": client.account_id,
        "other": new_account(session).id,
        "said": said.message_id,
        "ended": said.job_id,
        "reply": reply.id,
        "case": said.conversation_id,
        "asked": asked.message_id,
        "job": asked.job_id,
        "next_job": following.job_id,
        "document": document.id,
        "attachment": attachment.id,
    }


def _write(session: Session, statement: str, ids: dict[str, object]) -> None:
    """Execute it and have what is checked at the end of a transaction checked now."""
    written = text(statement)
    session.execute(written, {name: ids[name] for name in written.compile().params})
    session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))


def _choices(session: Session) -> list[tuple[str, str, str]]:
    return [(row[0], row[1], row[2]) for row in session.execute(text(CHOICES))]


def test_every_law_of_the_schema_has_its_breach_here(session: Session) -> None:
    laws = set(session.execute(text(LAWS)).scalars()) - {name for _, name, _ in _choices(session)}
    of_keys = {"fk_message_reply_in_conversation", "fk_message_reply_job", "fk_job_reply_answers_message"}
    assert laws - IMPLIED == set(BREACHES) - of_keys


@pytest.mark.parametrize("law", sorted(BREACHES))
def test_a_breach_is_refused(session: Session, ids: dict[str, object], law: str) -> None:
    with pytest.raises(IntegrityError) as refused:
        _write(session, BREACHES[law], ids)
    assert isinstance(refused.value.orig, psycopg2.Error)
    assert refused.value.orig.diag.constraint_name == law


def test_a_word_that_is_no_choice_is_refused_everywhere(session: Session, ids: dict[str, object]) -> None:
    assert ids
    choices = _choices(session)
    assert len(choices) >= 12
    filled = 0
    for table, _, column in choices:
        rows = session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()  # noqa: S608  names of our schema
        if not rows:
            continue
        filled += 1
        with pytest.raises(IntegrityError, match=f'"ck_{table}_'), session.begin_nested():
            session.execute(text(f"UPDATE {table} SET {column} = 'nonsense'"))  # noqa: S608  idem
    assert filled >= 12


def test_a_reply_cannot_be_taken_away_from_its_ended_job(session: Session, ids: dict[str, object]) -> None:
    with pytest.raises(IntegrityError, match="fk_job_reply_answers_message"):
        _write(session, "DELETE FROM message WHERE id = :reply", ids)


def test_with_a_customer_goes_all_that_is_theirs_and_nothing_else(session: Session, ids: dict[str, object]) -> None:
    staying = say(session, identity(session))
    _write(session, "DELETE FROM account WHERE id = :client", ids)
    for table in ("conversation", "message", "job"):
        left = session.execute(text(f"SELECT id FROM {table}")).scalars().all()  # noqa: S608  idem
        expected = {"conversation": staying.conversation_id, "message": staying.message_id, "job": staying.job_id}
        assert [each for each in left if each == expected[table]] == [expected[table]]
    gone = session.execute(text("SELECT count(*) FROM job WHERE conversation_id = :case"), {"case": ids["case"]})
    assert gone.scalar_one() == 0


def test_the_same_content_may_come_back_once_its_document_is_deleted(session: Session, ids: dict[str, object]) -> None:
    _write(session, "UPDATE document SET state = 'deleted' WHERE id = :document", ids)
    _write(session, BREACHES["uq_document_digest"], ids)
    digests = session.execute(text("SELECT count(DISTINCT digest), count(*) FROM document")).one()
    assert tuple(digests) == (1, 2)


def test_drafts_cost_the_log_nothing(session: Session) -> None:
    assert session.execute(text("SELECT relpersistence FROM pg_class WHERE relname = 'draft'")).scalar_one() == "u"
