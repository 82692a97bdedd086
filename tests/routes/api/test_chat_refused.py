"""POST /api/chat: what is refused is not kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.harness import application
from tests.harness.api import ApiClient
from tests.routes.api.counted import rows
from tests.routes.api.problem import problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from flask import Flask

    from tests.harness.servers import Servers
    from webapp.settings import Settings

JSON = {"Content-Type": "application/json"}
THREADS = 8


@pytest.mark.parametrize("key", [None, "", "   ", "x" * 201])
def test_a_message_needs_a_key(client: ApiClient, database_url: str, key: str | None) -> None:
    problem(client.post("/api/chat", {"message": "M"}, key=key), 400, "missing_key")
    assert rows(database_url, client) == (0, 0, 0)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "malformed"),
        (b"{", 400, "malformed"),
        (b"null", 422, "invalid"),
        (b"[]", 422, "invalid"),
        (b'["message"]', 422, "invalid"),
        (b'"Bonjour"', 422, "invalid"),
        (b"{}", 422, "invalid"),
        (b'{"message": ""}', 422, "invalid"),
        (b'{"message": " \\n\\t "}', 422, "invalid"),
        ('{"message": "\u3000\u00a0\u2003"}'.encode(), 422, "invalid"),
        (b'{"message": null}', 422, "invalid"),
        (b'{"message": 5}', 422, "invalid"),
        (b'{"message": true}', 422, "invalid"),
        (b'{"message": ["Bonjour"]}', 422, "invalid"),
        (b'{"message": {"text": "Bonjour"}}', 422, "invalid"),
        (b'{"message": NaN}', 422, "invalid"),
        (b'{"message": "a\\u0000b"}', 422, "invalid"),
        (b'{"message": "a\x00b"}', 400, "malformed"),
        (b'{"message": "\\ud800"}', 422, "invalid"),
        (b'{"message": "\xff"}', 400, "malformed"),
        (b'{"message": ' + b"1" * 5000 + b"}", 400, "malformed"),
        (b'{"message": ' + b"[" * 20000 + b"]" * 20000 + b"}", 400, "malformed"),
        (b'{"message": "M", "x": ' + b"[" * 500 + b"]" * 500 + b"}", 422, "invalid"),
        (b'{"message": "M", "role": "staff"}', 422, "invalid"),
        (b'{"message": "M", "owes_reply": false}', 422, "invalid"),
        (b'{"message": "M", "conversation_id": 7}', 422, "invalid"),
        (b'{"message": "M", "conversation_id": ["x"]}', 422, "invalid"),
        (b'{"message": "M", "conversation_id": "a\\u0000"}', 422, "invalid"),
        (b'{"message": "M", "conversation_id": "temp"}', 404, "not_found"),
        (b'{"message": "M", "conversation_id": ""}', 404, "not_found"),
        (b'{"message": "' + b"x" * 8001 + b'"}', 422, "invalid"),
        (b'{"message": "' + b"x" * 200_000 + b'"}', 413, "http_413"),
    ],
)
def test_what_is_no_message_is_refused_and_not_kept(
    client: ApiClient, database_url: str, body: bytes, status: int, code: str
) -> None:
    found = problem(client.post("/api/chat", content=body, headers=JSON), status, code)
    assert rows(database_url, client) == (0, 0, 0)
    assert ("errors" in found) == (status == 422)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_a_message_is_json(client: ApiClient, kind: str) -> None:
    answer_ = client.post("/api/chat", content=b'{"message": "M"}', headers={"Content-Type": kind})
    problem(answer_, 415, "wrong_type")


def test_a_closed_case_takes_no_message(client: ApiClient, database_url: str) -> None:
    case = client.chat("Bonjour")["conversation_id"]
    assert client.post("/api/close_conversation", {"conversation_id": case}).status_code == 202
    before = rows(database_url, client)
    refused = client.post("/api/chat", {"message": "Encore", "conversation_id": case})
    problem(refused, 409, "conversation_closed")
    assert rows(database_url, client) == before


def test_nobody_writes_into_the_case_of_another(
    client: ApiClient, new_client: Callable[[], ApiClient], database_url: str
) -> None:
    case = client.chat("Bonjour")["conversation_id"]
    other = new_client()
    other.register()
    problem(other.post("/api/chat", {"message": "M", "conversation_id": case}), 404, "not_found")
    assert rows(database_url, other) == (0, 0, 0)
    assert len(client.conversation(case)["messages"]) == 1


@pytest.fixture
def away(settings: Settings, servers: Servers, tmp_path: Path) -> Iterator[Flask]:
    """The application, its database at an address where nobody answers."""
    nowhere = settings.database_url.rpartition("@")[0] + "@127.0.0.1:1/none"
    same = {"SECRET_KEY": settings.secret_key, "PORT": str(settings.port)}  # the cookies of one are the other's
    made = application.settings(nowhere, servers.redis_url, tmp_path, **same)
    with application.created(made) as app:
        yield app


def test_without_a_database_nothing_is_promised(
    client: ApiClient, away: Flask, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    browser = ApiClient.over_wsgi(away)
    browser.http.cookies.update(client.http.cookies)
    for answer_ in (
        browser.post("/api/chat", {"message": "Un secret bien gardé"}),
        browser.get("/api/conversations"),
        browser.post("/api/auth/login", {"email": client.email, "password": client.password}),
    ):
        problem(answer_, 503, "unavailable")
    ready = browser.get("/readyz")
    assert (ready.status_code, ready.json()["checks"]["database"]) == (503, "failed")
    assert "Retry-After" in ready.headers
    assert browser.get("/healthz").status_code == 200
    browser.close()
    assert rows(database_url, client) == (0, 0, 0)
    ours = "\n".join(record.getMessage() for record in caplog.records if record.name != "httpx")
    assert "secret" not in ours
    assert client.email not in ours
