"""How long a fault keeps a question from its next claim, watched in the rows of jobs."""

from __future__ import annotations

import contextlib
import math
import threading
import time
from dataclasses import dataclass
from typing import Self

import psycopg2

LOOK_SECONDS = 0.05
SETTLE_SECONDS = 12.0  # a dispatcher that is new to its database waits ten seconds before it calls a worker dead
OPEN = "SELECT id::text, fence, status FROM job WHERE kind = 'reply' AND status IN ('queued', 'running')"
NOW = "SELECT id::text, fence, finished_at IS NOT NULL FROM job WHERE id = ANY(%s::uuid[])"
CONSUMERS = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = 7003 AND objid = 1 AND granted"


@dataclass(slots=True)
class Watched:
    """A job that was open when a fault struck.

    One that waited is recovered when it is claimed, one that ran when it is claimed again or has ended by itself.
    """

    fault: str
    since: float
    fence: int


class Recovery:
    """Context manager. `samples[fault]` are the seconds each job that it hit waited for its next claim."""

    def __init__(self, database_url: str) -> None:
        self.samples: dict[str, list[float]] = {}
        self._url = database_url
        self._watched: dict[str, list[Watched]] = {}
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def struck(self, fault: str, open_jobs: list[tuple[str, int, str]], since: float) -> None:
        with self._lock:
            for job_id, fence, _ in open_jobs:
                self._watched.setdefault(job_id, []).append(Watched(fault, since, fence))

    def open_jobs(self) -> list[tuple[str, int, str]]:
        """(id, fence, status) of each reply owed now; none while the database is away."""
        with contextlib.suppress(psycopg2.Error), contextlib.closing(psycopg2.connect(self._url)) as connection:
            cursor = connection.cursor()
            cursor.execute(OPEN)
            return cursor.fetchall()
        return []

    def consumers(self) -> int:
        """How many processes take replies now."""
        with contextlib.suppress(psycopg2.Error), contextlib.closing(psycopg2.connect(self._url)) as connection:
            cursor = connection.cursor()
            cursor.execute(CONSUMERS)
            row = cursor.fetchone()
            return int(row[0]) if row else 0
        return 0

    def _follow(self) -> None:
        while not self._done.wait(LOOK_SECONDS):
            with contextlib.suppress(psycopg2.Error), contextlib.closing(psycopg2.connect(self._url)) as connection:
                connection.autocommit = True
                while not self._done.wait(LOOK_SECONDS):
                    self._look(connection)

    def _look(self, connection: psycopg2.extensions.connection) -> None:
        with self._lock:
            ids = list(self._watched)
        if not ids:
            return
        cursor = connection.cursor()
        cursor.execute(NOW, [ids])
        now = time.monotonic()
        with self._lock:
            for job_id, fence, ended in cursor.fetchall():
                self._settle(job_id, fence, ended=ended, now=now)

    def _settle(self, job_id: str, fence: int, *, ended: bool, now: float) -> None:
        left = []
        for one in self._watched.pop(job_id, []):
            if fence > one.fence:
                self.samples.setdefault(one.fault, []).append(now - one.since)
            elif not ended:
                left.append(one)
        if left:
            self._watched[job_id] = left


def percentile(values: list[float], share: float) -> float:
    """The smallest value that `share` of them do not exceed; 0 of none."""
    if not values:
        return 0.0
    ranked = sorted(values)
    return ranked[max(0, math.ceil(len(ranked) * share) - 1)]
