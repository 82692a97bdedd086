"""Redis and PostgreSQL go away under load and come back: what was accepted is answered, once."""

from __future__ import annotations

import contextlib
import threading
import time
import uuid
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
import psycopg2
import redis

from launcher.ports import LOOPBACK
from tests.fakes.model_modes import Mode
from tests.fakes.tcp_links import Sender
from tests.fakes.tcp_proxy import TcpProxy
from tests.harness.servers import query
from tests.tasks import desk
from tests.tasks.desk import FACT, QUESTION

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fakes.model_server import ModelServer
    from tests.harness.api import ApiClient, Json
    from tests.harness.servers import Servers
    from tests.harness.stack import Stack

PAUSE_MS = 6000  # longer than the broker's own patience with a socket
TERMINATE_ONE = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() ORDER BY random() LIMIT 1
"""


def _insist(client: ApiClient, text: str) -> str:
    """Send a message as a browser does, the same key until it is accepted; the job's id."""
    key = str(uuid.uuid4())
    while True:
        try:
            answer = client.post("/api/chat", {"message": text}, key=key)
        except httpx.TransportError:
            answer = None
        if answer is not None and answer.status_code in {200, 202}:
            accepted: Json = answer.json()
            return str(accepted["job"]["id"])
        assert answer is None or answer.status_code >= 500, answer.text
        time.sleep(0.1)


def _every_one_answered(stack: Stack, jobs: list[str]) -> None:
    desk.wait_quiet(stack)
    url = stack.environ["DATABASE_URL"]
    outcomes = query(
        url,
        "SELECT r.outcome, count(*) FROM job j JOIN message r ON r.id = j.reply_id"
        " WHERE j.id = ANY(%s::uuid[]) GROUP BY 1",
        [jobs],
    )
    assert outcomes == [("answered", len(set(jobs)))]
    assert desk.broken(stack) == {}


def test_both_servers_go_and_come_back(own_stack: Stack, own_servers: Servers, model_server: ModelServer) -> None:
    desk.teach(own_stack.settings)
    model_server.set(Mode.ANSWER, text=f"{FACT} [1]", duration=0.6)
    own_stack.environ["MAX_PENDING_PER_CLIENT"] = "1000"
    own_stack.start(workers={"replies": 2})
    client = own_stack.client()
    assert own_servers.valkey is not None
    own_servers.valkey.kill()
    jobs = [client.chat(QUESTION)["job"]["id"] for _ in range(5)]
    own_servers.valkey.start()
    _every_one_answered(own_stack, jobs)
    with contextlib.closing(redis.Redis.from_url(own_servers.redis_url)) as broker:
        broker.client_pause(PAUSE_MS)
    jobs = [client.chat(QUESTION)["job"]["id"] for _ in range(3)]
    _every_one_answered(own_stack, jobs)

    sent: list[str] = []
    customers = [own_stack.client() for _ in range(3)]
    senders = [threading.Thread(target=_send_some, args=(customer, sent)) for customer in customers]
    for sender in senders:
        sender.start()
    _hurt(own_stack, own_servers)
    for sender in senders:
        sender.join()
    assert len(sent) == 30
    _every_one_answered(own_stack, sent)
    accepted = query(own_stack.environ["DATABASE_URL"], "SELECT count(*) FROM message WHERE role = 'client'")
    assert accepted == [(38,)]


def _send_some(customer: ApiClient, sent: list[str]) -> None:
    for _ in range(10):
        sent.append(_insist(customer, QUESTION))
        time.sleep(0.3)


def _hurt(stack: Stack, servers: Servers) -> None:
    """Backends ended at random, then PostgreSQL killed, then restarted in order."""
    assert servers.postgres is not None
    for _ in range(15):
        query(stack.environ["DATABASE_URL"], TERMINATE_ONE)
        time.sleep(0.1)
    servers.postgres.kill()
    servers.postgres.start()
    time.sleep(0.5)
    servers.postgres.restart()


def test_the_answer_to_a_commit_is_lost(new_stack: Callable[..., Stack], database_url: str, redis_url: str) -> None:
    """The worker's COMMIT reaches PostgreSQL, its answer reaches nobody: of the claim, of the outcome, of both."""
    server = urlsplit(database_url)
    with TcpProxy(LOOPBACK, int(str(server.port))) as proxy:
        stack = new_stack(database_url, redis_url)
        desk.teach(stack.settings)
        stack.start(workers={})
        stack.environ["DATABASE_URL"] = proxy.through(database_url)
        stack.start(web=False, dispatcher=0, workers={"replies": 1})
        stack.environ["DATABASE_URL"] = database_url
        client = stack.client()
        for times in (1, 2, 3, 4):
            proxy.cut_after(b"COMMIT", Sender.CLIENT, deliver=True, times=times)
            before = proxy.cuts
            assert client.ask(QUESTION)["result"]["message"]["outcome"] == "answered"
            assert proxy.cuts > before
            proxy.pass_through()
        assert desk.broken(stack) == {}
        assert query(database_url, "SELECT sum(crashes) FROM job") == [(0,)]


def test_a_database_that_is_busy_is_no_fault_of_the_job(stack: Stack) -> None:
    """The table of jobs is locked for a while: nobody crashes, everything is answered."""
    desk.teach(stack.settings)
    del stack.environ["OPENAI_API_KEY"]
    stack.start(workers={"replies": 1})
    client = stack.client()
    client.ask(QUESTION)
    url = stack.environ["DATABASE_URL"]
    jobs = [client.chat(QUESTION)["job"]["id"] for _ in range(3)]
    locker = psycopg2.connect(url)
    locker.cursor().execute("LOCK TABLE job IN ACCESS EXCLUSIVE MODE")
    time.sleep(3)
    locker.close()
    _every_one_answered(stack, jobs)
    assert query(url, "SELECT sum(crashes) FROM job") == [(0,)]
