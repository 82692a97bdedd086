"""Accepting what a customer says: message and reply job in one statement, so that neither exists without the other."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import text
from uuid_utils.compat import uuid7

from webapp import logs, metrics
from webapp.domain import Author, HandoverReason
from webapp.errors import ConversationClosedError, KeyReusedError, NotFoundError, TooManyPendingError
from webapp.models.prepared import Prepared
from webapp.services import handover
from webapp.texts import say_count

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Row
    from sqlalchemy.orm import Session

    from webapp.domain import Language

PENDING_RETRY_AFTER_S = 5
SUBJECT_LENGTH = 80


@dataclass(frozen=True, slots=True)
class Said:
    """What a customer sends. `conversation_id` as sent; `file_digests` are SHA-256 of each file, in order."""

    client_id: UUID
    text: str
    key: str
    conversation_id: UUID | None
    language: Language
    file_digests: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        parts = (self.text, str(self.conversation_id or ""), *self.file_digests)
        return hashlib.sha256("\x00".join(parts).encode()).hexdigest()

    @property
    def subject(self) -> str:
        line = " ".join(self.text.split()) or say_count("photos.subject", self.language, len(self.file_digests))
        return line if len(line) <= SUBJECT_LENGTH else line[: SUBJECT_LENGTH - 1].rstrip() + "…"


@dataclass(frozen=True, slots=True)
class Written:
    """The rest of the rows of a message and of its job, as they were written."""

    seq: int
    said_at: datetime
    number: int | None
    queued_at: datetime | None
    head: int | None
    seconds_per_job: float | None
    paused: bool


@dataclass(frozen=True, slots=True)
class Accepted:
    """`job_id` is None while the assistant is off: the message stands on the desk and owes no reply.

    `written` spares whoever shows a message that is new reading it again; None where more happened to it.
    """

    conversation_id: UUID
    message_id: UUID
    job_id: UUID | None
    replayed: bool
    written: Written | None = None
    for_people: bool = False  # the assistant is paused: its reply was handed over in the same breath

    @property
    def asks_nobody(self) -> bool:
        """Whether no open reply bounds what its author may send: only people answer."""
        return not self.replayed and (self.job_id is None or self.for_people)


# One author's messages are accepted one after the other: the limit and the key are then exact.
_TAKE_TURN = Prepared("take_turn", "SELECT 1 FROM account WHERE id = :client FOR NO KEY UPDATE", client="uuid")

_ACCEPT = Prepared(
    "accept_message",
    """
WITH earlier AS (
    SELECT id, conversation_id, content_digest, reply_job_id FROM message
    WHERE author_id = :client AND idempotency_key = :key
), admitted AS (
    SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM earlier) AND :max_pending > (
        SELECT count(*) FROM job WHERE requester_id = :client AND kind = 'reply' AND status IN ('queued', 'running'))
), continued AS (
    UPDATE conversation SET
        last_seq = last_seq + 1, last_client_seq = last_seq + 1, version = version + 1, updated_at = clock_timestamp(),
        status = CASE WHEN assistant_on THEN status ELSE 'waiting_staff' END,
        waiting_since = CASE WHEN assistant_on THEN waiting_since ELSE coalesce(waiting_since, clock_timestamp()) END
    WHERE id = :conversation AND client_id = :client AND status <> 'closed' AND EXISTS (SELECT 1 FROM admitted)
    RETURNING id, last_seq, assistant_on
), opened AS (
    INSERT INTO conversation (id, client_id, subject, language, status, assistant_on, no_answers, staff_seen_seq,
                              summary_state, last_seq, last_client_seq, version, created_at, updated_at)
    SELECT :new_conversation, :client, :subject, :language, 'new', true, 0, 0, 'none', 1, 1, 1,
           clock_timestamp(), clock_timestamp()
    FROM admitted WHERE CAST(:conversation AS uuid) IS NULL
    RETURNING id, last_seq, assistant_on
), place AS (SELECT * FROM continued UNION ALL SELECT * FROM opened
), said AS (
    INSERT INTO message (id, conversation_id, seq, role, author_id, content, created_at, idempotency_key,
                         content_digest, owes_reply, reply_job_id)
    SELECT :message, id, last_seq, 'client', :client, :content, clock_timestamp(), :key, :digest, assistant_on,
           CASE WHEN assistant_on THEN CAST(:job AS uuid) END
    FROM place RETURNING id, conversation_id, reply_job_id, seq, created_at
), queued AS (
    INSERT INTO job (id, kind, queue, number, status, requester_id, conversation_id, message_id, attempts, crashes,
                     fence, next_at, deadline_at, created_at, request_id)
    SELECT :job, 'reply', 'replies', nextval('job_number_replies'), 'queued', :client, id, :message, 0, 0, 0,
           clock_timestamp() + make_interval(secs => :put_off),
           clock_timestamp() + make_interval(secs => :deadline), clock_timestamp(), :request_id
    FROM place WHERE assistant_on RETURNING id, number, created_at
)
SELECT conversation_id, said.id, reply_job_id, NULL AS digest, (SELECT count(pg_notify('jobs', '')) FROM queued),
    EXISTS (SELECT 1 FROM queued, pause WHERE subject = 'assistant') AS is_for_people,
    seq, said.created_at, number, queued.created_at AS queued_at, head, seconds_per_job,
    EXISTS (SELECT 1 FROM pause WHERE subject = 'replies') AS paused
    FROM said LEFT JOIN queued ON true LEFT JOIN queue_head ON queue = 'replies'
UNION ALL SELECT conversation_id, id, reply_job_id, content_digest, 0, false, 0, now(), NULL, NULL, NULL, NULL, false
    FROM earlier
""",
    **dict.fromkeys(("client", "conversation", "new_conversation", "message", "job"), "uuid"),
    **dict.fromkeys(("key", "digest", "content", "subject", "language", "request_id"), "text"),
    max_pending="bigint",
    deadline="double precision",
    put_off="double precision",
)

_EARLIER = text("""
SELECT conversation_id, id, reply_job_id, content_digest, 0 FROM message
WHERE author_id = :client AND idempotency_key = :key
""")
_STATUS = text("SELECT status FROM conversation WHERE id = :conversation AND client_id = :client")


def replay(session: Session, said: Said) -> Accepted | None:
    """Return what a message sent before under the same key became, None for a new one.

    Raises:
        KeyReusedError: the key stands for other content.
    """
    row = session.execute(_EARLIER, {"client": said.client_id, "key": said.key}).one_or_none()
    return None if row is None else _accepted(row, said)


def accept(session: Session, said: Said, *, max_pending: int, deadline_s: int, put_off_s: float = 0.0) -> Accepted:
    """Take a customer's message; the caller answers only after its commit. Its reply is due after `put_off_s`.

    Raises:
        KeyReusedError: the key stands for other content.
        NotFoundError: no such conversation of this customer.
        ConversationClosedError: it is closed.
        TooManyPendingError: too many questions of this customer wait already.
    """
    _TAKE_TURN.execute(session, {"client": said.client_id})
    row = _ACCEPT.execute(session, _parameters(said, max_pending, deadline_s, put_off_s)).one_or_none()
    if row is None:
        raise _refusal(session, said)
    accepted = _accepted(row, said)
    if row.is_for_people and accepted.job_id is not None:
        handover.give_up(session, accepted.conversation_id, accepted.job_id, HandoverReason.PAUSED)
        return replace(accepted, for_people=True)
    return accepted if accepted.replayed else replace(accepted, written=Written(*row[6:]))


def _parameters(said: Said, max_pending: int, deadline_s: int, put_off_s: float) -> dict[str, object]:
    return {
        "client": said.client_id,
        "key": said.key,
        "digest": said.digest,
        "content": said.text,
        "subject": said.subject,
        "language": said.language.value,
        "conversation": said.conversation_id,
        "new_conversation": uuid7(),
        "message": uuid7(),
        "job": uuid7(),
        "max_pending": max_pending,
        "deadline": deadline_s,
        "request_id": logs.request_id(),
        "put_off": put_off_s,
    }


def _accepted(row: Row[Any], said: Said) -> Accepted:
    conversation_id, message_id, job_id, digest = tuple(row)[:4]
    if digest is not None and digest != said.digest:
        raise KeyReusedError(field="Idempotency-Key")
    if digest is None:
        metrics.MESSAGES.labels(Author.CLIENT).inc()
    return Accepted(conversation_id, message_id, job_id, replayed=digest is not None)


def _refusal(session: Session, said: Said) -> NotFoundError | ConversationClosedError | TooManyPendingError:
    if said.conversation_id is not None:
        where = {"conversation": said.conversation_id, "client": said.client_id}
        status = session.execute(_STATUS, where).scalar()
        if status is None:
            return NotFoundError()
        if status == "closed":
            return ConversationClosedError()
    return TooManyPendingError(PENDING_RETRY_AFTER_S)
