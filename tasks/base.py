"""The one shape of every task: claim, commit, think with no transaction open, record if the claim still stands."""

from __future__ import annotations

import logging
import time
import traceback
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Generic, TypeVar
from uuid import UUID

from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from tasks import process
from tasks.liveness import NotAliveError
from webapp import logs, metrics
from webapp.domain import QUEUE_OF_KIND, HandoverReason, JobKind
from webapp.services import jobs, supervision
from webapp.services.jobs import MAX_CRASHES, Claim

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

    from tasks.runtime import Runtime

log = logging.getLogger(__name__)

Input = TypeVar("Input")
Thought = TypeVar("Thought")

WAIT_FOR_LOCK_S = 5.0
RECORD_PATIENCE_S = 30.0  # with a database that is away, within the lease
RECORD_RETRY_S = 0.5
CRASH_DELAY_S = 1.0
PUT_OFF_S = 1.0


class TryAgainError(Exception):
    """The work cannot be done now; it is due again after `delay_s`. No crash is counted."""

    def __init__(self, delay_s: float) -> None:
        super().__init__(delay_s)
        self.delay_s = delay_s


class ClaimLostError(Exception):
    """Somebody else ended the job meanwhile: whatever is under way may stop."""


class RefusedError(Exception):
    """The work can never be done, for the reason `code`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Work(Generic[Input, Thought]):
    """A kind of job. `prepare` and `record` run inside a transaction, `think` with none open."""

    kind: JobKind
    lease_s: int
    prepare: Callable[[Session, Claim], Input]
    think: Callable[[Runtime, Claim, Input], Thought]
    record: Callable[[Session, Claim, Thought], bool]

    def run(self, job_id: str) -> None:
        """Follow a ticket. A job that is not due, or not there, is left alone."""
        runtime = process.runtime()
        try:
            named = UUID(str(job_id))
        except ValueError:
            log.warning("a ticket that names no job was dropped")
            return
        claimed = self._claim(runtime, named)
        if claimed is None:
            return
        claim, given = claimed
        with logs.about(claim.job_id, claim.request_id):
            with runtime.liveness.working(claim, self.lease_s):
                seconds = self._attempt(runtime, claim, given)
            _count_run(runtime, claim, seconds)

    def _claim(self, runtime: Runtime, job_id: UUID) -> tuple[Claim, Callable[[], Input]] | None:
        key = None
        try:
            key = runtime.liveness.key(WAIT_FOR_LOCK_S)
            claimed = self._claim_prepared(runtime, job_id, key)
        except (NotAliveError, DBAPIError, PoolTimeoutError) as error:
            log.warning("ticket %s returned: %s", job_id, type(error).__name__)
            _return_ticket(runtime, job_id, key)
            return None
        if claimed is not None:
            metrics.LAST_CLAIM.labels(QUEUE_OF_KIND[self.kind]).set_to_current_time()
            metrics.JOB_WAIT.labels(QUEUE_OF_KIND[self.kind]).observe(claimed[0].waited_s)
        return claimed

    def _claim_prepared(self, runtime: Runtime, job_id: UUID, key: int) -> tuple[Claim, Callable[[], Input]] | None:
        """Claim and prepare in one transaction; where preparing fails, claim alone and leave the fault to the attempt.

        A fault in the transaction of the claim would take the claim with it: nothing would count it.
        """
        try:
            with runtime.sessions.begin() as session:
                claim = jobs.claim(session, job_id, self.kind, worker_key=key, lease_s=self.lease_s)
                if claim is None:
                    return None
                given = self.prepare(session, claim)
        except Exception as error:
            if _is_passing(error):
                raise
            log.warning("job %s not prepared with its claim: %s", job_id, type(error).__name__)
            with runtime.sessions.begin() as session:
                claim = jobs.claim(session, job_id, self.kind, worker_key=key, lease_s=self.lease_s)
            return None if claim is None else (claim, partial(self._prepare, runtime, claim))
        return claim, lambda: given

    def _prepare(self, runtime: Runtime, claim: Claim) -> Input:
        with runtime.sessions.begin() as session:
            return self.prepare(session, claim)

    def _attempt(self, runtime: Runtime, claim: Claim, given: Callable[[], Input]) -> float:
        """Bring a job as far as it comes; return the seconds it took."""
        began = time.monotonic()
        try:
            self._think_and_record(runtime, claim, given)
        except TryAgainError as error:
            _put_off(runtime, claim, error.delay_s)
        except ClaimLostError:
            log.info("job %s attempt %d stopped: fenced", claim.job_id, claim.attempts)
        except RefusedError as error:
            code = error.code
            _record(runtime, lambda session: supervision.refuse(session, claim, code))
        except Exception as error:  # noqa: BLE001  whatever it is counts as a crash of this job, and is recorded
            _fault(runtime, claim, error)
        return time.monotonic() - began

    def _think_and_record(self, runtime: Runtime, claim: Claim, given: Callable[[], Input]) -> None:
        thought = self.think(runtime, claim, given())
        recorded = _record(runtime, lambda session: self.record(session, claim, thought))
        log.info("job %s attempt %d %s", claim.job_id, claim.attempts, "recorded" if recorded else "dropped: fenced")


def _record(runtime: Runtime, write: Callable[[Session], bool]) -> bool:
    """Write an outcome; a database that is away is waited for, and the fence makes a second try harmless."""
    patience_ends = time.monotonic() + RECORD_PATIENCE_S
    while True:
        try:
            with runtime.sessions() as session:
                if not write(session):
                    session.rollback()
                    return False
                session.commit()
                return True
        except (DBAPIError, PoolTimeoutError) as error:
            log.warning("outcome not written yet: %s", type(error).__name__)
            if not _is_passing(error) or time.monotonic() > patience_ends:
                raise
        time.sleep(RECORD_RETRY_S)


def _count_run(runtime: Runtime, claim: Claim, seconds: float) -> None:
    """Count an attempt under the outcome that is written, whoever wrote it: a person may have taken over meanwhile.

    What ends while nobody works on it (a deadline in the queue, the death of a worker) has no run to count.
    """
    try:
        with runtime.statement() as session:
            outcome = jobs.outcome(session, claim)
    except SQLAlchemyError as error:
        log.warning("run of job %s not counted: %s", claim.job_id, type(error).__name__)
        return
    if outcome is not None:
        metrics.JOB_RUN.labels(QUEUE_OF_KIND[claim.kind], outcome).observe(seconds)


def _is_passing(error: Exception) -> bool:
    """Tell a fault of the database's moment (deadlock, going down, no connection) from one of the work."""
    if not isinstance(error, DBAPIError):
        return isinstance(error, PoolTimeoutError)
    code = getattr(error.orig, "pgcode", None)
    return error.connection_invalidated or code is None or code.startswith(("08", "40", "53", "55", "57"))


def _return_ticket(runtime: Runtime, job_id: UUID, key: int | None) -> None:
    """Un-eat a ticket, unless it was a double of one that another thread of ours follows."""
    if not runtime.liveness.works_on(job_id):
        _record(runtime, lambda session: jobs.return_ticket(session, job_id, key))


def _put_off(runtime: Runtime, claim: Claim, delay_s: float) -> None:
    _record(runtime, lambda session: jobs.requeue(session, claim, delay_s=delay_s))


def _fault(runtime: Runtime, claim: Claim, error: Exception) -> None:
    """A database that was away says nothing about the job; everything else counts as its crash."""
    if _is_passing(error):
        log.warning("job %s attempt %d put off: %s", claim.job_id, claim.attempts, type(error).__name__)
        _put_off(runtime, claim, PUT_OFF_S)
    else:
        _crash(runtime, claim, error)


def _crash(runtime: Runtime, claim: Claim, error: Exception) -> None:
    """Count a crash; the third gives up. The places are logged, not the values: those are what people wrote."""
    places = "".join(traceback.format_tb(error.__traceback__))
    log.error("job %s attempt %d failed: %s\n%s", claim.job_id, claim.attempts, type(error).__name__, places)
    if claim.crashes + 1 >= MAX_CRASHES:
        stood = _record(runtime, lambda session: supervision.give_up_claim(session, claim, HandoverReason.FATAL))
    else:
        stood = _record(runtime, lambda session: jobs.requeue(session, claim, delay_s=CRASH_DELAY_S, crashed=True))
    if stood:
        metrics.JOB_CRASHES.labels(QUEUE_OF_KIND[claim.kind]).inc()
