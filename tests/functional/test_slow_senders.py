"""Senders that never finish a request do not keep everybody else out."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx

from tests.harness.waiting import wait_until

if TYPE_CHECKING:
    from tests.harness.stack import Stack

UNFINISHED_HEAD = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
UNFINISHED_BODY = (
    b"POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"
)


def test_unfinished_requests_give_their_threads_back(stack: Stack) -> None:
    stack.start(dispatcher=0, workers={})
    _a_long_search_is_the_applications_own_to_answer(stack)
    address = urlsplit(stack.url)
    slow = [socket.create_connection((address.hostname, address.port)) for _ in range(16)]
    try:
        for number, connection in enumerate(slow):
            connection.sendall(UNFINISHED_BODY if number % 2 else UNFINISHED_HEAD)
        wait_until(lambda: _answers(stack.url), "the web process answers although sixteen requests never end")
    finally:
        for connection in slow:
            connection.close()


def _a_long_search_is_the_applications_own_to_answer(stack: Stack) -> None:
    """700 accented letters are 4200 bytes of an address, more than gunicorn reads by default."""
    answer = stack.client().get("/api/conversations", params={"q": "é" * 700})
    assert answer.status_code != httpx.codes.REQUEST_URI_TOO_LONG
    assert answer.headers["Content-Type"] in ("application/json", "application/problem+json")


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz", timeout=2).status_code == httpx.codes.OK
    except httpx.TimeoutException:
        return False
