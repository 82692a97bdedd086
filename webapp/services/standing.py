"""How the desk stands at this moment: who waits and for how long, and whether any queue is late."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text

from webapp.domain import Queue

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
    """`oldest_s` counts from when the work was due: what is put off on purpose is not late."""

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
_QUEUES = text("""
SELECT queue, count(*), greatest(0, extract(epoch FROM clock_timestamp() - min(greatest(created_at, next_at))))::float8
FROM job WHERE status IN ('queued', 'running') GROUP BY queue
""")


def read(session: Session) -> Standing:
    found = {queue: (count, oldest_s) for queue, count, oldest_s in session.execute(_QUEUES)}
    return Standing(
        for_a_person=Waiting(*session.execute(_FOR_A_PERSON).one()),
        for_the_assistant=Waiting(*session.execute(_FOR_THE_ASSISTANT).one()),
        queues={queue.value: _state(queue, *found.get(queue.value, (0, 0.0))) for queue in Queue},
    )


def _state(queue: Queue, open_jobs: int, oldest_s: float) -> QueueState:
    return QueueState(open_jobs, oldest_s, late=oldest_s > LATE_AFTER_S[queue])
