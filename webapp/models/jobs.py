from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Sequence,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from webapp.domain import JobKind, JobStatus, Queue
from webapp.models.base import Base, Created, Id, choice

# A place in line counts the jobs of its own queue only.
NUMBER_SEQUENCES = {queue: Sequence(f"job_number_{queue}", metadata=Base.metadata) for queue in Queue}
WORKER_KEYS = Sequence("worker_key", metadata=Base.metadata, maxvalue=2**31 - 1, cycle=True)

OPEN = "status IN ('queued', 'running')"
# Work that was tried before and given back has waited since it came; what is put off from the start, since its time.
DUE_SINCE = "CASE WHEN attempts > (status = 'running')::int THEN created_at ELSE greatest(created_at, next_at) END"


class Job(Base):
    """Slow work owed. The row is the truth; a Celery ticket is only a hint to look at it.

    `fence` grows with each claim: an attempt records its outcome only while its own fence stands.
    A reply job cannot end without the very message that replies to its question.
    """

    __tablename__ = "job"
    __table_args__ = (
        CheckConstraint(f"kind <> 'reply' OR {OPEN} OR reply_id IS NOT NULL", name="reply_job_ends_with_reply"),
        CheckConstraint("kind <> 'reply' OR status <> 'failed'", name="reply_job_never_fails"),
        CheckConstraint("kind <> 'reply' OR message_id IS NOT NULL", name="reply_job_has_message"),
        CheckConstraint(
            "(status = 'running') = (worker_key IS NOT NULL AND lease_until IS NOT NULL)", name="running_has_worker"
        ),
        CheckConstraint(f"({OPEN}) = (finished_at IS NULL)", name="finished_when"),
        UniqueConstraint("id", "message_id"),
        ForeignKeyConstraint(
            ["reply_id", "message_id"],
            ["message.id", "message.reply_to"],
            name="fk_job_reply_answers_message",
            deferrable=True,
            initially="DEFERRED",
            use_alter=True,
        ),
        Index("ix_job_due", "queue", "next_at", "number", postgresql_where=text("status = 'queued'")),
        Index("ix_job_open_number", "queue", "number", postgresql_where=text(OPEN)),
        Index("ix_job_worker", "worker_key", postgresql_where=text("status = 'running'")),
        Index("ix_job_open_conversation", "conversation_id", "number", postgresql_where=text(OPEN)),
        Index("ix_job_conversation", "conversation_id", "created_at"),
        Index("ix_job_message", "message_id"),
        Index("ix_job_requester", "requester_id"),
        Index("ix_job_open_requester", "requester_id", postgresql_where=text(f"kind = 'reply' AND {OPEN}")),
        Index("ix_job_finished", "queue", "finished_at", postgresql_where=text("finished_at IS NOT NULL")),
        Index(
            "uq_job_one_running_reply",
            "conversation_id",
            unique=True,
            postgresql_where=text("kind = 'reply' AND status = 'running'"),
        ),
        Index("uq_job_reply_message", "message_id", unique=True, postgresql_where=text("kind = 'reply'")),
    )

    id: Mapped[Id]
    kind: Mapped[JobKind] = mapped_column(choice(JobKind, "kind"))
    queue: Mapped[Queue] = mapped_column(choice(Queue, "queue"))
    number: Mapped[int] = mapped_column(BigInteger)
    status: Mapped[JobStatus] = mapped_column(choice(JobStatus, "status"), default=JobStatus.QUEUED)
    requester_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    conversation_id: Mapped[UUID | None] = mapped_column(ForeignKey("conversation.id", ondelete="CASCADE"))
    message_id: Mapped[UUID | None] = mapped_column(ForeignKey("message.id", ondelete="CASCADE"))
    reply_id: Mapped[UUID | None]
    document_id: Mapped[UUID | None] = mapped_column(ForeignKey("document.id", ondelete="CASCADE"), index=True)
    attachment_id: Mapped[UUID | None] = mapped_column(ForeignKey("attachment.id", ondelete="CASCADE"), index=True)
    dedupe_key: Mapped[str | None] = mapped_column(unique=True)
    request: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    result: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    attempts: Mapped[int] = mapped_column(default=0)
    crashes: Mapped[int] = mapped_column(default=0)
    fence: Mapped[int] = mapped_column(default=0)
    worker_key: Mapped[int | None]
    lease_until: Mapped[datetime | None]
    next_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    published_at: Mapped[datetime | None]
    deadline_at: Mapped[datetime]
    created_at: Mapped[Created]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    error_code: Mapped[str | None]
    request_id: Mapped[str | None]  # of the HTTP request it came from: one thread through all logs


class Draft(Base):
    """The reply as far as it is written. UNLOGGED: losing it in a crash costs nothing, writing it costs little."""

    __tablename__ = "draft"
    __table_args__ = ({"prefixes": ["UNLOGGED"]},)

    job_id: Mapped[UUID] = mapped_column(ForeignKey("job.id", ondelete="CASCADE"), primary_key=True)
    fence: Mapped[int]
    revision: Mapped[int]
    text: Mapped[str]
    progress: Mapped[float] = mapped_column(default=0.0)


class QueueHead(Base):
    """Kept by the dispatcher once a second, so that a place in line costs a poll one row and no count."""

    __tablename__ = "queue_head"

    queue: Mapped[Queue] = mapped_column(choice(Queue, "queue"), primary_key=True)
    head: Mapped[int] = mapped_column(BigInteger)
    seconds_per_job: Mapped[float]


class PeriodicRun(Base):
    """One row per task and time slot: however many dispatchers run, a slot is taken once."""

    __tablename__ = "periodic_run"

    task: Mapped[str] = mapped_column(primary_key=True)
    slot: Mapped[datetime] = mapped_column(primary_key=True)
