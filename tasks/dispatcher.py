"""Entry 2: job rows -> tickets. Reaps the dead, enforces deadlines, keeps the places in line.

Any number of copies may run: rows are taken with SKIP LOCKED, and every effect is checked where it is written.
"""

from __future__ import annotations

import logging
import select
import signal
import sys
import time
from typing import TYPE_CHECKING

import psycopg2
import redis
from kombu.exceptions import OperationalError as BrokerError
from sqlalchemy.exc import SQLAlchemyError

from tasks import exporter, maintenance, searches
from tasks.tickets import Broker
from tasks.worker import app, settings
from webapp import logs, metrics
from webapp.assistant import llm
from webapp.domain import HandoverReason
from webapp.models.engine import WORKER_STATEMENT_TIMEOUT_MS, connect_args, open_sessions
from webapp.services import jobs, model_use, notices, retention, supervision, throttle
from webapp.services.jobs import CHANNEL
from webapp.services.model_use import BUILT_IN, OK

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from psycopg2.extensions import connection as pg_connection

    from webapp.domain import Queue

log = logging.getLogger("tasks.dispatcher")

LOOK_EVERY_S = 0.5
HEADS_EVERY_S = 1.0
WAITS_EVERY_S = 5.0
CLEAN_EVERY_S = 3600.0
FULL_PAUSE_S = 0.005
BATCH = 200
GRACE_S = 10.0  # after a reconnect: the workers' locks may come back later than we do
RECONNECT_EVERY_S = 0.5


class Dispatcher:
    def __init__(self) -> None:
        self._sessions = open_sessions(settings, pool_size=2)
        self._broker = Broker(app, settings.redis_url)
        self._missing: set[int] = set()
        self._connected_at = time.monotonic()
        self._due: dict[Callable[[], None], float] = {}
        self._stopping = False

    def stop(self, *_: object) -> None:
        self._stopping = True

    def run(self) -> None:
        """Work until told to stop; whatever goes away is waited for."""
        while not self._stopping:
            try:
                self._follow(self._listen())
            except (psycopg2.Error, SQLAlchemyError) as error:
                log.warning("database away or changed under us: %s", type(error).__name__)
                time.sleep(RECONNECT_EVERY_S)

    def _listen(self) -> pg_connection:
        address = settings.database_url.replace("postgresql+psycopg2://", "postgresql://", 1)
        connection: pg_connection = psycopg2.connect(
            address, application_name="dispatcher", **connect_args(WORKER_STATEMENT_TIMEOUT_MS)
        )
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(f"LISTEN {CHANNEL}")
            cursor.execute("SELECT pg_advisory_lock_shared(%s, 0)", (supervision.DISPATCHER_LOCK,))
        self._connected_at, self._missing = time.monotonic(), set()
        return connection

    def _follow(self, connection: pg_connection) -> None:
        try:
            while not self._stopping:
                self._each(LOOK_EVERY_S, self._reap)
                self._each(LOOK_EVERY_S, self._enforce_deadlines)
                self._each(LOOK_EVERY_S, self._enforce_pause)
                self._each(HEADS_EVERY_S, self._keep_heads)
                self._each(WAITS_EVERY_S, self._tell_of_waits)
                self._each(CLEAN_EVERY_S, self._clean)
                if not self._publish_all():
                    select.select([connection], [], [], LOOK_EVERY_S)
                connection.poll()
                connection.notifies.clear()
        finally:
            connection.close()

    def _each(self, period_s: float, work: Callable[[], None]) -> None:
        now = time.monotonic()
        if now >= self._due.get(work, 0.0):
            self._due[work] = now + period_s
            work()

    def _publish_all(self) -> bool:
        """Send tickets for what is due; True when there may be more at once."""
        try:
            self._each(LOOK_EVERY_S, self._resend_lost)
            with self._sessions.begin() as session:
                due = jobs.due_queues(session)
            sent = [self._publish(queue) for queue in due]
        except (redis.RedisError, BrokerError, OSError) as error:
            log.warning("broker away: %s", type(error).__name__)
            return False
        return any(sent)

    def _publish(self, queue: Queue) -> bool:
        with self._sessions.begin() as session:
            room = min(BATCH, self._broker.room(queue))
            if room == 0:
                time.sleep(FULL_PAUSE_S)  # no notification tells of room
                return False
            tickets = jobs.publishable(session, queue, room)
            self._broker.send(queue, tickets)
            sent = jobs.mark_published(session, [job_id for job_id, _ in tickets])
        for job_id, request_id in sent:
            with logs.about(job_id, request_id):
                log.info("ticket sent to %s", queue)
        return bool(tickets)

    def _resend_lost(self) -> None:
        if self._broker.has_forgotten():
            with self._sessions.begin() as session:
                supervision.unpublish(session)

    def _reap(self) -> None:
        """Take back the jobs of workers seen missing twice in a row."""
        with self._sessions.begin() as session:
            missing = supervision.missing_workers(session)
        settled = time.monotonic() - self._connected_at > GRACE_S
        dead = missing & self._missing if settled else set()
        self._missing = missing
        with self._sessions() as session:
            lost = supervision.dead_jobs(session, dead)
            session.rollback()
            for job_id in lost:
                self._take_back(job_id, dead)
            if dead:
                supervision.unpublish(session)
                session.commit()

    def _take_back(self, job_id: UUID, dead: set[int]) -> None:
        with self._sessions.begin() as session:
            queue = supervision.crash(session, job_id, dead)
        if queue is not None:
            log.warning("job %s taken back from a dead worker", job_id)
            metrics.JOB_CRASHES.labels(queue).inc()

    def _enforce_deadlines(self) -> None:
        with self._sessions.begin() as session:
            late = supervision.overdue(session)
        for job_id in late:
            with self._sessions.begin() as session:
                supervision.give_up(session, job_id, HandoverReason.DEADLINE)
            log.warning("job %s reached its deadline", job_id)

    def _enforce_pause(self) -> None:
        """Hand over what the assistant had not answered when it was paused, and what slipped in that moment."""
        with self._sessions.begin() as session:
            waiting = supervision.for_people(session)
        for job_id in waiting:
            with self._sessions.begin() as session:
                supervision.give_up(session, job_id, HandoverReason.PAUSED)
            log.info("job %s goes to a person: the assistant is paused", job_id)

    def _keep_heads(self) -> None:
        with self._sessions.begin() as session:
            supervision.keep_heads(session)

    def _tell_of_waits(self) -> None:
        """Owe staff the notices that are due. Choices of the firm that cannot be read must not stop the replies."""
        try:
            with self._sessions.begin() as session:
                notices.tell_of_waits(session, settings.timezone, webhook=bool(settings.staff_webhook_url))
        except ValueError as error:
            log.error("nobody is told of waits: %s", type(error).__name__)  # noqa: TRY400  it would show the choices

    def _clean(self) -> None:
        with self._sessions.begin() as session:
            throttle.forget_old_attempts(session)
            notices.forget_waits(session)
            model_use.forget_old(session)
            removed = retention.remove_expired(session)
            expired = retention.remove_expired_files(session)
        if removed or expired:
            log.info("%d conversations and %d files removed at the end of their time", removed, expired)


def main() -> None:
    logs.configure(settings)
    metrics.show_closed_label_sets()
    metrics.show_model(settings.openai_model if settings.has_model else BUILT_IN, (OK, *llm.REASONS))
    exporter.serve(settings)
    indexer = searches.Indexer(settings)
    indexer.start()
    keeper = maintenance.Keeper(settings)
    keeper.start()
    dispatcher = Dispatcher()
    signal.signal(signal.SIGTERM, dispatcher.stop)
    signal.signal(signal.SIGINT, dispatcher.stop)
    dispatcher.run()
    indexer.stop()
    keeper.stop()
    sys.exit(0)


if __name__ == "__main__":
    main()
