"""Reading the figures of a large firm ahead of whoever looks at them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tasks.base import Work
from tasks.worker import app
from webapp.domain import JobKind, JobStatus
from webapp.services import jobs, stats

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from tasks.runtime import Runtime
    from webapp.services.jobs import Claim
    from webapp.services.stats import Measured, Wanted

LEASE_S = 60  # longer than the patience of the reading


def prepare(_session: Session, claim: Claim) -> Wanted:
    return stats.Wanted(**claim.request)


def think(runtime: Runtime, _claim: Claim, wanted: Wanted) -> Measured:
    with runtime.sessions() as session:
        return stats.measure(session, wanted)


def record(session: Session, claim: Claim, measured: Measured) -> bool:
    stats.keep(session, measured)
    return jobs.end(session, claim, JobStatus.SUCCEEDED)


WORK = Work(JobKind.STATS, LEASE_S, prepare, think, record)


@app.task(name="tasks.stats.read")
def read(job_id: str) -> None:
    WORK.run(job_id)
