"""How the machinery stands: queues with their workers, the knowledge, the model, and the work that does not get on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime  # noqa: TC003  pydantic reads the fields
from typing import TYPE_CHECKING
from uuid import UUID  # noqa: TC003  idem

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import UUID as PG_UUID

from webapp.domain import OPEN_JOB_STATUSES, HandoverReason, JobKind, JobStatus, Queue
from webapp.errors import ConflictError, NotFoundError
from webapp.models import Job
from webapp.models.jobs import DUE_SINCE
from webapp.services import firm, handover, jobs, standing, supervision
from webapp.services.standing import LATE_AFTER_S

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import RowMapping
    from sqlalchemy.orm import Session

    from webapp.services.standing import QueueState

STUCK_SHOWN = 50
SUBJECT = "work"  # of what is done to a job by hand, in the audit


@dataclass(frozen=True, slots=True)
class QueueLine:
    """A queue now. `oldest_s` is that of its standing, `run_s` is the median of what ended in an hour.

    `workers` counts the processes that hold the queue's lock, which dies with them.
    """

    queue: Queue
    paused: bool
    waiting: int
    due: int
    running: int
    oldest_s: float
    late: bool
    run_s: float | None
    ended_at: datetime | None
    workers: int


@dataclass(frozen=True, slots=True)
class StuckJob:
    """Open work that crashed, is late, or is held longer than a worker may. `age_s` counts from its beginning."""

    id: UUID
    kind: JobKind
    queue: Queue
    status: JobStatus
    attempts: int
    crashes: int
    age_s: float
    conversation_id: UUID | None
    document_id: UUID | None
    request_id: str | None


_QUEUES = text("""
SELECT q.queue, EXISTS (SELECT 1 FROM pause WHERE subject = q.queue) AS paused,
    coalesce(o.waiting, 0) AS waiting, coalesce(o.due, 0) AS due, coalesce(o.running, 0) AS running,
    r.run_s,
    (SELECT max(finished_at) FROM job WHERE queue = q.queue AND finished_at IS NOT NULL) AS ended_at
FROM unnest(CAST(:queues AS text[])) WITH ORDINALITY q (queue, place)
LEFT JOIN (
    SELECT queue, count(*) FILTER (WHERE status = 'queued') AS waiting,
        count(*) FILTER (WHERE status = 'queued' AND next_at <= clock_timestamp()) AS due,
        count(*) FILTER (WHERE status = 'running') AS running
    FROM job WHERE status IN ('queued', 'running') GROUP BY queue) o ON o.queue = q.queue
LEFT JOIN LATERAL (
    SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM finished_at - started_at)::float8) AS run_s
    FROM (SELECT finished_at, started_at FROM job WHERE queue = q.queue AND started_at IS NOT NULL
          AND finished_at > clock_timestamp() - interval '1 hour' ORDER BY finished_at DESC LIMIT 500) lately) r ON true
ORDER BY q.place
""")
_LOCKS = text("""
SELECT classid::bigint AS class, objid::bigint AS key, count(*) AS holders FROM pg_locks
WHERE locktype = 'advisory' AND granted AND objsubid = 2 AND classid IN (:dispatcher, :queue)
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) GROUP BY 1, 2
""")
# Crashed, past what its queue may take, or in a claim that has run out; what a pause holds back is no fault.
_STUCK = text(f"""
SELECT id, kind, queue, status, attempts, crashes, extract(epoch FROM clock_timestamp() - created_at)::float8 AS age_s,
    conversation_id, document_id, request_id
FROM job JOIN (SELECT * FROM unnest(CAST(:queues AS text[]), CAST(:late AS float8[])) l (name, late_s)) l
    ON l.name = job.queue
WHERE status IN ('queued', 'running') AND (crashes > 0 OR lease_until < clock_timestamp()
    OR (extract(epoch FROM clock_timestamp() - {DUE_SINCE}) > l.late_s
        AND NOT EXISTS (SELECT 1 FROM pause WHERE subject = job.queue)))
ORDER BY created_at LIMIT :limit
""")  # noqa: S608  a constant of ours
_AGAIN = text("""
UPDATE job SET status = 'queued', crashes = 0, fence = fence + 1, worker_key = NULL, lease_until = NULL,
    published_at = NULL, next_at = clock_timestamp()
WHERE id = :id AND status IN ('queued', 'running') RETURNING pg_notify('jobs', '')
""").bindparams(bindparam("id", type_=PG_UUID(as_uuid=True)))


def queues(session: Session) -> tuple[int, Sequence[QueueLine]]:
    """Return how many dispatchers live, and each queue."""
    holders = _holders(session)
    dispatchers = sum(count for (class_, _), count in holders.items() if class_ == supervision.DISPATCHER_LOCK)
    states = standing.queues(session)
    rows = session.execute(_QUEUES, {"queues": [queue.value for queue in Queue]}).mappings()
    return dispatchers, [_line(row, states[Queue(row["queue"])], holders) for row in rows]


def _holders(session: Session) -> dict[tuple[int, int], int]:
    where = {"dispatcher": supervision.DISPATCHER_LOCK, "queue": supervision.QUEUE_LOCK}
    return {(class_, key): count for class_, key, count in session.execute(_LOCKS, where)}


def _line(row: RowMapping, state: QueueState, holders: Mapping[tuple[int, int], int]) -> QueueLine:
    queue = Queue(row["queue"])
    return QueueLine(
        **dict(row) | {"queue": queue},
        oldest_s=state.oldest_s,
        late=state.late,
        workers=holders.get((supervision.QUEUE_LOCK, supervision.QUEUE_NUMBERS[queue]), 0),
    )


def stuck(session: Session) -> Sequence[StuckJob]:
    """Return the open work that does not get on, the oldest first."""
    late = {queue.value: float(seconds) for queue, seconds in LATE_AFTER_S.items()}
    where = {"queues": list(late), "late": list(late.values()), "limit": STUCK_SHOWN}
    return [
        StuckJob(
            **dict(row)
            | {"kind": JobKind(row["kind"]), "queue": Queue(row["queue"]), "status": JobStatus(row["status"])}
        )
        for row in session.execute(_STUCK, where).mappings()
    ]


def retry(session: Session, author_id: UUID, job_id: UUID) -> None:
    """Have an open job begin again at once; an attempt under way is fenced out.

    Raises:
        NotFoundError: there is no such job.
        ConflictError: it has ended.
    """
    job = _open(session, job_id)
    if session.execute(_AGAIN, {"id": job_id}).one_or_none() is None:
        raise ConflictError
    firm.record_change(session, author_id, SUBJECT, {}, {"retried": job.queue})


def give_up(session: Session, author_id: UUID, job_id: UUID) -> None:
    """End an open job by hand: its question goes to a person, other work fails.

    Raises:
        NotFoundError: there is no such job.
        ConflictError: it has ended.
    """
    job = _open(session, job_id)
    supervision.give_up(session, job_id, HandoverReason.FATAL)
    firm.record_change(session, author_id, SUBJECT, {}, {"given_up": job.queue})
    jobs.wake_dispatcher(session)


def _open(session: Session, job_id: UUID) -> Job:
    """Return an open job; its case is locked before it, as everybody does."""
    job = session.get(Job, job_id)
    if job is None:
        raise NotFoundError
    if job.conversation_id is not None:
        handover.lock_conversation(session, job.conversation_id)
    session.refresh(job)
    if job.status not in OPEN_JOB_STATUSES:
        raise ConflictError
    return job
