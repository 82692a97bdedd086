"""The summary of a closed case, in the background: in its own words at once, then by the model where there is one."""

from __future__ import annotations

import logging
import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

from tasks import model_calls
from tasks.base import ClaimLostError, Work
from tasks.worker import app
from webapp.domain import JobKind, Summary
from webapp.errors import ModelUnavailableError
from webapp.services import jobs, summaries

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from tasks.runtime import Runtime
    from webapp.assistant.llm import ModelClient
    from webapp.services.jobs import Claim
    from webapp.services.summaries import Reading

log = logging.getLogger(__name__)

LEASE_S = 75  # longer than the model client's own deadline with all that surrounds it
MODEL_ATTEMPTS = 3
SHORTEST_BACKOFF_S = 1.0
LONGEST_BACKOFF_S = 60.0
BACKOFF_BASE = 4.0


@dataclass(frozen=True, slots=True)
class Thought:
    """A summary, None when none is wanted any more; and in how many seconds the model is asked again, if at all."""

    summary: Summary | None
    again_s: float | None = None


class _NotNowError(Exception):
    """The model gave nothing usable; it may be asked again after `delay_s`, None for never."""

    def __init__(self, delay_s: float | None) -> None:
        super().__init__(delay_s)
        self.delay_s = delay_s


def prepare(session: Session, claim: Claim) -> Reading | None:
    return summaries.reading(session, claim)


def think(runtime: Runtime, claim: Claim, reading: Reading | None) -> Thought:
    from webapp.assistant import summary

    if reading is None:
        return Thought(None)
    quoted = summary.quote(reading.case)
    if not quoted.text or not reading.use_model or runtime.model is None:
        return Thought(quoted)
    if not _show(runtime, claim, quoted):
        return Thought(None)
    try:
        return Thought(_by_model(runtime, runtime.model, claim, reading))
    except _NotNowError as error:
        return Thought(quoted, error.delay_s if _attempt(claim) < MODEL_ATTEMPTS else None)


def record(session: Session, claim: Claim, thought: Thought) -> bool:
    if thought.summary is not None:
        summaries.record(session, claim, thought.summary)
    if thought.again_s is not None:
        summaries.try_again(session, claim, _attempt(claim) + 1, thought.again_s)
    return summaries.end(session, claim)


def _attempt(claim: Claim) -> int:
    return int(claim.request.get("attempt", 1))


def _show(runtime: Runtime, claim: Claim, quoted: Summary) -> bool:
    """Let the quoted summary be read while the model writes; False when none is wanted any more."""
    try:
        with runtime.sessions.begin() as session:
            if not jobs.stands(session, claim):
                raise ClaimLostError
            return summaries.record(session, claim, quoted)
    except DBAPIError as error:
        log.warning("summary of job %s not shown yet: %s", claim.job_id, type(error).__name__)
        return True


def _by_model(runtime: Runtime, model: ModelClient, claim: Claim, reading: Reading) -> Summary:
    """Ask the model once, and count it.

    Raises:
        _NotNowError: it gave no text, or none that stands the checks.
    """
    from webapp.assistant.summary_model import UnusableError, write

    began = time.monotonic()
    try:
        written = write(reading.case, model)
    except ModelUnavailableError as error:
        model_calls.failed(runtime, claim.kind, error.reason)
        log.warning("job %s attempt %d: model %s", claim.job_id, _attempt(claim), error.reason)
        raise _NotNowError(None if error.permanent else error.retry_after or _backoff(claim)) from None
    except UnusableError as error:
        model_calls.answered(runtime, claim.kind, time.monotonic() - began, error.usage)
        log.warning("job %s attempt %d: what the model wrote fails the checks", claim.job_id, _attempt(claim))
        raise _NotNowError(_backoff(claim)) from None
    model_calls.answered(runtime, claim.kind, time.monotonic() - began, written.usage)
    return written


def _backoff(claim: Claim) -> float:
    """Return a random wait that grows with the attempts: many jobs that failed together come back apart."""
    longest = min(LONGEST_BACKOFF_S, BACKOFF_BASE ** _attempt(claim))
    return random.uniform(SHORTEST_BACKOFF_S, longest)  # noqa: S311  no secret is made of it


WORK = Work(JobKind.SUMMARY, LEASE_S, prepare, think, record)


@app.task(name="tasks.summaries.summarise")
def summarise(job_id: str) -> None:
    WORK.run(job_id)
