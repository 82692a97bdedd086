"""The life of a job: queued, published as a ticket, claimed, ended. PostgreSQL's clock alone tells the time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from uuid_utils.compat import uuid7

from webapp import logs
from webapp.domain import QUEUE_OF_KIND, JobKind, JobStatus, Queue
from webapp.models import Job
from webapp.models.jobs import NUMBER_SEQUENCES
from webapp.models.operations import PAUSED
from webapp.models.prepared import Prepared

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from uuid import UUID

    from sqlalchemy.orm import Session

MAX_CRASHES = 3
REPUBLISH_AFTER_S = 30
LOST_AFTER_S = 2  # a ticket that is not on Redis is followed within moments, or was lost
CHANNEL = "jobs"


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to work on a job, for as long as its fence stands."""

    job_id: UUID
    kind: JobKind
    fence: int
    attempts: int
    crashes: int
    requester_id: UUID | None
    conversation_id: UUID | None
    message_id: UUID | None
    document_id: UUID | None
    attachment_id: UUID | None
    request: dict[str, Any] = field(compare=False)
    waited_s: float = 0.0
    request_id: str | None = None

    @property
    def case(self) -> UUID:
        """The conversation of a job that has one."""
        if self.conversation_id is None:
            raise LookupError(self.job_id)
        return self.conversation_id

    @property
    def attachment(self) -> UUID:
        """The picture or PDF of a job that has one."""
        if self.attachment_id is None:
            raise LookupError(self.job_id)
        return self.attachment_id

    @property
    def document(self) -> UUID:
        """The document of a job that has one."""
        if self.document_id is None:
            raise LookupError(self.job_id)
        return self.document_id


_DUE_QUEUES = Prepared(
    "due_queues",
    f"""
SELECT queue FROM unnest(:queues) AS queue WHERE EXISTS (
    SELECT 1 FROM job WHERE job.queue = queue.queue AND status = 'queued' AND next_at <= clock_timestamp()
    AND (published_at IS NULL OR published_at < clock_timestamp() - make_interval(secs => :republish))
    AND NOT {PAUSED.format(job="job")})
""",  # noqa: S608  constants of ours
    queues="text[]",
    republish="double precision",
)
# What is shown already is read after all that waits to be shown. Order alone sees to it: a hundred readings that are
# only put off, each older than the next cleaning, keep a worker busy with putting them off.
_IN_TURN = "request->>'step' IS NOT NULL, number"
_PUBLISHABLE = Prepared(
    "publishable",
    f"""
SELECT id, kind FROM job WHERE id IN (
    SELECT id FROM job j
    WHERE queue = :queue AND status = 'queued' AND next_at <= clock_timestamp()
      AND (published_at IS NULL OR published_at < clock_timestamp() - make_interval(secs => :republish))
      AND NOT EXISTS (SELECT 1 FROM job older WHERE older.conversation_id = j.conversation_id AND older.kind = 'reply'
                      AND older.status IN ('queued', 'running') AND older.number < j.number AND j.kind = 'reply')
      AND NOT {PAUSED.format(job="j")}
    ORDER BY {_IN_TURN} LIMIT :room)
AND status = 'queued' ORDER BY {_IN_TURN} FOR UPDATE SKIP LOCKED
""",  # noqa: S608  constants of ours
    queue="text",
    room="integer",
    republish="double precision",
)
_PUBLISHED = Prepared(
    "mark_published",
    "UPDATE job SET published_at = clock_timestamp() WHERE id = ANY(:ids) RETURNING id, request_id",
    ids="uuid[]",
)
_UNPUBLISH = text("""
UPDATE job SET published_at = NULL WHERE status = 'queued' AND id IN (
    SELECT id FROM job WHERE status = 'queued' AND queue = ANY(:queues)
        AND published_at < clock_timestamp() - make_interval(secs => :age) FOR NO KEY UPDATE SKIP LOCKED)
""")

_CLAIM = Prepared(
    "claim_job",
    f"""
UPDATE job j SET status = 'running', attempts = attempts + 1, fence = fence + 1, worker_key = :worker_key,
    lease_until = clock_timestamp() + make_interval(secs => :lease),
    started_at = coalesce(started_at, clock_timestamp())
WHERE id = :id AND status = 'queued' AND kind = :kind AND next_at <= clock_timestamp()
  AND deadline_at > clock_timestamp()
  AND NOT EXISTS (SELECT 1 FROM job older WHERE older.conversation_id = j.conversation_id AND older.kind = 'reply'
                  AND older.status IN ('queued', 'running') AND older.number < j.number AND j.kind = 'reply')
  AND NOT {PAUSED.format(job="j")}
RETURNING id, kind, fence, attempts, crashes, requester_id, conversation_id, message_id, document_id, attachment_id,
    request, extract(epoch FROM clock_timestamp() - greatest(created_at, next_at))::float8 AS waited_s, request_id
""",  # noqa: S608  constants of ours
    id="uuid",
    kind="text",
    worker_key="bigint",
    lease="double precision",
)

_STANDS = Prepared(
    "claim_stands",
    "SELECT id FROM job WHERE id = :id AND status = 'running' AND fence = :fence FOR NO KEY UPDATE",
    id="uuid",
    fence="integer",
)

_OUTCOME = Prepared(
    "outcome",
    """
SELECT status FROM job WHERE id = :id AND attempts = :attempts AND finished_at IS NOT NULL
    AND error_code IS DISTINCT FROM 'deleted'
""",
    id="uuid",
    attempts="integer",
)

_RETURN_TICKET = text("""
UPDATE job SET status = 'queued', worker_key = NULL, lease_until = NULL, published_at = NULL
WHERE id = :id AND (status = 'queued' OR (status = 'running' AND worker_key = :worker_key))
RETURNING pg_notify('jobs', '')
""")

_REQUEUE = text("""
UPDATE job SET status = 'queued', crashes = crashes + :crashes, worker_key = NULL, lease_until = NULL,
    published_at = NULL, next_at = clock_timestamp() + make_interval(secs => :delay)
WHERE id = :id AND status = 'running' AND fence = :fence RETURNING pg_notify('jobs', '')
""")

_WITHDRAW = text("""
UPDATE job SET status = 'failed', error_code = 'deleted', worker_key = NULL, lease_until = NULL, fence = fence + 1,
    finished_at = clock_timestamp() WHERE document_id = :document AND status IN ('queued', 'running')
""")

# With a reply goes its draft, and the dispatcher is told when the next question of the case may be due.
_END = Prepared(
    "end_job",
    """
WITH ended AS (
    UPDATE job SET status = :status, result = :result, error_code = :error_code, reply_id = :reply_id,
        worker_key = NULL, lease_until = NULL, finished_at = clock_timestamp()
    WHERE id = :id AND status = 'running' AND fence = :fence RETURNING id, conversation_id
), gone AS (DELETE FROM draft USING ended WHERE draft.job_id = ended.id)
SELECT id, (SELECT pg_notify('jobs', '') WHERE EXISTS (
    SELECT 1 FROM job next WHERE next.conversation_id = ended.conversation_id AND next.status = 'queued')) FROM ended
""",
    id="uuid",
    fence="integer",
    status="text",
    result="jsonb",
    error_code="text",
    reply_id="uuid",
)


def enqueue(session: Session, kind: JobKind, *, deadline_s: int, **columns: object) -> UUID:
    """Add a job that is no reply (those come with their message); the commit wakes the dispatcher.

    Returns:
        The job; under a `dedupe_key` that was used already, the one of then, as it is now.
    """
    queue = QUEUE_OF_KIND[kind]
    job = insert(Job).values(
        id=uuid7(),
        kind=kind,
        queue=queue,
        number=NUMBER_SEQUENCES[queue].next_value(),
        status=JobStatus.QUEUED,
        attempts=0,
        crashes=0,
        fence=0,
        request_id=logs.request_id(),
        deadline_at=func.clock_timestamp() + func.make_interval(0, 0, 0, 0, 0, 0, deadline_s),
        **columns,
    )
    # An update that changes nothing: unlike DO NOTHING it returns the earlier row, also one not committed a moment ago.
    once = job.on_conflict_do_update(index_elements=[Job.dedupe_key], set_={"dedupe_key": job.excluded.dedupe_key})
    job_id: UUID = session.execute(once.returning(Job.id)).scalar_one()
    wake_dispatcher(session)
    return job_id


def wake_dispatcher(session: Session) -> None:
    session.execute(select(func.pg_notify(CHANNEL, "")))


def due_queues(session: Session) -> Sequence[Queue]:
    """Return the queues with jobs whose ticket is to be sent, first or again."""
    where = {"queues": [queue.value for queue in Queue], "republish": REPUBLISH_AFTER_S}
    return [Queue(row.queue) for row in _DUE_QUEUES.execute(session, where)]


def publishable(session: Session, queue: Queue, room: int) -> Sequence[tuple[UUID, JobKind]]:
    """Lock and return the next jobs of a queue to send tickets for, in order."""
    where = {"queue": queue.value, "room": room, "republish": REPUBLISH_AFTER_S}
    return [(row.id, JobKind(row.kind)) for row in _PUBLISHABLE.execute(session, where)]


def unpublish(session: Session, queues: Collection[Queue] = tuple(Queue), age_s: float = 0.0) -> None:
    """Forget the tickets of queues that were sent `age_s` ago: they are sent again, and doubles are harmless."""
    session.execute(_UNPUBLISH, {"queues": [queue.value for queue in queues], "age": age_s})


def mark_published(session: Session, ids: Sequence[UUID]) -> Sequence[tuple[UUID, str | None]]:
    """Note that tickets were sent; return each job with the id of the request it came from."""
    return [(row.id, row.request_id) for row in _PUBLISHED.execute(session, {"ids": list(ids)})]


def claim(session: Session, job_id: UUID, kind: JobKind, *, worker_key: int, lease_s: int) -> Claim | None:
    """Take a job that is due; None when it is not (a double ticket, an older question of its case, a pause)."""
    where = {"id": job_id, "kind": kind.value, "worker_key": worker_key, "lease": lease_s}
    row = _CLAIM.execute(session, where).one_or_none()
    return None if row is None else Claim(row.id, JobKind(row.kind), *row[2:])


def return_ticket(session: Session, job_id: UUID, worker_key: int | None) -> bool:
    """Have a ticket sent again at once: claiming failed, or did not and nobody heard, which takes a lease to notice."""
    return session.execute(_RETURN_TICKET, {"id": job_id, "worker_key": worker_key}).one_or_none() is not None


def stands(session: Session, claim: Claim) -> bool:
    """Say whether a claim still stands, and keep it so until the transaction ends."""
    return _STANDS.execute(session, {"id": claim.job_id, "fence": claim.fence}).one_or_none() is not None


def outcome(session: Session, claim: Claim) -> JobStatus | None:
    """Return how the job of a claim ended; None while it has not, when it is tried again, erased or withdrawn."""
    row = _OUTCOME.execute(session, {"id": claim.job_id, "attempts": claim.attempts}).one_or_none()
    return None if row is None else JobStatus(row.status)


def requeue(session: Session, claim: Claim, *, delay_s: float = 0.0, crashed: bool = False) -> bool:
    """Give a claimed job back, due after `delay_s`; False when the claim no longer stands."""
    where = {"id": claim.job_id, "fence": claim.fence, "delay": delay_s, "crashes": int(crashed)}
    return session.execute(_REQUEUE, where).one_or_none() is not None


def withdraw(session: Session, document_id: UUID) -> None:
    """End what is still to be done for a document that is deleted; an attempt under way is fenced out."""
    session.execute(_WITHDRAW, {"document": document_id})


def forget_request(session: Session, claim: Claim) -> None:
    """Remove what a claimed job was asked: it may hold a one-time link."""
    session.execute(update(Job).where(Job.id == claim.job_id, Job.fence == claim.fence).values(request={}))


def end(  # noqa: PLR0913  the columns of an outcome
    session: Session,
    claim: Claim,
    status: JobStatus,
    *,
    result: str | None = None,
    error_code: str | None = None,
    reply_id: UUID | None = None,
) -> bool:
    """End a claimed job with its result (JSON); False when the claim no longer stands: drop what was made."""
    values = {
        "id": claim.job_id,
        "fence": claim.fence,
        "status": status.value,
        "result": result,
        "error_code": error_code,
        "reply_id": reply_id,
    }
    return _END.execute(session, values).one_or_none() is not None
