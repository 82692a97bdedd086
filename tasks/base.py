"""The one shape of every task: claim, commit, think with no transaction open, record if the claim still stands."""

from __future__ import annotations

import logging
import time
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar
from uuid import UUID

from sqlalchemy.exc import DBAPIError

from tasks import process
from tasks.liveness import NotAliveError
from webapp import metrics
from webapp.domain import QUEUE_OF_KIND, HandoverReason, JobKind, JobStatus
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
RECORD_TRIES = 5
RECORD_RETRY_S = 0.5
CRASH_DELAY_S = 1.0


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
        claimed = self._claim(runtime, job_id)
        if claimed is None:
            return
        claim, given = claimed
        with runtime.liveness.working(claim, self.lease_s):
            self._attempt(runtime, claim, given)

    def _claim(self, runtime: Runtime, job_id: str) -> tuple[Claim, Input] | None:
        try:
            key = runtime.liveness.key(WAIT_FOR_LOCK_S)
            with runtime.sessions.begin() as session:
                claim = jobs.claim(session, UUID(job_id), self.kind, worker_key=key, lease_s=self.lease_s)
                given = None if claim is None else (claim, self.prepare(session, claim))
        except (NotAliveError, DBAPIError, ValueError) as error:
            log.warning("ticket %s dropped: %s", job_id, type(error).__name__)
            return None
        if given is not None:
            metrics.LAST_CLAIM.labels(QUEUE_OF_KIND[self.kind]).set_to_current_time()
            metrics.JOB_WAIT.labels(QUEUE_OF_KIND[self.kind]).observe(given[0].waited_s)
        return given

    def _attempt(self, runtime: Runtime, claim: Claim, given: Input) -> None:
        began = time.monotonic()
        outcome = JobStatus.SUCCEEDED
        try:
            self._think_and_record(runtime, claim, given)
        except TryAgainError as error:
            delay_s = error.delay_s
            _record(runtime, lambda session: jobs.requeue(session, claim, delay_s=delay_s))
        except ClaimLostError:
            log.info("job %s attempt %d stopped: fenced", claim.job_id, claim.attempts)
        except RefusedError as error:
            code, outcome = error.code, JobStatus.FAILED
            _record(runtime, lambda session: supervision.refuse(session, claim, code))
        except Exception as error:  # noqa: BLE001  whatever it is counts as a crash of this job, and is recorded
            outcome = JobStatus.FAILED
            _crash(runtime, claim, error)
        metrics.JOB_RUN.labels(QUEUE_OF_KIND[self.kind], outcome).observe(time.monotonic() - began)

    def _think_and_record(self, runtime: Runtime, claim: Claim, given: Input) -> None:
        thought = self.think(runtime, claim, given)
        recorded = _record(runtime, lambda session: self.record(session, claim, thought))
        log.info("job %s attempt %d %s", claim.job_id, claim.attempts, "recorded" if recorded else "dropped: fenced")


def _record(runtime: Runtime, write: Callable[[Session], bool]) -> bool:
    """Write an outcome; a database that is away is waited for, and the fence makes a second try harmless."""
    for remaining in reversed(range(RECORD_TRIES)):
        try:
            with runtime.sessions() as session:
                if not write(session):
                    session.rollback()
                    return False
                session.commit()
                return True
        except DBAPIError as error:
            log.warning("outcome not written yet: %s", type(error).__name__)
            if not remaining or not (error.connection_invalidated or _is_passing(error)):
                raise
            time.sleep(RECORD_RETRY_S)
    return False


def _is_passing(error: DBAPIError) -> bool:
    """Tell a fault of the moment (deadlock, server going down, no connection) from one of the data."""
    code = getattr(error.orig, "pgcode", None)
    return code is None or code.startswith(("08", "40", "53", "55", "57"))


def _crash(runtime: Runtime, claim: Claim, error: Exception) -> None:
    """Count a crash; the third gives up. The places are logged, not the values: those are what people wrote."""
    places = "".join(traceback.format_tb(error.__traceback__))
    log.error("job %s attempt %d failed: %s\n%s", claim.job_id, claim.attempts, type(error).__name__, places)
    metrics.JOB_CRASHES.labels(QUEUE_OF_KIND[claim.kind]).inc()
    if claim.crashes + 1 >= MAX_CRASHES:
        _record(runtime, lambda session: supervision.give_up_claim(session, claim, HandoverReason.FATAL))
    else:
        _record(runtime, lambda session: jobs.requeue(session, claim, delay_s=CRASH_DELAY_S, crashed=True))
