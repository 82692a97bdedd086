"""Which task follows the jobs of a kind, and how a ticket is sent: a hint on Redis, never the truth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import redis

from tasks import transport
from webapp.domain import JobKind, Queue

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from celery import Celery

TASKS = {
    JobKind.REPLY: "tasks.replies.reply",
    JobKind.SUMMARY: "tasks.summaries.summarise",
    JobKind.MAIL: "tasks.notices.send",
    JobKind.PROPOSAL: "tasks.proposals.propose",
    JobKind.STATS: "tasks.stats.read",
    JobKind.SEARCH: "tasks.knowledge.search",
    JobKind.INGEST: "tasks.knowledge.ingest",
    JobKind.IMAGE: "tasks.photos.clean",
    JobKind.DESCRIPTION: "tasks.looking.describe",
}
ROOM = {Queue.REPLIES: 64, Queue.BACKGROUND: 16, Queue.DOCUMENTS: 2, Queue.IMAGES: 4}
BROKER_TIMEOUT_S = 5
RUN_KEY = "sav:run"  # names the run of Redis that got our tickets


class Broker:
    """Redis as the dispatcher sees it; every call returns or raises within seconds."""

    def __init__(self, app: Celery, url: str) -> None:
        self._app = app
        self._redis = redis.Redis.from_url(
            url, socket_timeout=BROKER_TIMEOUT_S, socket_connect_timeout=2, health_check_interval=10
        )

    def room(self, queue: Queue) -> int:
        """Return how many more tickets the queue takes: the backlog stays in PostgreSQL, ordered and countable."""
        return max(0, ROOM[queue] - self._waiting(queue))

    def empty(self) -> Sequence[Queue]:
        """Return the queues that hold no ticket: what was sent to them is followed, or lost."""
        return [queue for queue in Queue if self._waiting(queue) == 0]

    def _waiting(self, queue: Queue) -> int:
        try:
            waiting: int = self._redis.llen(queue.value)
        except redis.ResponseError as error:
            if not transport.is_wrong_type(error):
                raise
            transport.remove_unless_list(self._redis, queue.value)
            return 0
        return waiting

    def has_forgotten(self) -> bool:
        """Say whether Redis was emptied or restarted since this was last asked: tickets may have gone with it."""
        run = self._redis.info("server")["run_id"].encode()
        if self._redis.get(RUN_KEY) == run:
            return False
        self._redis.set(RUN_KEY, run)
        return True

    def send(self, queue: Queue, tickets: Sequence[tuple[UUID, JobKind]]) -> None:
        with self._app.producer_pool.acquire(block=True, timeout=BROKER_TIMEOUT_S) as producer:
            for job_id, kind in tickets:
                self._app.send_task(TASKS[kind], (str(job_id),), queue=queue.value, producer=producer, retry=False)
