"""The figures operators watch, read from the database in one place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from webapp.domain import ConversationStatus, JobStatus, Queue
from webapp.services import knowledge, supervision

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

Series = dict[tuple[str, ...], float]

HELP = {
    "sav_jobs": "Jobs by queue and state",
    "sav_job_oldest_age_seconds": "Age of the oldest open job",
    "sav_customers_waiting": "Customers whose reply is not written yet",
    "sav_law_violations": "What must never be: 0 always",
    "sav_index_version": "Published version of the knowledge",
    "sav_index_chunks": "Passages published",
    "sav_index_built_timestamp_seconds": "When the knowledge was last published",
    "sav_conversations": "Conversations by status",
}

_JOBS = text("SELECT queue, status, count(*) FROM job GROUP BY queue, status")
_AGES = text("""
SELECT queue, extract(epoch FROM clock_timestamp() - min(created_at))::float8 FROM job
WHERE status IN ('queued', 'running') GROUP BY queue
""")
_WAITING = text("""
SELECT count(DISTINCT requester_id) FROM job WHERE kind = 'reply' AND status IN ('queued', 'running')
""")
_CONVERSATIONS = text("SELECT status, count(*) FROM conversation GROUP BY status")


def read(session: Session) -> dict[str, tuple[list[str], Series]]:
    """Return each gauge with its label names and its series; every closed label set is complete."""
    index = knowledge.index_status(session)
    built = index.built_at.timestamp() if index.built_at else 0.0
    jobs: Series = {(queue, status): 0.0 for queue in Queue for status in JobStatus}
    ages: Series = {(queue,): 0.0 for queue in Queue}
    statuses: Series = {(status,): 0.0 for status in ConversationStatus}
    jobs |= {(queue, status): count for queue, status, count in session.execute(_JOBS)}
    ages |= {(queue,): age for queue, age in session.execute(_AGES)}
    statuses |= {(status,): count for status, count in session.execute(_CONVERSATIONS)}
    return {
        "sav_jobs": (["queue", "state"], jobs),
        "sav_job_oldest_age_seconds": (["queue"], ages),
        "sav_customers_waiting": ([], {(): session.execute(_WAITING).scalar_one()}),
        "sav_law_violations": (["law"], {(law,): count for law, count in supervision.law_violations(session).items()}),
        "sav_index_version": ([], {(): index.version}),
        "sav_index_chunks": ([], {(): index.chunks}),
        "sav_index_built_timestamp_seconds": ([], {(): built}),
        "sav_conversations": (["status"], statuses),
    }
