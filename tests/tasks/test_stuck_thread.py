from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from tasks.liveness import STUCK
from tests.harness.commands import ROOT
from tests.harness.processes import Process
from tests.harness.servers import query
from tests.harness.waiting import wait_until
from tests.tasks import desk
from webapp.models.engine import open_sessions
from webapp.services import supervision

if TYPE_CHECKING:
    from tests.harness.stack import Stack


def test_a_thread_that_outlives_its_lease_ends_its_process(stack: Stack) -> None:
    """Nothing can kill a thread; with its process goes the lock, and the job is known to be nobody's."""
    stack.start(dispatcher=0, workers={})
    job_id = stack.client().chat("Bonjour")["job"]["id"]
    argv = [sys.executable, "-m", "tests.tasks.stuck_worker", job_id]
    worker = Process("stuck", argv, stack.environ, ROOT, stack.folder)
    worker.start()
    assert worker.wait() == STUCK, worker.tail()
    url = stack.environ["DATABASE_URL"]
    key = desk.attempt(url, job_id, "worker_key")
    assert key
    sessions = open_sessions(stack.settings, 1)

    def missed() -> bool:
        with sessions() as session:
            return supervision.missing_workers(session) == {key}

    wait_until(missed, "PostgreSQL to see the process gone")
    sessions.kw["bind"].dispose()
    assert query(url, "SELECT count(*) FROM message WHERE role = 'assistant'") == [(0,)]
