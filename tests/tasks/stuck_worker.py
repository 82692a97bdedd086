"""A worker whose work never ends, with a lease of one second: `python -m tests.tasks.stuck_worker JOB`."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING

from tasks import worker
from tasks.base import Work
from webapp.domain import JobKind

if TYPE_CHECKING:
    from typing import Never

    from sqlalchemy.orm import Session

    from tasks.runtime import Runtime
    from webapp.services.jobs import Claim


def _prepare(_session: Session, _claim: Claim) -> None:
    return None


def _never(_runtime: Runtime, _claim: Claim, _given: None) -> Never:
    threading.Event().wait()
    raise AssertionError


def _record(_session: Session, _claim: Claim, _thought: object) -> bool:
    raise AssertionError


if __name__ == "__main__":
    worker.app.set_current()
    Work(JobKind.REPLY, 1, _prepare, _never, _record).run(sys.argv[1])
