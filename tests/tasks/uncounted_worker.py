"""A worker whose runs cannot be counted: `python -m tests.tasks.uncounted_worker JOB` ends a job with an address.

It says whether it still held the job when it asked for the outcome, and that it went on after it got none.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy.exc import OperationalError

from tasks import process, worker
from tasks.base import Work
from tests.harness.waiting import PATIENCE
from webapp.domain import JobKind, JobStatus
from webapp.services import jobs

if TYPE_CHECKING:
    from typing import Never

    from sqlalchemy.orm import Session

    from webapp.services.jobs import Claim


def main(job_id: str) -> None:
    worker.app.set_current()
    runtime = process.runtime()
    runtime.liveness.key(PATIENCE)

    def away() -> Never:
        sys.stdout.write("held\n" if runtime.liveness.works_on(UUID(job_id)) else "let go\n")
        statement = "SELECT status"
        raise OperationalError(statement, None, ConnectionError())

    def record(session: Session, claim: Claim, _thought: object) -> bool:
        return jobs.end(session, claim, JobStatus.SUCCEEDED)

    runtime.statement = away  # type: ignore[assignment]  # all that is asked of it here
    Work(JobKind.INGEST, 60, lambda *_: None, lambda *_: None, record).run(job_id)
    sys.stdout.write("went on\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
