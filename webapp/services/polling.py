"""What a browser asks again and again: one indexed read for a job, with all that its entity tag is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import RowMapping, bindparam, text
from sqlalchemy.dialects.postgresql import UUID as PG_UUID

from webapp.domain import JobKind, JobStatus
from webapp.errors import NotFoundError, SignedOutError
from webapp.models.prepared import Prepared
from webapp.services import accounts
from webapp.services.accounts import SIGNED_IN

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session

    from webapp.services.accounts import Identity
    from webapp.services.messages import Accepted, Written

EXACT_PLACES = 10
WAIT_STEPS = ((10, 1), (60, 5), (float("inf"), 30))  # under so many seconds, told in steps of so many
RUNNING_POLL_MS = 500
MIN_QUEUED_POLL_MS = 500
MAX_QUEUED_POLL_MS = 4000
NEAR_MS = 2000  # before its turn as it was estimated, a job is asked for as often as one that runs


@dataclass(frozen=True, slots=True)
class JobView:
    """A job as its reader sees it. `place` counts the jobs before it, exact to ten, then by tens.

    `estimated_wait_s` is None where the line does not tell when: it stands still, or the job was tried in vain.
    """

    id: UUID
    kind: JobKind
    status: JobStatus
    place: int | None
    estimated_wait_s: int | None
    partial_text: str | None
    progress: float | None
    revision: int
    attempts: int
    fence: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    error_code: str | None
    result: dict[str, Any] | None
    message_id: UUID | None
    reply_id: UUID | None
    conversation_id: UUID | None
    feedback: str | None

    @property
    def entity_tag(self) -> str:
        """Change whenever something a reader can see does."""
        state = f"{self.status}-{self.fence}-{self.attempts}-{self.place}-{self.estimated_wait_s}-{self.revision}"
        return f"{state}-{self.feedback}"

    @property
    def poll_after_ms(self) -> int | None:
        if self.finished_at is not None:
            return None
        if self.status is JobStatus.RUNNING:
            return RUNNING_POLL_MS
        wait_ms = (self.estimated_wait_s or 0) * 1000
        return max(MIN_QUEUED_POLL_MS, min(MAX_QUEUED_POLL_MS, (wait_ms - NEAR_MS) // 4))


_SELECT = """
SELECT j.id, j.kind, j.status, j.number, j.attempts, j.fence, j.created_at, j.started_at, j.finished_at, j.error_code,
       j.result, j.message_id, j.reply_id, j.conversation_id, q.head, q.seconds_per_job, d.text AS partial_text,
       d.progress,
       d.revision, EXISTS (SELECT 1 FROM pause WHERE pause.subject = j.queue) AS paused,
       concat_ws(' ', r.feedback, r.feedback_comment) AS feedback
FROM job j LEFT JOIN queue_head q ON q.queue = j.queue LEFT JOIN draft d ON d.job_id = j.id AND d.fence = j.fence
LEFT JOIN message r ON r.id = j.reply_id
"""
_OURS = "('mail', 'stats', 'description')"  # kinds of jobs no caller is ever shown
# A job is its requester's, or its case's customer's; staff may see all, and alone what is proposed to them.
_SHOWN = "(:staff OR j.kind <> 'proposal')"
_MINE = """
(:staff OR j.requester_id = :reader
 OR EXISTS (SELECT 1 FROM conversation c WHERE c.id = j.conversation_id AND c.client_id = :reader))
"""
_IDS = (bindparam("reader", type_=PG_UUID(as_uuid=True)),)
# Who asks and what is asked for by one statement; a poll is the most frequent request of all.
_ONE_OF_SIGN_IN = Prepared(
    "job_of_sign_in",
    f"""
SELECT who.*, j.* FROM ({SIGNED_IN}) who LEFT JOIN LATERAL (
    {_SELECT} WHERE j.id = :id AND j.kind NOT IN {_OURS} AND (who.role <> 'client' OR j.kind <> 'proposal')
    AND (who.role <> 'client' OR j.requester_id = who.account_id
         OR EXISTS (SELECT 1 FROM conversation c WHERE c.id = j.conversation_id AND c.client_id = who.account_id))
) j ON true
""",  # noqa: S608  statements of ours
    sign_in="uuid",
    id="uuid",
)
_ONE = text(f"{_SELECT} WHERE j.id = :id AND j.kind NOT IN {_OURS} AND {_SHOWN} AND {_MINE}").bindparams(
    *_IDS, bindparam("id", type_=PG_UUID(as_uuid=True))
)
_OPEN_OF_CONVERSATION = text(
    f"{_SELECT} WHERE j.conversation_id = :id AND j.status IN ('queued', 'running')"
    f" AND j.kind NOT IN {_OURS} AND {_SHOWN} ORDER BY j.number"
).bindparams(bindparam("id", type_=PG_UUID(as_uuid=True)))


def job_of_sign_in(session: Session, sign_in_id: UUID, job_id: UUID) -> tuple[Identity, JobView | None]:
    """Return who asks, and the job where it is theirs.

    Raises:
        SignedOutError: the sign-in is over, or the account no longer active.
    """
    row = _ONE_OF_SIGN_IN.execute(session, {"sign_in": sign_in_id, "id": job_id}).one_or_none()
    if row is None:
        raise SignedOutError
    view = None if row.status is None else _view(row._mapping)  # noqa: SLF001  public by SQLAlchemy's own word
    return accounts.identity(row), view


def job(session: Session, reader: Identity, job_id: UUID) -> JobView:
    """Return a job.

    Raises:
        NotFoundError: there is none, or it is not theirs.
    """
    where = {"id": job_id, "staff": reader.is_staff, "reader": reader.account_id}
    row = session.execute(_ONE, where).mappings().one_or_none()
    if row is None:
        raise NotFoundError
    return _view(row)


def open_jobs(session: Session, reader: Identity, conversation_id: UUID) -> Sequence[JobView]:
    """Return the open jobs of a case the reader has been found to may see."""
    rows = session.execute(_OPEN_OF_CONVERSATION, {"id": conversation_id, "staff": reader.is_staff}).mappings()
    return [_view(row) for row in rows]


def just_queued(accepted: Accepted, written: Written) -> JobView:
    """Return the job of a message that was accepted this moment, from what was written."""
    blank = dict.fromkeys(("started_at", "finished_at", "error_code", "result", "reply_id", "partial_text", "progress"))
    state = {"kind": JobKind.REPLY, "status": JobStatus.QUEUED, "attempts": 0, "fence": 0, "revision": 0}
    of_message = {"message_id": accepted.message_id, "conversation_id": accepted.conversation_id, "feedback": ""}
    in_line = {name: getattr(written, name) for name in ("number", "head", "seconds_per_job", "paused")}
    row = {"id": accepted.job_id, "created_at": written.queued_at}
    return _view({**blank, **state, **of_message, **in_line, **row})


def _view(row: Mapping[str, Any] | RowMapping) -> JobView:
    place = _place(row)
    return JobView(
        id=row["id"],
        kind=JobKind(row["kind"]),
        status=JobStatus(row["status"]),
        place=place,
        estimated_wait_s=_wait(row, place),
        partial_text=row["partial_text"],
        progress=row["progress"] if row["status"] == JobStatus.RUNNING else None,
        revision=row["revision"] or 0,
        **{
            name: row[name]
            for name in (
                "attempts", "fence", "created_at", "started_at", "finished_at",
                "error_code", "result", "message_id", "reply_id", "conversation_id", "feedback",
            )
        },
    )  # fmt: skip


def _place(row: Mapping[str, Any] | RowMapping) -> int | None:
    if row["status"] != JobStatus.QUEUED:
        return None
    before: int = max(0, row["number"] - (row["head"] if row["head"] is not None else row["number"]))
    return before if before <= EXACT_PLACES else before // 10 * 10


def _wait(row: Mapping[str, Any] | RowMapping, place: int | None) -> int | None:
    """Return the seconds until a job's turn, in steps a reader can use and an entity tag can bear."""
    if place is None or row["paused"] or row["attempts"]:
        return None
    seconds = (place + 1) * (row["seconds_per_job"] if row["seconds_per_job"] is not None else 1.0)
    step = next(step for limit, step in WAIT_STEPS if seconds < limit)
    return max(1, round(seconds / step) * step)
