from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from tests.fakes.model_modes import Mode
from tests.harness.commands import ROOT
from tests.harness.processes import Process
from tests.harness.servers import query
from tests.tasks import desk
from tests.tasks.desk import FACT, QUESTION

if TYPE_CHECKING:
    from tests.fakes.model_server import ModelServer
    from tests.harness.stack import Stack

ASKED = 6


def test_a_worker_past_its_memory_mark_ends_well_and_loses_nothing(stack: Stack, model_server: ModelServer) -> None:
    desk.teach(stack.settings)
    model_server.set(Mode.ANSWER, text=f"{FACT} [1]", duration=1)
    stack.environ["MAX_PENDING_PER_CLIENT"] = "100"
    stack.start(workers={})
    client = stack.client()
    asked = [client.chat(QUESTION)["message"]["id"] for _ in range(ASKED)]
    argv = [sys.executable, "-m", "tests.tasks.swollen_worker"]
    worker = Process("swollen", argv, stack.environ, ROOT, stack.folder)
    worker.start()
    assert worker.wait() == 0, worker.tail()
    assert "this process is replaced" in worker.output()
    url = stack.environ["DATABASE_URL"]
    assert desk.open_jobs(url) > 0
    stack.start(web=False, dispatcher=0, workers={"replies": 1})  # as the launcher does
    desk.wait_quiet(stack)
    assert [outcome for one in asked for _, outcome, _ in desk.replies(url, one)] == ["answered"] * ASKED
    assert query(url, "SELECT sum(crashes) FROM job") == [(0,)]
    assert desk.broken(stack) == {}
