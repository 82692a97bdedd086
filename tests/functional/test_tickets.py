"""Tickets are hints: missing, doubled, lost or forged ones change nothing but, at most, the moment."""

from __future__ import annotations

import base64
import contextlib
import json
import sys
import uuid
from typing import TYPE_CHECKING, Any

import redis
from celery import Celery

from tests.fakes.model_modes import Mode
from tests.harness import commands
from tests.harness.processes import Process
from tests.harness.servers import query
from tests.harness.waiting import PATIENCE
from tests.tasks import desk
from tests.tasks.desk import QUESTION
from webapp.domain import Queue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fakes.model_server import ModelServer
    from tests.harness.api import ApiClient
    from tests.harness.stack import Stack

REPLY = "tasks.replies.reply"
DIES_BETWEEN = """
import os, signal
from tasks import dispatcher
dispatcher.jobs.mark_published = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
dispatcher.main()
"""


def test_tickets_may_be_late_double_lost_or_forged(stack: Stack) -> None:
    desk.teach(stack.settings)
    del stack.environ["OPENAI_API_KEY"]
    stack.environ["MAX_PENDING_PER_CLIENT"] = "100"
    stack.start(dispatcher=0, workers={"replies": 1})
    client = stack.client()
    _no_dispatcher_then_one_that_dies_then_two(stack, client)
    _the_same_a_hundred_times(stack, client)
    _forged(stack, client)
    _flushed(stack, client)
    _taken_and_lost(stack, client)
    assert desk.broken(stack) == {}


def _ask(client: ApiClient, count: int) -> list[str]:
    return [client.chat(QUESTION)["job"]["id"] for _ in range(count)]


def _all_answered_once(stack: Stack, client: ApiClient, jobs: list[str]) -> None:
    for job_id in jobs:
        assert client.wait_job(job_id)["result"]["message"]["outcome"] == "answered"
        assert desk.attempt(stack.environ["DATABASE_URL"], job_id) == 1


def _no_dispatcher_then_one_that_dies_then_two(stack: Stack, client: ApiClient) -> None:
    assert stack.checks()["dispatcher"] != "ok"
    stack.stop("replies-1")
    jobs = _ask(client, 5)
    dying = Process("dying", [sys.executable, "-c", DIES_BETWEEN], stack.environ, commands.ROOT, stack.folder)
    dying.start()
    assert dying.wait() == -9
    url = stack.environ["DATABASE_URL"]
    assert query(url, "SELECT count(*) FROM job WHERE published_at IS NOT NULL") == [(0,)]
    with contextlib.closing(redis.Redis.from_url(stack.environ["REDIS_URL"])) as broker:
        assert broker.llen(Queue.REPLIES) == 5
    stack.start(web=False, dispatcher=2, workers={})
    stack.restart("replies-1")
    _all_answered_once(stack, client, jobs)


def _the_same_a_hundred_times(stack: Stack, client: ApiClient) -> None:
    (ended,) = _ask(client, 1)
    waiting = client.chat(QUESTION)["job"]["id"]
    with _sender(stack) as sender:
        for job_id in (ended, waiting):
            for _ in range(100):
                sender.send_task(REPLY, (job_id,), queue=Queue.REPLIES)
    _all_answered_once(stack, client, [ended, waiting])


@contextlib.contextmanager
def _sender(stack: Stack):  # noqa: ANN202  Celery ships no types
    """Whoever can write to Redis."""
    app = Celery(broker=stack.environ["REDIS_URL"], set_as_current=False)
    try:
        yield app
    finally:
        app.close()


def _forged(stack: Stack, client: ApiClient) -> None:
    pid = stack.process("replies-1").pid
    (job_id,) = _ask(client, 1)
    client.wait_job(job_id)
    with _sender(stack) as sender:
        for arguments in ((), (1, 2, 3), (17,), (None,), ({"a": [1]},), ("not an id",), (str(uuid.uuid4()),)):
            sender.send_task(REPLY, arguments, queue=Queue.REPLIES)
        for task in ("tasks.knowledge.ingest", "tasks.summaries.summarise", "tasks.nobody.knows", "os.system"):
            sender.send_task(task, (job_id,), queue=Queue.REPLIES)
        sender.send_task(REPLY, (job_id,), queue=Queue.REPLIES, serializer="pickle")
        sender.send_task(REPLY, ("x" * 5_000_000,), queue=Queue.REPLIES)
    _all_answered_once(stack, client, _ask(client, 2))
    assert (stack.process("replies-1").alive, stack.process("replies-1").pid) == (True, pid)


def _flushed(stack: Stack, client: ApiClient) -> None:
    """Redis loses every ticket while nobody reads them."""
    stack.stop("replies-1")
    jobs = _ask(client, 5)
    desk.until(lambda: _published(stack) == 5, "the tickets to be sent", stack)
    with contextlib.closing(redis.Redis.from_url(stack.environ["REDIS_URL"])) as broker:
        broker.flushall()
    stack.restart("replies-1")
    _all_answered_once(stack, client, jobs)


def _taken_and_lost(stack: Stack, client: ApiClient) -> None:
    """Whoever takes the ticket dies with it, five times: it comes again long before those thirty seconds are over."""
    stack.stop("replies-1")
    jobs = _ask(client, 1)
    taken: list[object] = []
    with contextlib.closing(redis.Redis.from_url(stack.environ["REDIS_URL"])) as broker:

        def lost() -> bool:
            taken.extend(filter(None, [broker.rpop(Queue.REPLIES)]))
            return len(taken) == 6

        desk.until(lost, "six tickets of one job", stack)
    stack.restart("replies-1")
    _all_answered_once(stack, client, jobs)


def _published(stack: Stack) -> int:
    rows = query(
        stack.environ["DATABASE_URL"],
        "SELECT count(*) FROM job WHERE status = 'queued' AND published_at IS NOT NULL",
    )
    return int(str(rows[0][0]))


def test_bytes_that_are_no_ticket_stop_nobody_for_good(stack: Stack) -> None:
    desk.teach(stack.settings)
    del stack.environ["OPENAI_API_KEY"]
    stack.start(workers={"replies": 1})
    client = stack.client()
    junk = [b"not json", b"\xff\xfe\x00", b"[]", b"17", b"{}", b"[" * 100_000, *map(_bytes, _nearly_tickets())]
    with contextlib.closing(redis.Redis.from_url(stack.environ["REDIS_URL"])) as broker:
        calls = f"/{broker.get_connection_kwargs().get('db', 0)}.celery.pidbox"
        for one in junk:
            broker.lpush(Queue.REPLIES, one)
        assert sum(broker.publish(calls, one) for one in junk) > 0
    assert client.ask(QUESTION)["result"]["message"]["outcome"] == "answered"
    assert stack.process("replies-1").alive
    assert desk.broken(stack) == {}


def _bytes(item: object) -> bytes:
    return json.dumps(item).encode()


def _nearly_tickets() -> Iterator[dict[str, Any]]:
    """A good ticket of a job that is not there, with one thing of it wrong or missing."""
    call = _coded([["a"], {}, {}])
    delivery = {"exchange": "", "routing_key": "replies"}
    properties = {"delivery_tag": "a", "delivery_info": delivery, "priority": 0, "body_encoding": "base64"}
    good = {
        "body": call,
        "content-type": "application/json",
        "content-encoding": "utf-8",
        "headers": {"task": REPLY, "id": "a"},
        "properties": properties,
    }
    yield good
    for part, wrong in [
        *(
            ("body", wrong)
            for wrong in (None, 5, _coded(None), _coded(5), _coded({}), _coded([1]), _coded([[], {}, []]))
        ),
        *(("headers", wrong) for wrong in (None, [], {}, {"task": REPLY, "id": [1]}, {"task": [1], "id": "a"})),
        *((part, wrong) for part in ("content-type", "content-encoding") for wrong in (None, 5, "x")),
        ("properties", {"delivery_tag": "a"}),
        *(("properties", properties | {name: wrong}) for name in properties for wrong in (None, [1], "x")),
    ]:
        yield good | {part: wrong}
        yield {name: value for name, value in good.items() if name != part}


def _coded(call: object) -> str:
    return base64.b64encode(_bytes(call)).decode()


def test_a_key_that_is_no_queue_is_removed(stack: Stack) -> None:
    desk.teach(stack.settings)
    del stack.environ["OPENAI_API_KEY"]
    stack.start(workers={"replies": 1})
    client = stack.client()
    with contextlib.closing(redis.Redis.from_url(stack.environ["REDIS_URL"])) as broker:
        for key in (*Queue, f"{Queue.REPLIES}\x06\x163"):
            broker.delete(key)
            broker.set(key, "x")
        assert client.ask(QUESTION)["result"]["message"]["outcome"] == "answered"
        desk.until(lambda: {broker.type(queue) for queue in Queue} == {b"none"}, "the keys to go", stack)
    assert stack.process("replies-1").alive


def test_a_ticket_is_taken_by_a_free_slot_alone(stack: Stack, model_server: ModelServer) -> None:
    """Two processes hold eight questions each: two more stay where either can take them, and are answered in turn."""
    desk.teach(stack.settings)
    stack.environ["MAX_PENDING_PER_CLIENT"] = "100"
    stack.start(workers={"replies": 2})
    client = stack.client()
    model_server.set(Mode.ANSWER, text=f"{desk.FACT} [1]", duration=30)
    jobs = _ask(client, 18)
    model_server.journal.wait_requests(16, PATIENCE)
    desk.until(lambda: _published(stack) == 2, "the last tickets to be sent", stack)
    with contextlib.closing(redis.Redis.from_url(stack.environ["REDIS_URL"])) as broker:
        assert broker.llen(Queue.REPLIES) == 2
    model_server.hurry()
    _all_answered_once(stack, client, jobs)
    assert desk.broken(stack) == {}
