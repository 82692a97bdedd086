"""Sending the notices owed, by mail or to the staff's webhook; whoever is away is tried again until the deadline."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

from tasks import mail, webhook
from tasks.base import RefusedError, TryAgainError, Work
from tasks.outward import AwayError
from tasks.worker import app
from webapp.domain import JobKind, JobStatus
from webapp.services import jobs, notices
from webapp.services.notices import Call, Letter

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from tasks.runtime import Runtime
    from webapp.services.jobs import Claim
    from webapp.settings import Settings

log = logging.getLogger(__name__)

LEASE_S = 120  # more than any way out takes until it is cut
FIRST_DELAY_S, LONGEST_DELAY_S = 5.0, 1800.0


def prepare(session: Session, claim: Claim) -> Letter | Call | None:
    return notices.owed(session, claim.job_id, claim.request)


def think(runtime: Runtime, claim: Claim, owed: Letter | Call | None) -> bool:
    """Deliver, and say whether there was anything left to deliver."""
    try:
        if isinstance(owed, Letter):
            _mail(owed, runtime.settings)
        elif owed is not None:
            _call(owed, runtime.settings)
    except AwayError as error:
        delay_s = min(FIRST_DELAY_S * 2 ** min(claim.attempts - 1, 10), LONGEST_DELAY_S)
        log.warning("notice %s put off by %d s: %s", claim.job_id, delay_s, error)
        raise TryAgainError(delay_s) from None
    return owed is not None


def _mail(letter: Letter, settings: Settings) -> None:
    if settings.smtp_url:
        message = mail.compose(letter, settings.address, settings.sender, mail.SAFE)
        mail.send(message, settings.smtp_url, settings.address)
    else:
        message = mail.compose(letter, settings.address, settings.sender, mail.READABLE)
        mail.write(message, settings.data_dir / "mail", letter.id)


def _call(call: Call, settings: Settings) -> None:
    if not settings.staff_webhook_url:
        raise RefusedError("no_webhook")
    webhook.call(call, settings.staff_webhook_url, settings.address)


def record(session: Session, claim: Claim, delivered: bool) -> bool:  # noqa: FBT001  what think returns
    jobs.forget_request(session, claim)
    return jobs.end(session, claim, JobStatus.SUCCEEDED, result=json.dumps({"delivered": delivered}))


WORK = Work(JobKind.MAIL, LEASE_S, prepare, think, record)


@app.task(name="tasks.notices.send")
def send_notice(job_id: str) -> None:
    WORK.run(job_id)
