"""Nothing is changed by a request that does not carry the token of its own session."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.guards.calls import BODIES, Objects, filled, objects
from tests.guards.test_access import EXPECTED, WHO
from tests.harness.servers import query

if TYPE_CHECKING:
    import httpx
    from flask import Flask
    from werkzeug.test import TestResponse

    from tests.harness.api import ApiClient

# A visitor has no session to protect: these look at where the request comes from instead.
OPENS_A_SESSION = {
    *("POST /api/auth/login", "POST /api/auth/register", "POST /login", "POST /register"),
    *("POST /forgot", "POST /welcome/<secret>"),
}
CHANGES = sorted(
    route
    for route in EXPECTED
    if not route.startswith("GET ") and route not in OPENS_A_SESSION and "refresh" not in route
)


def _without_token(client: ApiClient, route: str, own: Objects, token: str | None) -> httpx.Response:
    method, _, path = route.partition(" ")
    body = dict(BODIES.get(route, {}))
    body |= filled(body, own)
    headers = {"Idempotency-Key": "k"} | ({} if token is None else {"X-CSRF-TOKEN": token})
    return client.http.request(method, own.fill(path), headers=headers, **body)


@pytest.fixture
def people(client: ApiClient, staff: ApiClient, admin: ApiClient) -> dict[str, ApiClient]:
    return {"owner": client, "staff": staff, "admin": admin}


@pytest.mark.parametrize("route", CHANGES)
def test_a_change_needs_the_token_of_its_own_session(
    route: str, people: dict[str, ApiClient], database_url: str
) -> None:
    client, staff = people["owner"], people["staff"]
    expected = dict(zip(WHO, EXPECTED[route].split(), strict=True))
    name = next(name for name in people if expected[name] != "403")
    caller, another = people[name], staff if name == "owner" else client
    own = objects(client, database_url)
    before = _everything(database_url)
    for token in (None, "", "wrong", another.csrf_token):
        assert _without_token(caller, route, own, token).status_code == 403, token
    assert _everything(database_url) == before
    assert str(_without_token(caller, route, own, caller.csrf_token).status_code) == expected[name]


def _everything(database_url: str) -> object:
    return query(
        database_url,
        "SELECT (SELECT count(*) FROM message), (SELECT count(*) FROM job), (SELECT count(*) FROM document),"
        " (SELECT sum(version) FROM conversation), (SELECT count(*) FROM document WHERE state = 'deleted'),"
        " (SELECT count(*) FROM sign_in WHERE ended_at IS NOT NULL), (SELECT count(feedback) FROM message)",
    )


def test_a_planted_cookie_does_not_help(client: ApiClient) -> None:
    name = client.cookie("csrf_access_token").name
    client.http.cookies.set(name, "planted", domain="localhost.local", path="/")
    planted = client.http.post(
        "/api/chat", json={"message": "M"}, headers={"X-CSRF-TOKEN": "planted", "Idempotency-Key": "k"}
    )
    assert planted.status_code == 403


def test_refreshing_needs_it_too(app: Flask, client: ApiClient) -> None:
    for headers in ({}, {"X-CSRF-TOKEN": "wrong"}):
        assert client.http.post("/api/auth/refresh", headers=headers).status_code == 403
    assert _with_header(app, client, "/api/auth/refresh", "é").status_code == 403


def _with_header(app: Flask, client: ApiClient, path: str, token: str) -> TestResponse:
    """What comes of a header with any bytes, which httpx cannot send to an application in this process."""
    cookies = "; ".join(f"{name}={value}" for name, value in client.http.cookies.items())
    headers = {"Cookie": cookies, "X-CSRF-TOKEN": token, "Idempotency-Key": "k"}
    return app.test_client(use_cookies=False).post(path, json={"message": "M"}, headers=headers)


def test_a_token_that_is_no_ascii_is_a_wrong_one(app: Flask, client: ApiClient) -> None:
    """The library cannot compare such a one, and a page of the refusal looks for its reader by the same token."""
    refused = _with_header(app, client, "/api/chat", "é")
    assert (refused.status_code, refused.json and refused.json["type"]) == (403, "/problems/csrf")
    assert _with_header(app, client, "/api/chat", client.csrf_token).status_code == 202
    for path in ("/account", "/chat"):
        page = client.http.post(path, data={"csrf_token": "é"})
        assert (page.status_code, page.headers["Content-Type"]) == (403, "text/html; charset=utf-8")
        assert "<h1" in page.text


def test_no_link_signs_anybody_out(client: ApiClient) -> None:
    for path in ("/logout", "/api/auth/logout"):
        assert client.get(path).status_code == 405
    assert client.get("/api/auth/me").status_code == 200
