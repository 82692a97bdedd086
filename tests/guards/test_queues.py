"""Every queue has somebody who works on it, every kind of job that is enqueued has its task."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

import celeryconfig
from launcher import configuration, programs
from tests.harness import commands
from webapp.domain import QUEUE_OF_KIND, JobKind, Queue

DECLARED = {queue.name for queue in celeryconfig.task_queues}
ENVIRON = {
    "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
    "REDIS_URL": "redis://127.0.0.1:1",
    "SECRET_KEY": "k",
}


def test_celery_knows_the_queues_of_the_business() -> None:
    assert DECLARED == set(Queue) == set(QUEUE_OF_KIND.values())
    assert set(QUEUE_OF_KIND) == set(JobKind)
    assert celeryconfig.task_default_queue in DECLARED
    assert celeryconfig.task_create_missing_queues is False


def test_the_launcher_starts_a_worker_for_each_queue_and_two_for_customers_who_wait(tmp_path: Path) -> None:
    read = configuration.read({"DATA_DIR": str(tmp_path)}, tmp_path)
    started = [program.argv for program in programs.services(Path("bin"), {}, read)]
    consumed = [argv[argv.index("-Q") + 1] for argv in started if "-Q" in argv]
    assert set(consumed) == DECLARED
    assert consumed.count(Queue.REPLIES) >= 2
    assert any("tasks.dispatcher" in argv for argv in started)


@pytest.mark.parametrize("name", ["Procfile", "docker-compose.yml"])
def test_every_way_to_start_consumes_every_queue(name: str) -> None:
    file = commands.ROOT / name
    consumed = {
        queue for found in re.findall(r"""-Q[\s"',=]+([\w,]*\w)""", file.read_text()) for queue in found.split(",")
    }
    assert consumed == DECLARED


def _enqueued() -> set[JobKind]:
    """The kinds that the web and the services enqueue: replies by SQL, the others by name."""
    names = {"REPLY"}
    for file in [*Path(commands.ROOT, "webapp").rglob("*.py"), *Path(commands.ROOT, "tasks").rglob("*.py")]:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("enqueue"):
                names |= set(re.findall(r"JobKind\.([A-Z]+)", ast.unparse(node)))
    return {JobKind[name] for name in names}


def test_every_kind_that_is_enqueued_has_a_task_on_its_queue() -> None:
    code = (
        "import json; from tasks.worker import app; from tasks.tickets import TASKS, ROOM;"
        "app.loader.import_default_modules();"
        "print(json.dumps([TASKS, list(ROOM), [name for name in app.tasks if name.startswith('tasks.')]]))"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], cwd=commands.ROOT, env=ENVIRON, capture_output=True, text=True, check=True
    )
    tasks, rooms, registered = json.loads(told.stdout)
    assert _enqueued() >= {JobKind.REPLY, JobKind.SUMMARY, JobKind.INGEST, JobKind.SEARCH}
    assert _enqueued() <= {JobKind(kind) for kind in tasks}
    assert set(tasks.values()) == set(registered)
    assert set(rooms) == DECLARED
    for kind, task in tasks.items():
        routes = [route["queue"] for pattern, route in celeryconfig.task_routes.items() if fnmatchcase(task, pattern)]
        assert routes[:1] == [QUEUE_OF_KIND[JobKind(kind)]], task
