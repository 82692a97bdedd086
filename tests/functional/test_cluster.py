"""The application on pytest-celery's clusters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.harness.servers import query
from tests.tasks import desk
from tests.tasks.desk import QUESTION

if TYPE_CHECKING:
    from pytest_celery import CeleryTestSetup  # type: ignore[import-untyped]  # it ships no types

    from tests.harness.stack import Stack


def test_broker_and_worker_die_in_turn(celery_stack: Stack, celery_setup: CeleryTestSetup) -> None:
    """What is asked while one is dead is answered once it is back."""
    desk.teach(celery_stack.settings)
    celery_stack.start(workers={})
    client = celery_stack.client()
    assert client.ask(QUESTION)["result"]["message"]["outcome"] == "answered"
    for node in (celery_setup.broker, celery_setup.worker):
        node.kill()
        job_id = client.chat(QUESTION)["job"]["id"]
        node.restart()
        assert client.wait_job(job_id)["result"]["message"]["outcome"] == "answered"
    assert desk.broken(celery_stack) == {}
    assert query(celery_stack.environ["DATABASE_URL"], "SELECT sum(crashes) FROM job") == [(0,)]
