"""How the desk stands at this moment: who waits and for how long, and whether any queue is late."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text

from webapp.domain import Queue
from webapp.models.jobs import DUE_SINCE

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

# Seconds after which work that is due shows that its queue does not keep up.
LATE_AFTER_S = {Queue.REPLIES: 60, Queue.IMAGES: 120, Queue.BACKGROUND: 300, Queue.DOCUMENTS: 1800}


@dataclass(frozen=True, slots=True)
class Waiting:
    """Customers who wait, and seconds of the longest wait: None when nobody does."""

    customers: int
    longest_s: float | None


@dataclass(frozen=True, slots=True)
class QueueState:
    """`oldest_s` counts from when the work was due: what is put off from the start is not late."""

    open_jobs: int
    oldest_s: float
    late: bool


@dataclass(frozen=True, slots=True)
class Standing:
    for_a_person: Waiting
    for_the_assistant: Waiting
    queues: dict[str, QueueState]


_FOR_A_PERSON = text("""
SELECT count(DISTINCT client_id), extract(epoch FROM clock_timestamp() - min(waiting_since))::float8
FROM conversation WHERE waiting_since IS NOT NULL
""")
_FOR_THE_ASSISTANT = text("""
SELECT count(DISTINCT requester_id), extract(epoch FROM clock_timestamp() - min(created_at))::float8
FROM job WHERE kind = 'reply' AND status IN ('queued', 'running')
""")
_QUEUES = text(f"""
SELECT queue, count(*), greatest(0, extract(epoch FROM clock_timestamp() - min({DUE_SINCE})))::float8
FROM job WHERE status IN ('queued', 'running') GROUP BY queue
""")  # noqa: S608  a constant of ours


def for_a_person(session: Session) -> Waiting:
    """Count who waits for a person: one figure, whoever shows it."""
    return Waiting(*session.execute(_FOR_A_PERSON).one())


def read(session: Session) -> Standing:
    return Standing(
        for_a_person=for_a_person(session),
        for_the_assistant=Waiting(*session.execute(_FOR_THE_ASSISTANT).one()),
        queues={queue.value: state for queue, state in queues(session).items()},
    )


def queues(session: Session) -> dict[Queue, QueueState]:
    """Return how every queue stands: what pages and the metric of operators both show."""
    found = {queue: (count, oldest_s) for queue, count, oldest_s in session.execute(_QUEUES)}
    return {queue: _state(queue, *found.get(queue.value, (0, 0.0))) for queue in Queue}


def _state(queue: Queue, open_jobs: int, oldest_s: float) -> QueueState:
    return QueueState(open_jobs, oldest_s, late=oldest_s > LATE_AFTER_S[queue])
