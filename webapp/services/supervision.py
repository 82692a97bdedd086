"""What the dispatcher watches: dead workers, leases, deadlines, places in line, and the laws themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from webapp.domain import HandoverReason, JobKind, JobStatus, Queue, SummaryState
from webapp.models import Job
from webapp.models.operations import HELD
from webapp.services import cleaning, documents, handover, jobs
from webapp.services.jobs import MAX_CRASHES

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from uuid import UUID

    from sqlalchemy.orm import Session

    from webapp.services.jobs import Claim

# Advisory locks: one per worker process (its key), shared ones that tell which queues have a worker, the dispatcher's.
WORKER_LOCK = 7001
QUEUE_LOCK = 7003
DISPATCHER_LOCK = 7002
QUEUE_NUMBERS = {queue: number for number, queue in enumerate(Queue, start=1)}

_HELD = """EXISTS (SELECT 1 FROM pg_locks l WHERE l.locktype = 'advisory' AND l.classid = {lock} AND l.objid = {key}
 AND l.objsubid = 2 AND l.granted AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()))"""

_MISSING_WORKERS = text(
    "SELECT DISTINCT worker_key FROM job WHERE status = 'running' AND NOT "  # noqa: S608  constants above
    + _HELD.format(lock=WORKER_LOCK, key="job.worker_key::oid")
)
# Raise at once what somebody else holds, the case before its job as everybody does.
_HOLD_CASE = text("""
SELECT FROM conversation WHERE id = (SELECT conversation_id FROM job WHERE id = :id) FOR NO KEY UPDATE NOWAIT
""")
_HOLD_JOB = text("SELECT FROM job WHERE id = :id FOR NO KEY UPDATE NOWAIT")
_DEAD_JOBS = text("""
SELECT id FROM job WHERE status = 'running' AND (worker_key = ANY(:keys) OR lease_until < clock_timestamp())
""")
_CRASHED = text("""
UPDATE job SET status = 'queued', crashes = crashes + 1, worker_key = NULL, lease_until = NULL, published_at = NULL,
    next_at = clock_timestamp()
WHERE id = :id AND status = 'running' AND (worker_key = ANY(:keys) OR lease_until < clock_timestamp())
RETURNING crashes
""")
_OVERDUE = text(f"""
SELECT id FROM job WHERE status IN ('queued', 'running') AND deadline_at < clock_timestamp()
    AND NOT {HELD.format(job="job")} ORDER BY number LIMIT 100
""")  # noqa: S608  constants of ours
_FOR_PEOPLE = text("""
SELECT id FROM job WHERE kind = 'reply' AND status IN ('queued', 'running')
    AND EXISTS (SELECT 1 FROM pause WHERE subject = 'assistant') ORDER BY number LIMIT 100
""")
_FAIL = text("""
UPDATE job SET status = 'failed', error_code = :code, worker_key = NULL, lease_until = NULL, fence = fence + 1,
    finished_at = clock_timestamp()
WHERE id = :id AND kind <> 'reply' AND status IN ('queued', 'running') RETURNING id
""")
# Seconds a place costs: how far apart jobs end, and in a quiet hour, when that says nothing, how long one takes.
_HEAD = text("""
INSERT INTO queue_head (queue, head, seconds_per_job)
SELECT :queue,
       coalesce((SELECT min(number) FROM job WHERE queue = :queue AND status = 'queued'), 9223372036854775807),
       coalesce((SELECT least(extract(epoch FROM max(finished_at) - min(finished_at)) / nullif(count(*) - 1, 0),
                              extract(epoch FROM avg(finished_at - started_at)))
                 FROM (SELECT finished_at, started_at FROM job
                       WHERE queue = :queue AND finished_at > clock_timestamp() - interval '2 min'
                       ORDER BY finished_at DESC LIMIT 50) recent), 1)
ON CONFLICT (queue) DO UPDATE SET head = excluded.head, seconds_per_job = excluded.seconds_per_job
WHERE (queue_head.head, queue_head.seconds_per_job) IS DISTINCT FROM (excluded.head, excluded.seconds_per_job)
""")
_LAWS_OF_ALL = {
    "lost": """SELECT count(*) FROM message m
        WHERE owes_reply AND NOT EXISTS (SELECT 1 FROM job WHERE id = m.reply_job_id)""",
    "doubled": """SELECT count(*) FROM (
        SELECT 1 FROM message WHERE reply_to IS NOT NULL GROUP BY reply_to HAVING count(*) > 1) twice""",
}
_LAWS_OF_OPEN = {
    "overdue": f"""SELECT count(*) FROM job
        WHERE status IN ('queued', 'running') AND deadline_at < clock_timestamp() - interval '15 s'
        AND NOT {HELD.format(job="job")}""",  # noqa: S608  constants of ours
    "orphaned": """SELECT count(*) FROM job
        WHERE status = 'running' AND lease_until < clock_timestamp() - interval '15 s'""",
}


def missing_workers(session: Session) -> set[int]:
    """Return the keys of workers that hold jobs but no longer the lock that lives as long as they do."""
    return set(session.execute(_MISSING_WORKERS).scalars())


def dead_jobs(session: Session, dead: Collection[int]) -> Sequence[UUID]:
    """Return the jobs of dead workers and those past their lease."""
    return session.execute(_DEAD_JOBS, {"keys": list(dead)}).scalars().all()


def hold(session: Session, job_id: UUID) -> None:
    """Lock a job and its case without waiting for whoever has one of them: that is an error, 55P03."""
    session.execute(_HOLD_CASE, {"id": job_id})
    session.execute(_HOLD_JOB, {"id": job_id})


def crash(session: Session, job_id: UUID, dead: Collection[int]) -> Queue | None:
    """Take back a job whose worker died; the third crash gives up.

    Returns:
        The job's queue, None when the job was not dead after all.
    """
    job = session.get(Job, job_id)
    if job is None or not _lock_case(session, job):  # its customer left meanwhile, and all of theirs with them
        return None
    crashes = session.execute(_CRASHED, {"id": job_id, "keys": list(dead)}).scalar()
    if crashes is not None and crashes >= MAX_CRASHES:
        give_up(session, job_id, HandoverReason.CRASHES)
    return None if crashes is None else job.queue


def give_up(session: Session, job_id: UUID, reason: HandoverReason) -> bool:
    """End a job that will not come to its end by itself: a reply is handed over, other work fails.

    Returns:
        False when it came to its end all the same, or is gone.
    """
    job = session.get(Job, job_id, populate_existing=True)
    if job is None:
        return False
    if job.kind is JobKind.REPLY and job.conversation_id is not None:
        return handover.give_up(session, job.conversation_id, job_id, reason) > 0
    if not _lock_case(session, job):
        return False
    if session.execute(_FAIL, {"id": job_id, "code": reason.value}).one_or_none() is None:
        return False
    _tell_subject(session, job, reason.value)
    return True


def give_up_claim(session: Session, claim: Claim, reason: HandoverReason) -> bool:
    """Give up a job that is claimed; False when the claim no longer stands."""
    job = session.get(Job, claim.job_id)
    if job is None or not _lock_case(session, job):
        return False
    if not jobs.requeue(session, claim, crashed=True):
        return False
    give_up(session, claim.job_id, reason)
    return True


def _lock_case(session: Session, job: Job) -> bool:
    """Lock a job's case before the job itself, as everybody does; False when it was erased, and the job with it."""
    return job.conversation_id is None or handover.find_and_lock(session, job.conversation_id) is not None


def refuse(session: Session, claim: Claim, code: str) -> bool:
    """Fail a claimed job that is no reply, for a reason its requester will read."""
    job = session.get(Job, claim.job_id)
    if job is None or not _lock_case(session, job):
        return False
    if not jobs.end(session, claim, JobStatus.FAILED, error_code=code):
        return False
    _tell_subject(session, job, code)
    return True


def _tell_subject(session: Session, job: Job, code: str) -> None:
    """Let what the job was about show that it failed."""
    if job.document_id is not None:
        documents.refuse(session, job.document_id, code)
    if job.kind is JobKind.IMAGE and job.attachment_id is not None:
        cleaning.reject(session, job.attachment_id, code)
    if job.kind is JobKind.MAIL:
        job.request = {}  # it may hold a one-time link
        session.flush()
    if job.kind is JobKind.SUMMARY and job.conversation_id is not None:
        conversation = handover.lock_conversation(session, job.conversation_id)
        if conversation.summary_state is SummaryState.PENDING:
            conversation.summary_state = SummaryState.UNAVAILABLE
            handover.touch(conversation)
        session.flush()


def overdue(session: Session) -> Sequence[UUID]:
    return session.execute(_OVERDUE).scalars().all()


def for_people(session: Session) -> Sequence[UUID]:
    """Return the open replies while the assistant is paused: people answer those questions."""
    return session.execute(_FOR_PEOPLE).scalars().all()


def keep_heads(session: Session) -> None:
    for queue in Queue:
        session.execute(_HEAD, {"queue": queue.value})


def held_locks(session: Session) -> tuple[bool, set[Queue]]:
    """Return whether a dispatcher lives, and which queues have a worker."""
    rows = session.execute(
        text(
            "SELECT classid, objid FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 2"
            " AND classid IN (:dispatcher, :queue)"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        ),
        {"dispatcher": DISPATCHER_LOCK, "queue": QUEUE_LOCK},
    ).all()
    alive = {(int(classid), int(objid)) for classid, objid in rows}
    queues = {queue for queue, number in QUEUE_NUMBERS.items() if (QUEUE_LOCK, number) in alive}
    return any(classid == DISPATCHER_LOCK for classid, _ in alive), queues


def law_violations(session: Session) -> dict[str, int]:
    """Count what must never be; every figure is 0."""
    return violations_of_all(session) | violations_of_open(session)


def violations_of_all(session: Session) -> dict[str, int]:
    """Those of the laws that concern every message there is."""
    return {law: session.execute(text(query)).scalar_one() for law, query in _LAWS_OF_ALL.items()}


def violations_of_open(session: Session) -> dict[str, int]:
    """Those of the laws that concern open jobs alone."""
    return {law: session.execute(text(query)).scalar_one() for law, query in _LAWS_OF_OPEN.items()}
