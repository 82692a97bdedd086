"""The figures operators watch, read from the database in one place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from webapp.domain import ConversationStatus, IndexState, JobStatus, Pausable, Queue
from webapp.services import firm, knowledge, model_use, standing, supervision

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import TextClause
    from sqlalchemy.orm import Session

    from webapp.services.firm import Choices

Series = dict[tuple[str, ...], float]
Figures = dict[str, tuple[list[str], Series]]

A_MILLION = 1_000_000

HELP = {
    "sav_jobs": "Jobs by queue and state",
    "sav_jobs_due": "Jobs whose time has come and that nobody has taken, by queue",
    "sav_paused": "1 while an admin has it stand still",
    "sav_job_oldest_age_seconds": "How long the oldest open job has been due",
    "sav_customers_waiting": "Customers whose reply is not written yet",
    "sav_law_violations": "What must never be: 0 always",
    "sav_index_version": "Published version of the knowledge",
    "sav_index_chunks": "Passages published",
    "sav_index_state": "1 for the state the knowledge is in",
    "sav_index_built_timestamp_seconds": "When the knowledge was last published",
    "sav_conversations": "Conversations by status",
    "sav_llm_price": "What the firm says it pays for a million tokens, 0 while it has not said both prices",
}

_OPEN_JOBS = text(
    "SELECT queue, status, count(*) FROM job WHERE status IN ('queued', 'running') GROUP BY queue, status"
)
_ENDED_JOBS = text("SELECT queue, status, count(*) FROM job WHERE finished_at IS NOT NULL GROUP BY queue, status")
_DUE = text("SELECT queue, count(*) FROM job WHERE status = 'queued' AND next_at <= clock_timestamp() GROUP BY queue")
_PAUSED = text("SELECT subject FROM pause")
_WAITING = text("""
SELECT count(DISTINCT requester_id) FROM job WHERE kind = 'reply' AND status IN ('queued', 'running')
""")
_CONVERSATIONS = text("SELECT status, count(*) FROM conversation GROUP BY status")


def read(session: Session) -> Figures:
    """Return each gauge with its label names and its series; every closed label set is complete."""
    index = knowledge.index_status(session)
    built = index.built_at.timestamp() if index.built_at else 0.0
    due: Series = {(queue,): 0.0 for queue in Queue}
    paused: Series = {(subject,): 0.0 for subject in Pausable}
    ages: Series = {(queue,): state.oldest_s for queue, state in standing.queues(session).items()}
    due |= {(queue,): count for queue, count in session.execute(_DUE)}
    paused |= {(subject,): 1.0 for subject in session.execute(_PAUSED).scalars()}
    return {
        "sav_jobs": (["queue", "state"], _jobs(session, _OPEN_JOBS, JobStatus.QUEUED, JobStatus.RUNNING)),
        "sav_jobs_due": (["queue"], due),
        "sav_paused": (["subject"], paused),
        "sav_job_oldest_age_seconds": (["queue"], ages),
        "sav_customers_waiting": ([], {(): session.execute(_WAITING).scalar_one()}),
        "sav_law_violations": (["law"], _laws(supervision.violations_of_open(session))),
        "sav_index_version": ([], {(): index.version}),
        "sav_index_chunks": ([], {(): index.chunks}),
        "sav_index_state": (["state"], {(state,): float(state is index.state) for state in IndexState}),
        "sav_index_built_timestamp_seconds": ([], {(): built}),
        "sav_llm_price": (["direction"], _prices(firm.choices(session))),
    }


def read_whole(session: Session) -> Figures:
    """Return the series for which every row there is must be looked at: the more a firm kept, the longer it takes."""
    statuses: Series = {(status,): 0.0 for status in ConversationStatus}
    statuses |= {(status,): count for status, count in session.execute(_CONVERSATIONS)}
    ended = set(JobStatus) - {JobStatus.QUEUED, JobStatus.RUNNING}
    return {
        "sav_jobs": (["queue", "state"], _jobs(session, _ENDED_JOBS, *ended)),
        "sav_law_violations": (["law"], _laws(supervision.violations_of_all(session))),
        "sav_conversations": (["status"], statuses),
    }


def _jobs(session: Session, query: TextClause, *states: JobStatus) -> Series:
    none: Series = {(queue, state): 0.0 for queue in Queue for state in states}
    return none | {(queue, state): count for queue, state, count in session.execute(query)}


def _laws(violations: Mapping[str, int]) -> Series:
    return {(law,): count for law, count in violations.items()}


def _prices(wanted: Choices) -> Series:
    read, written = model_use.cost(wanted, A_MILLION, 0), model_use.cost(wanted, 0, A_MILLION)
    return {("input",): read or 0.0, ("output",): written or 0.0}
