"""Entry 2: job rows -> tickets. Reaps the dead, enforces deadlines, keeps the places in line.

Any number of copies may run: rows are taken with SKIP LOCKED, and every effect is checked where it is written.
"""

from __future__ import annotations

import logging
import select
import signal
import sys
import time
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import psycopg2
import redis
from kombu.exceptions import OperationalError as BrokerError
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from tasks import exporter, maintenance, searches
from tasks.tickets import Broker
from tasks.worker import app, settings
from webapp import logs, metrics
from webapp.assistant import llm
from webapp.domain import HandoverReason
from webapp.models.engine import WORKER_STATEMENT_TIMEOUT_MS, connect_args, open_sessions
from webapp.services import jobs, notices, supervision
from webapp.services.jobs import CHANNEL
from webapp.services.model_use import BUILT_IN, OK

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from uuid import UUID

    from psycopg2.extensions import connection as pg_connection
    from sqlalchemy.orm import Session

    from webapp.domain import Queue

log = logging.getLogger("tasks.dispatcher")

LOOK_EVERY_S = 0.5
HEADS_EVERY_S = 1.0
WAITS_EVERY_S = 5.0
FULL_PAUSE_S = 0.05  # no notification tells of room in a queue
BATCH = 200
GRACE_S = 10.0  # after a reconnect: the workers' locks may come back later than we do
RECONNECT_EVERY_S = 0.5
LOCK_TIMEOUT_MS = 200  # what somebody else holds is left for the next round: every customer waits for this thread
MOST_TOLD = 1000  # faults remembered as said: a job that is gone never goes well again, and its name would stay
HELD = ("55P03", "40P01")  # lock_not_available, deadlock_detected

Done = TypeVar("Done")


class Dispatcher:
    def __init__(self) -> None:
        self._sessions = open_sessions(settings, pool_size=2, lock_timeout_ms=LOCK_TIMEOUT_MS)
        self._broker = Broker(app, settings.redis_url)
        self._missing: set[int] = set()
        self._buried: set[int] = set()
        self._failing: set[str] = set()
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
                if pause_s := self._publish_all():
                    select.select([connection], [], [], pause_s)
                connection.poll()
                connection.notifies.clear()
        finally:
            connection.close()

    def _each(self, period_s: float, work: Callable[[], None]) -> None:
        """Do a step when its turn has come."""
        now = time.monotonic()
        if now >= self._due.get(work, 0.0):
            self._due[work] = now + period_s
            self._try(f"step {work.__name__.lstrip('_')}", work)

    def _try(self, what: str, work: Callable[[], Done]) -> Done | None:
        """Do one thing. When it fails it holds up nothing else: it is due again, and said once until it goes well."""
        try:
            done = work()
        except Exception as error:
            if _is_away(error):
                raise
            if what not in self._failing:
                if len(self._failing) >= MOST_TOLD:
                    self._failing.clear()
                self._failing.add(what)
                # A traceback would show what people wrote and chose.
                log.log(_gravity(error), "%s failed, due again: %s", what, type(error).__name__)
            return None
        self._failing.discard(what)
        return done

    def _try_job(self, job_id: UUID, act: Callable[[Session], Done]) -> Done | None:
        """Do something to one job; when somebody holds it or its case, nobody waits: it is looked at again."""

        def work() -> Done:
            with self._sessions.begin() as session:
                supervision.hold(session, job_id)
                return act(session)

        return self._try(f"job {job_id}", work)

    def _publish_all(self) -> float:
        """Send tickets for what is due; return after how many seconds to look again, if nobody calls before."""
        try:
            self._each(LOOK_EVERY_S, self._resend_lost)
            due = self._try("look for what is due", self._due_queues) or ()
            pauses = [self._try(f"tickets to {queue}", partial(self._publish, queue)) for queue in due]
            return min((pause for pause in pauses if pause is not None), default=LOOK_EVERY_S)
        except (redis.RedisError, BrokerError, OSError) as error:
            log.warning("broker away: %s", type(error).__name__)
            return LOOK_EVERY_S

    def _due_queues(self) -> Sequence[Queue]:
        with self._sessions.begin() as session:
            return jobs.due_queues(session)

    def _publish(self, queue: Queue) -> float:
        room = min(BATCH, self._broker.room(queue))
        if room == 0:
            return FULL_PAUSE_S
        with self._sessions.begin() as session:
            tickets = jobs.publishable(session, queue, room)
            self._broker.send(queue, tickets)
            sent = jobs.mark_published(session, [job_id for job_id, _ in tickets])
        for job_id, request_id in sent:
            with logs.about(job_id, request_id):
                log.info("ticket sent to %s", queue)
        return 0.0 if tickets else LOOK_EVERY_S

    def _resend_lost(self) -> None:
        """Send again what Redis lost, and what whoever took it from there did not follow."""
        forgotten, empty = self._broker.has_forgotten(), self._broker.empty()
        with self._sessions.begin() as session:
            if forgotten:
                jobs.unpublish(session)
            jobs.unpublish(session, empty, jobs.LOST_AFTER_S)

    def _reap(self) -> None:
        """Take back the jobs of workers seen missing twice in a row."""
        with self._sessions.begin() as session:
            missing = supervision.missing_workers(session)
        settled = time.monotonic() - self._connected_at > GRACE_S
        dead = missing & self._missing if settled else set()
        self._missing = missing
        with self._sessions.begin() as session:
            lost = supervision.dead_jobs(session, dead)
        for job_id in lost:
            self._take_back(job_id, dead)
        if dead - self._buried:  # a ticket in its hands is sent again at once, those of the others are not for ever
            with self._sessions.begin() as session:
                jobs.unpublish(session)
        self._buried = dead

    def _take_back(self, job_id: UUID, dead: set[int]) -> None:
        queue = self._try_job(job_id, lambda session: supervision.crash(session, job_id, dead))
        if queue is not None:
            log.warning("job %s taken back from a dead worker", job_id)
            metrics.JOB_CRASHES.labels(queue).inc()

    def _enforce_deadlines(self) -> None:
        with self._sessions.begin() as session:
            late = supervision.overdue(session)
        for job_id in late:
            if self._give_up(job_id, HandoverReason.DEADLINE):
                log.warning("job %s reached its deadline", job_id)

    def _enforce_pause(self) -> None:
        """Hand over what the assistant had not answered when it was paused, and what slipped in that moment."""
        with self._sessions.begin() as session:
            waiting = supervision.for_people(session)
        for job_id in waiting:
            if self._give_up(job_id, HandoverReason.PAUSED):
                log.info("job %s goes to a person: the assistant is paused", job_id)

    def _give_up(self, job_id: UUID, reason: HandoverReason) -> bool:
        return bool(self._try_job(job_id, lambda session: supervision.give_up(session, job_id, reason)))

    def _keep_heads(self) -> None:
        with self._sessions.begin() as session:
            supervision.keep_heads(session)

    def _tell_of_waits(self) -> None:
        with self._sessions.begin() as session:
            notices.tell_of_waits(session, settings.timezone, webhook=bool(settings.staff_webhook_url))


def _is_away(error: Exception) -> bool:
    """Tell a server that is away, which all wait for, from a fault of one step."""
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or getattr(error.orig, "pgcode", None) is None
    return isinstance(error, redis.RedisError | BrokerError | OSError)


def _gravity(error: Exception) -> int:
    """Tell what somebody else holds for a moment from a fault."""
    code = getattr(error.orig, "pgcode", None) if isinstance(error, DBAPIError) else None
    return logging.WARNING if code in HELD else logging.ERROR


def main() -> None:
    logs.configure(settings)
    metrics.show_closed_label_sets()
    ends = (OK, *llm.REASONS)
    metrics.show_model(settings.openai_model if settings.has_model else BUILT_IN, ends)
    if settings.openai_embedding_model:
        metrics.show_encoder(settings.openai_embedding_model, ends)
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
