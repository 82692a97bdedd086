"""How the death of a worker is noticed at once: it holds a lock in PostgreSQL that dies with it.

The lease is only the second net. A thread past its lease cannot be killed, so it ends its process.
"""

from __future__ import annotations

import logging
import os
import select
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg2
from sqlalchemy.exc import SQLAlchemyError

from webapp.domain import Queue
from webapp.models.engine import WORKER_STATEMENT_TIMEOUT_MS, connect_args
from webapp.services import jobs
from webapp.services.supervision import QUEUE_LOCK, QUEUE_NUMBERS, WORKER_LOCK

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from psycopg2.extensions import connection as pg_connection
    from psycopg2.extensions import cursor as Cursor  # noqa: N812  the library names its classes in lower case
    from sqlalchemy.orm import Session, sessionmaker

    from webapp.services.jobs import Claim
    from webapp.settings import Settings

log = logging.getLogger(__name__)

LOOK_EVERY_S = 1.0
RETRY_EVERY_S = 0.2
STUCK = 70  # exit status: a thread outlived its lease
DRAIN_MARGIN_S = 1.0


class NotAliveError(Exception):
    """PostgreSQL is away: nothing can be claimed."""


class Liveness:
    """The lock of this process, and the jobs it works on."""

    def __init__(self, settings: Settings, sessions: sessionmaker[Session], queues: frozenset[str]) -> None:
        self._settings = settings
        self._sessions = sessions
        self._queues = [QUEUE_NUMBERS[Queue(name)] for name in sorted(queues)]
        self._ready = threading.Event()
        self._key: int | None = None
        self._running: dict[Claim, float] = {}
        self._guard = threading.Lock()
        self.worked = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        with self._guard:
            if self._thread is None:
                self._thread = threading.Thread(target=self._live, name="liveness", daemon=True)
                self._thread.start()

    def key(self, timeout_s: float) -> int:
        """Return the key of this process, waiting while its lock is away rather than wasting the ticket.

        Raises:
            NotAliveError: the lock did not come back in time.
        """
        self.start()
        if not self._ready.wait(timeout_s) or self._key is None:
            raise NotAliveError
        return self._key

    @contextmanager
    def working(self, claim: Claim, lease_s: float) -> Iterator[None]:
        """Watch a job while it is worked on."""
        with self._guard:
            self._running[claim] = time.monotonic() + lease_s
            self.worked = True
        try:
            yield
        finally:
            with self._guard:
                self._running.pop(claim, None)

    def works_on(self, job_id: UUID) -> bool:
        with self._guard:
            return any(claim.job_id == job_id for claim in self._running)

    def drain(self) -> None:
        """Give back what is not finished when the time to stop is over, then end the process."""
        timer = threading.Timer(max(0.0, self._settings.drain_seconds - DRAIN_MARGIN_S), self._give_back)
        timer.daemon = True
        timer.start()

    def _give_back(self) -> None:
        with self._guard:
            unfinished = list(self._running)
        try:
            with self._sessions.begin() as session:
                for claim in unfinished:
                    jobs.requeue(session, claim)
                if unfinished:
                    jobs.unpublish(session)  # the tickets it had taken in advance go with it
        except SQLAlchemyError as error:
            log.error(  # noqa: TRY400  a traceback would show the statement's values
                "could not give back %d jobs (%s): their locks tell", len(unfinished), type(error).__name__
            )
        if unfinished:
            os._exit(0)

    def _live(self) -> None:
        while True:
            try:
                self._hold(self._connect())
            except psycopg2.Error as error:
                log.warning("liveness lock away: %s", type(error).__name__)
            self._ready.clear()
            self._end_if_stuck()
            time.sleep(RETRY_EVERY_S)

    def _connect(self) -> pg_connection:
        address = self._settings.database_url.replace("postgresql+psycopg2://", "postgresql://", 1)
        arguments = connect_args(WORKER_STATEMENT_TIMEOUT_MS)
        arguments["options"] += " -c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3"
        connection: pg_connection = psycopg2.connect(address, application_name="liveness", **arguments)
        connection.autocommit = True
        return connection

    def _hold(self, connection: pg_connection) -> None:
        """Take the lock, then watch the connection that carries it."""
        try:
            with connection.cursor() as cursor:
                while not self._lock(cursor):
                    time.sleep(RETRY_EVERY_S)
                for queue in self._queues:
                    cursor.execute("SELECT pg_advisory_lock_shared(%s, %s)", (QUEUE_LOCK, queue))
                self._ready.set()
                while True:
                    select.select([connection], [], [], LOOK_EVERY_S)
                    cursor.execute("SELECT 1")
                    self._end_if_stuck()
        finally:
            connection.close()

    def _lock(self, cursor: Cursor) -> bool:
        """Take the lock of our key; a key that another process holds is left to it while we are new."""
        key = self._key if self._key is not None else int(_value(cursor, "SELECT nextval('worker_key')", ()))
        if not _value(cursor, "SELECT pg_try_advisory_lock(%s, %s)", (WORKER_LOCK, key)):
            return False
        self._key = key
        return True

    def _end_if_stuck(self) -> None:
        with self._guard:
            late = [claim.job_id for claim, until in self._running.items() if until < time.monotonic()]
        if late:
            log.error("jobs %s outlived their lease: ending this process", late)
            os._exit(STUCK)


def _value(cursor: Cursor, query: str, arguments: tuple[int, ...]) -> int:
    cursor.execute(query, arguments)
    row = cursor.fetchone()
    return 0 if row is None else int(row[0])
