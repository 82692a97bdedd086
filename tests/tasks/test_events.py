"""What workers tell of their tasks: all of it, and by the handful."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import redis

from tasks.events import TOLD_EVERY_S, Consumer
from tests.harness.waiting import wait_until
from tests.tasks import desk
from tests.tasks.desk import QUESTION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tests.harness.stack import Stack


class Loop:
    """A worker's loop: what is due, and after how long."""

    def __init__(self) -> None:
        self.due: list[tuple[float, Callable[[], None]]] = []

    def call_soon(self, act: Callable[[], None]) -> None:
        act()

    def call_later(self, seconds: float, act: Callable[[], None]) -> None:
        self.due.append((seconds, act))


class Dispatcher:
    flushed = 0
    buffer_limit = 24

    def flush(self) -> None:
        self.flushed += 1


def _events(messages: Iterable[dict[str, Any]]) -> list[tuple[str, str]]:
    """(type, id of the ticket) of each event that was published."""
    told: list[tuple[str, str]] = []
    for message in messages:
        body = json.loads(base64.b64decode(json.loads(message["data"])["body"]))
        events = body if isinstance(body, list) else [body]
        told += [(event["type"], event["uuid"]) for event in events if event["type"].startswith("task-")]
    return told


def test_what_comes_in_half_a_second_is_told_at_once() -> None:
    consumer = Consumer.__new__(Consumer)
    consumer.hub, consumer.event_dispatcher = loop, dispatcher = Loop(), Dispatcher()
    for _ in range(20):
        consumer.on_send_event_buffered()
    ((seconds, tell),) = loop.due
    assert seconds == TOLD_EVERY_S
    assert dispatcher.flushed == 0
    assert dispatcher.buffer_limit > 1000  # or the thread of a task would tell
    tell()
    assert dispatcher.flushed == 1


def test_all_is_told_also_when_the_connection_is_lost_and_by_a_worker_that_stops(stack: Stack) -> None:
    desk.teach(stack.settings)
    server = redis.Redis.from_url(stack.settings.redis_url)
    listener = server.pubsub(ignore_subscribe_messages=True)
    listener.psubscribe("*celeryev*")
    stack.start(workers={"replies": 1})
    client = stack.client()
    heard: list[dict[str, Any]] = []

    def ask(questions: int) -> None:
        jobs = [client.chat(QUESTION)["job"]["id"] for _ in range(questions)]
        for job in jobs:
            client.wait_job(job)

    def wait_told(tasks: int) -> None:
        def done() -> bool:
            heard.extend(iter(lambda: listener.get_message(timeout=0.1), None))
            return sum(kind == "task-succeeded" for kind, _ in _events(heard)) == tasks

        wait_until(done, f"the end of {tasks} tasks told", evidence=stack.tails)

    ask(3)
    server.client_kill_filter(_type="normal", skipme=True)
    wait_told(3)
    ask(1)
    stack.stop("replies-1")
    wait_told(4)
    told = _events(heard)
    for ticket in {ticket for _, ticket in told}:
        assert {kind for kind, each in told if each == ticket} >= {"task-received", "task-started", "task-succeeded"}
    listener.close()
