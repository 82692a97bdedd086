"""How long a fault keeps a question from its next claim, watched in the rows of jobs."""

from __future__ import annotations

import contextlib
import itertools
import math
import threading
import time
from dataclasses import dataclass
from typing import Self

import psycopg2

LOOK_SECONDS = 0.05
GOAL_SECONDS = 5.0
SETTLE_SECONDS = 12.0  # a dispatcher that is new to its database waits ten seconds before it calls a worker dead
# What runs, and what could be claimed now: no pause before another try, no older question of the case before it.
OPEN = """
SELECT id::text, fence, CASE status WHEN 'running' THEN crashes ELSE -1 END FROM job j
WHERE kind = 'reply' AND (status = 'running' OR status = 'queued' AND next_at <= clock_timestamp() AND NOT EXISTS (
    SELECT 1 FROM job older WHERE older.conversation_id = j.conversation_id AND older.kind = 'reply'
        AND older.finished_at IS NULL AND older.number < j.number))
"""
NOW = "SELECT id::text, fence, crashes, finished_at IS NOT NULL FROM job WHERE id = ANY(%s::uuid[])"
CONSUMERS = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = 7003 AND objid = 1 AND granted"


@dataclass(slots=True)
class Watched:
    """A job that was open when a fault struck.

    One that waited (`crashes` -1) is recovered when it is claimed. One that ran is when it is claimed again after a
    crash; it was not hit when it ends by itself, or tries again because the model failed.
    """

    fault: str
    since: float
    fence: int
    crashes: int


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

    def struck(self, fault: str, open_jobs: list[tuple[str, int, int]], since: float) -> None:
        with self._lock:
            for job_id, fence, crashes in open_jobs:
                self._watched.setdefault(job_id, []).append(Watched(fault, since, fence, crashes))

    def overtaken(self, fault: str) -> None:
        """Another fault strikes: what has not recovered from this one has two to recover from.

        What should have recovered by then has itself to blame.
        """
        now = time.monotonic()
        with self._lock:
            for one in itertools.chain.from_iterable(self._watched.values()):
                if one.fault == fault and now - one.since < GOAL_SECONDS:
                    one.fault = f"{fault}, another fault soon after"

    def open_jobs(self) -> list[tuple[str, int, int]]:
        """(id, fence, crashes or -1) of each reply that runs or could; none while the database is away."""
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
            for job_id, fence, crashes, ended in cursor.fetchall():
                self._settle(job_id, fence, crashes, ended=ended, now=now)

    def _settle(self, job_id: str, fence: int, crashes: int, *, ended: bool, now: float) -> None:
        left = []
        for one in self._watched.pop(job_id, []):
            if fence > one.fence and crashes > one.crashes:
                self.samples.setdefault(one.fault, []).append(now - one.since)
            elif not ended and fence == one.fence:
                left.append(one)
        if left:
            self._watched[job_id] = left


def percentile(values: list[float], share: float) -> float:
    """The smallest value that `share` of them do not exceed; 0 of none."""
    if not values:
        return 0.0
    ranked = sorted(values)
    return ranked[max(0, math.ceil(len(ranked) * share) - 1)]
