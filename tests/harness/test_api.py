from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.api import ApiClient, JobNotEndedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from wsgiref.types import StartResponse, WSGIEnvironment


class Desk:
    """A WSGI application that answers from a script and remembers what it was asked."""

    def __init__(self, *script: tuple[str, dict[str, Any]]) -> None:
        self.script = list(script)
        self.asked: list[WSGIEnvironment] = []

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        self.asked.append(environ)
        status, body = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        headers = [("Content-Type", "application/json"), ("ETag", f'"{len(self.asked)}"')]
        headers.append(("Set-Cookie", "csrf_access_token=a-token; Path=/"))
        start_response(status, headers)
        return [] if status.startswith("304") else [json.dumps(body).encode()]


def job(status: str) -> tuple[str, dict[str, Any]]:
    return "200 OK", {"id": "7", "status": status, "poll_after_ms": 10}


@pytest.fixture
def desk() -> Desk:
    return Desk(("201 CREATED", {"user": {"id": "1"}}))


@pytest.fixture
def api(desk: Desk) -> Iterator[ApiClient]:
    one = ApiClient.over_wsgi(desk)
    yield one
    one.close()


def test_unsafe_calls_carry_the_csrf_token_and_a_new_key_each(api: ApiClient, desk: Desk) -> None:
    api.register()
    api.post("/api/chat", {"message": "Bonjour"})
    api.post("/api/chat", {"message": "Bonjour"}, key="mine")
    api.post("/api/chat", {"message": "Bonjour"}, key=None)
    first, second, third, fourth = desk.asked
    assert "HTTP_X_CSRF_TOKEN" not in first
    assert second["HTTP_X_CSRF_TOKEN"] == "a-token"
    assert second["HTTP_IDEMPOTENCY_KEY"] != first["HTTP_IDEMPOTENCY_KEY"]
    assert third["HTTP_IDEMPOTENCY_KEY"] == "mine"
    assert "HTTP_IDEMPOTENCY_KEY" not in fourth


def test_a_wrong_status_is_an_error_with_the_answer(api: ApiClient, desk: Desk) -> None:
    desk.script = [("409 CONFLICT", {"title": "déjà prise"})]
    with pytest.raises(AssertionError, match="409"):
        api.register()


def test_a_job_is_polled_with_its_etag_until_it_ends(api: ApiClient, desk: Desk) -> None:
    desk.script = [job("queued"), ("304 NOT MODIFIED", {}), job("running"), job("succeeded")]
    assert api.wait_job("7")["status"] == "succeeded"
    assert [asked.get("HTTP_IF_NONE_MATCH") for asked in desk.asked] == [None, '"1"', '"1"', '"3"']


def test_a_job_that_never_ends_is_an_error(api: ApiClient, desk: Desk) -> None:
    desk.script = [job("running")]
    with pytest.raises(JobNotEndedError, match="running"):
        api.wait_job("7", seconds=0.05)
