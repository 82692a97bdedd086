from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from tests.harness.commands import ROOT
from tests.harness.processes import Process
from tests.tasks import desk
from webapp.domain import Role

if TYPE_CHECKING:
    from tests.harness.stack import Stack


def test_a_run_is_counted_once_its_job_is_let_go_and_costs_nothing_where_it_cannot_be(stack: Stack) -> None:
    """A job already ended must not lengthen its lease, nor end its worker, because a figure is waited for."""
    stack.start(dispatcher=0, workers={})
    files = {"file": ("garantie.md", f"# Garantie\n\n{desk.FACT}\n".encode())}
    accepted = stack.staff(Role.ADMIN).post("/api/knowledge/documents", files=files, data={"audience": "public"}).json()
    job_id = accepted["job"]["id"]
    argv = [sys.executable, "-m", "tests.tasks.uncounted_worker", job_id]
    worker = Process("uncounted", argv, stack.environ, ROOT, stack.folder)
    worker.start()
    assert worker.wait() == 0, worker.tail()
    said = [line for line in worker.output().splitlines() if line in {"held", "let go", "went on"}]
    assert said == ["let go", "went on"]
    assert f"run of job {job_id} not counted: OperationalError" in worker.output()
    assert desk.job(stack.environ["DATABASE_URL"], job_id, "status", "attempts") == ("succeeded", 1)
