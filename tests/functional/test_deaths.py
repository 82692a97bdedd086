"""Processes that die, hang or are told to stop while they hold work: the work is done all the same, once."""

from __future__ import annotations

import contextlib
import os
import signal
from typing import TYPE_CHECKING

from tests.fakes.model_modes import Mode
from tests.harness.servers import query
from tests.tasks import desk
from tests.tasks.desk import FACT
from webapp.domain import Role

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.fakes.model_server import ModelServer
    from tests.harness.api import ApiClient, Json
    from tests.harness.stack import Stack

REPLIES = ("replies-1", "replies-2")
DRAIN_SECONDS = 3


def test_a_reply_outlives_the_process_that_writes_it(stack: Stack, model_server: ModelServer) -> None:
    desk.teach(stack.settings)
    stack.environ |= {"MAX_PENDING_PER_CLIENT": "100", "DRAIN_SECONDS": str(DRAIN_SECONDS)}
    stack.start(workers={"replies": 2})
    client = stack.client()
    _killed(stack, client, model_server)
    _told_to_stop(stack, client, model_server)
    _frozen(stack, client, model_server)
    _crashed_for_the_third_time(stack, client, model_server)
    assert desk.broken(stack) == {}


def _hold_one(stack: Stack, client: ApiClient, model: ModelServer, mode: Mode = Mode.HANG) -> tuple[str, str, str]:
    """A question whose first call is held by the model: (conversation id, job id, name of the process that asks)."""
    model.set(mode, text=f"{FACT} [1]", duration=6, times=1)
    case, job_id = desk.ask_held(client, model)
    return case, job_id, desk.holder(stack, job_id, REPLIES)


def _outcome(stack: Stack, client: ApiClient, job_id: str) -> tuple[str | None, int, int]:
    """(outcome, attempts, crashes) of a job once it has ended."""
    ended = client.wait_job(job_id)
    url = stack.environ["DATABASE_URL"]
    return ended["result"]["message"]["outcome"], desk.attempt(url, job_id), desk.attempt(url, job_id, "crashes")


def _killed(stack: Stack, client: ApiClient, model: ModelServer) -> None:
    _, job_id, name = _hold_one(stack, client, model)
    stack.kill(name)
    assert _outcome(stack, client, job_id) == ("answered", 2, 1)
    stack.restart(name)


def _told_to_stop(stack: Stack, client: ApiClient, model: ModelServer) -> None:
    """What is unfinished when the time to stop is over goes back to the queue, and is no crash."""
    _, job_id, name = _hold_one(stack, client, model)
    assert stack.stop(name) == 0
    assert _outcome(stack, client, job_id) == ("answered", 2, 0)
    stack.restart(name)


def _frozen(stack: Stack, client: ApiClient, model: ModelServer) -> None:
    """A process that sleeps past its lease keeps its lock; what it brings when it wakes is dropped."""
    _, job_id, name = _hold_one(stack, client, model, Mode.ANSWER)
    stack.process(name).pause()
    query(
        stack.environ["DATABASE_URL"],
        "UPDATE job SET lease_until = clock_timestamp() - interval '1 s' WHERE id = %s",
        [job_id],
    )
    assert _outcome(stack, client, job_id) == ("answered", 2, 1)
    stack.process(name).resume()
    stack.process(name).wait_log("fenced")
    assert len(desk.replies(stack.environ["DATABASE_URL"], client.job(job_id)["result"]["message"]["reply_to"])) == 1


def _crashed_for_the_third_time(stack: Stack, client: ApiClient, model: ModelServer) -> None:
    case, job_id, name = _hold_one(stack, client, model)
    query(stack.environ["DATABASE_URL"], "UPDATE job SET crashes = 2 WHERE id = %s", [job_id])
    stack.kill(name)
    assert _outcome(stack, client, job_id) == ("handed_over", 1, 3)
    assert desk.job(stack.environ["DATABASE_URL"], job_id, "error_code") == ("crashes",)
    conversation = client.conversation(case)
    assert (conversation["status"], conversation["assistant"]) == ("waiting_staff", "on")


def test_a_document_outlives_the_child_that_reads_it(stack: Stack) -> None:
    stack.environ["DRAIN_SECONDS"] = str(DRAIN_SECONDS)
    stack.start(workers={"documents": 1})
    admin = stack.staff(Role.ADMIN)
    _child_killed(stack, admin)
    _main_killed(stack, admin)
    _main_told_to_stop(stack, admin)
    _third_child_killed(stack, admin)
    assert desk.broken(stack) == {}


def _upload(admin: ApiClient, text: str) -> Json:
    files = {"file": ("notice.md", f"# Notice\n\n{text}\n".encode(), "text/markdown")}
    accepted: Json = admin.post("/api/knowledge/documents", files=files, data={"audience": "public"}).json()
    return accepted


@contextlib.contextmanager
def _held(stack: Stack, admin: ApiClient, text: str) -> Iterator[str]:
    """The job of a document whose file keeps its reader waiting, until this ends."""
    stack.process("documents-1").pause()
    accepted = _upload(admin, text)
    job_id: str = accepted["job"]["id"]
    path = _stored(stack, accepted["document"]["id"])
    kept = path.read_bytes()
    path.unlink()
    os.mkfifo(path)
    stack.process("documents-1").resume()
    desk.until(lambda: admin.job(job_id)["status"] == "running", "the child to open the file", stack)
    yield job_id
    path.unlink()
    path.write_bytes(kept)


def _stored(stack: Stack, document_id: str) -> Path:
    rows = query(stack.environ["DATABASE_URL"], "SELECT storage_key FROM document WHERE id = %s", [document_id])
    found = next(stack.settings.data_dir.rglob(str(rows[0][0])))
    assert found.is_file()
    return found


def _ended(stack: Stack, admin: ApiClient, job_id: str) -> tuple[str, int, int]:
    """(status, attempts, crashes) of a job once it has ended."""
    ended = admin.wait_job(job_id)
    url = stack.environ["DATABASE_URL"]
    return ended["status"], desk.attempt(url, job_id), desk.attempt(url, job_id, "crashes")


def _kill_child(stack: Stack) -> None:
    for pid in desk.children(stack.process("documents-1").pid):
        os.kill(pid, signal.SIGKILL)


def _child_killed(stack: Stack, admin: ApiClient) -> None:
    pid = stack.process("documents-1").pid
    with _held(stack, admin, "Le caisson du volet Altair mesure 205 millimètres.") as job_id:
        _kill_child(stack)
    assert _ended(stack, admin, job_id) == ("succeeded", 2, 1)
    assert stack.process("documents-1").pid == pid
    assert stack.process("documents-1").alive


def _main_killed(stack: Stack, admin: ApiClient) -> None:
    with _held(stack, admin, "La sangle du volet Altair se change sans outil.") as job_id:
        orphans = desk.children(stack.process("documents-1").pid)
        stack.process("documents-1").signal(signal.SIGKILL)
        desk.until(lambda: not any(map(_runs, orphans)), "the children to follow", stack)
    stack.restart("documents-1")
    assert _ended(stack, admin, job_id) == ("succeeded", 2, 1)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _main_told_to_stop(stack: Stack, admin: ApiClient) -> None:
    with _held(stack, admin, "La lame finale du volet Altair porte un joint.") as job_id:
        assert stack.stop("documents-1") == 0
    assert desk.attempt(stack.environ["DATABASE_URL"], job_id, "crashes") == 0
    stack.restart("documents-1")
    assert _ended(stack, admin, job_id) == ("succeeded", 2, 0)


def _third_child_killed(stack: Stack, admin: ApiClient) -> None:
    """The document says why it failed; the next one is read."""
    with _held(stack, admin, "Ce fichier tue ceux qui le lisent.") as job_id:
        query(stack.environ["DATABASE_URL"], "UPDATE job SET crashes = 2 WHERE id = %s", [job_id])
        _kill_child(stack)
    assert _ended(stack, admin, job_id) == ("failed", 1, 3)
    document_id = desk.job(stack.environ["DATABASE_URL"], job_id, "document_id")[0]
    document = admin.get(f"/api/knowledge/documents/{document_id}").json()
    assert document["state"] == "failed"
    assert document["reason"]
    after = _upload(admin, "Le moteur du volet Altair tient au tube par deux vis.")
    assert admin.wait_job(after["job"]["id"])["status"] == "succeeded"
