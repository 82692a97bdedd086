"""A row that somebody holds for long stops what concerns it, and nobody else."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import psycopg2

from tests.fakes.model_modes import Mode
from tests.harness.servers import query
from tests.harness.waiting import PATIENCE, wait_until
from tests.tasks import desk
from tests.tasks.desk import FACT, QUESTION

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fakes.model_server import ModelServer
    from tests.harness.api import ApiClient
    from tests.harness.stack import Stack

HELD = "BLOQUE garantie des volets Altair ?"
OTHERS = 6  # each would wait for the thirty seconds a statement may take


def test_a_case_that_is_held_past_its_deadline_stops_nobody_else(stack: Stack, model_server: ModelServer) -> None:
    desk.teach(stack.settings)
    model_server.set(Mode.ANSWER, text=f"{FACT} [1]")
    model_server.set(Mode.HANG, match="BLOQUE")
    stack.start(workers={"replies": 1})
    url = stack.environ["DATABASE_URL"]
    other = stack.client()
    case, job_id = desk.ask_held(stack.client(), model_server, HELD)
    with contextlib.closing(psycopg2.connect(url)) as holder:
        holder.cursor().execute("SELECT 1 FROM conversation WHERE id = %s FOR UPDATE", [case])
        holder.cursor().execute("SELECT 1 FROM queue_head FOR UPDATE")
        query(url, "UPDATE job SET deadline_at = clock_timestamp() WHERE id = %s", [job_id])
        desk.until(lambda: _times_told(stack, job_id) > 0, "a deadline that cannot be enforced", stack)
        wait_until(_answered_one_after_the_other(stack, other), "the others' answers", PATIENCE, evidence=stack.tails)
        assert desk.job(url, job_id, "status") == ("running",)
        assert _times_told(stack, job_id) == 1
    desk.until(lambda: desk.job(url, job_id, "status") == ("handed_over",), "the hand-over", stack)
    assert desk.broken(stack) == {}


def _times_told(stack: Stack, job_id: str) -> int:
    return stack.process("dispatcher-1").output().count(f"job {job_id} failed")


def _answered_one_after_the_other(stack: Stack, client: ApiClient) -> Callable[[], bool]:
    """What says whether the last of them is, and asks the next when one is."""
    asked = [client.chat(QUESTION)["job"]["id"]]

    def all_are() -> bool:
        if desk.job(stack.environ["DATABASE_URL"], asked[-1], "status") != ("succeeded",):
            return False
        if len(asked) < OTHERS:
            asked.append(client.chat(QUESTION)["job"]["id"])
            return False
        return True

    return all_are
