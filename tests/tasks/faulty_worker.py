"""A worker that cannot prepare what it claims: `python -m tests.tasks.faulty_worker JOB KIND FAULT`, until it is ended.

It follows a ticket for the job again and again, as if the dispatcher sent them.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from tasks import worker
from tasks.base import Work
from webapp.domain import JobKind

if TYPE_CHECKING:
    from typing import Never

    from sqlalchemy.orm import Session

    from webapp.services.jobs import Claim

FAULTS = {"KeyError": KeyError, "ValueError": ValueError}


def main(job_id: str, kind: str, fault: str) -> Never:
    def prepare(_session: Session, _claim: Claim) -> None:
        raise FAULTS[fault](job_id[::-1])  # stands for what people wrote

    def never(*_: object) -> Never:
        raise AssertionError

    worker.app.set_current()
    work = Work(JobKind(kind), 60, prepare, never, never)
    work.run("not the id of a job")
    while True:
        work.run(job_id)
        time.sleep(0.1)


if __name__ == "__main__":
    main(*sys.argv[1:])
