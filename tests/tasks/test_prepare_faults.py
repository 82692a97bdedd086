from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from tests.harness.commands import ROOT
from tests.harness.processes import Process
from tests.tasks import desk
from webapp.domain import JobKind, Role

if TYPE_CHECKING:
    from tests.harness.stack import Stack

ENDED = ("failed", "handed_over")


def _followed(stack: Stack, job_id: str, kind: JobKind, fault: str) -> tuple[object, ...]:
    """The end of a job whose worker cannot prepare it."""
    url = stack.environ["DATABASE_URL"]
    argv = [sys.executable, "-m", "tests.tasks.faulty_worker", job_id, kind, fault]
    worker = Process(f"faulty-{kind}", argv, stack.environ, ROOT, stack.folder)
    worker.start()
    try:
        desk.until(lambda: desk.job(url, job_id, "status")[0] in ENDED, "the job to be given up", stack)
    finally:
        worker.kill()
    assert job_id[::-1] not in worker.output()
    assert worker.output().count("a ticket that names no job was dropped") == 1
    return desk.job(url, job_id, "status", "error_code", "attempts", "crashes")


def test_a_fault_before_the_thinking_is_a_crash_of_the_job(stack: Stack) -> None:
    """Three of them end it, long before its deadline: the claim they undo would else be tried again until then."""
    stack.start(dispatcher=0, workers={})
    reply = stack.client().chat("Bonjour")["job"]["id"]
    assert _followed(stack, reply, JobKind.REPLY, "KeyError") == ("handed_over", "fatal", 3, 3)
    files = {"file": ("garantie.md", f"# Garantie\n\n{desk.FACT}\n".encode())}
    accepted = stack.staff(Role.ADMIN).post("/api/knowledge/documents", files=files, data={"audience": "public"}).json()
    ingest = accepted["job"]["id"]
    assert _followed(stack, ingest, JobKind.INGEST, "ValueError") == ("failed", "fatal", 3, 3)
    assert desk.broken(stack) == {}
