"""Signing up, in and out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.harness import application
from tests.harness.api import ApiClient
from tests.harness.servers import query
from tests.routes.api.problem import problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from flask import Flask

    from tests.harness.servers import Servers

WRONG = "wrong"
PASSWORD = "un mot de passe assez long"


def test_registering_signs_in(anonymous: ApiClient) -> None:
    body = {"email": " Camille.MARTIN@Example.com ", "password": PASSWORD, "name": "  Camille  "}
    answer = anonymous.post("/api/auth/register", body)
    assert answer.status_code == 201
    user = answer.json()["user"]
    assert set(user) == {"id", "email", "name", "role"}
    assert (user["email"], user["name"], user["role"]) == ("camille.martin@example.com", "Camille", "client")
    assert anonymous.get("/api/auth/me").json() == {"user": user}


def test_an_address_has_one_account(client: ApiClient, anonymous: ApiClient) -> None:
    for address in (client.email, client.email.upper()):
        body = {"email": address, "password": PASSWORD, "name": "N"}
        problem(anonymous.post("/api/auth/register", body), 409, "email_taken")
    anonymous.login(client.email.upper(), client.password)
    assert anonymous.user == client.user


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("email", wrong) for wrong in ("", "a@b", "nobody", "a b@example.com", f"{'x' * 250}@example.com", 5, None)),
        *(("password", wrong) for wrong in ("", "seven77", "x" * 257, "a\x00bcdefgh", 12345678, None)),
        *(("name", wrong) for wrong in ("", "   ", "x" * 201, "a\x00b", 5, None)),
        *(("role", wrong) for wrong in ("admin", "client")),
        *((name, True) for name in ("active", "id")),
    ],
)
def test_what_cannot_be_registered_is_named(anonymous: ApiClient, field: str, value: object) -> None:
    body = {"email": "new@example.com", "password": PASSWORD, "name": "N"} | {field: value}
    found = problem(anonymous.post("/api/auth/register", body), 422, "invalid")
    assert [fault["field"] for fault in found["errors"]] == [field]
    assert PASSWORD not in str(found)


def test_half_a_character_is_refused_everywhere(anonymous: ApiClient) -> None:
    for path in ("register", "login"):
        body = b'{"email": "half@example.com", "password": "abc\\ud800defgh", "name": "N"}'
        if path == "login":
            body = body.replace(b', "name": "N"', b"")
        answer = anonymous.http.post(f"/api/auth/{path}", content=body, headers={"Content-Type": "application/json"})
        problem(answer, 422, "invalid")


def test_a_wrong_password_and_an_unknown_address_read_the_same(client: ApiClient, anonymous: ApiClient) -> None:
    wrong = anonymous.post("/api/auth/login", {"email": client.email, "password": "wrong"})
    unknown = anonymous.post("/api/auth/login", {"email": "nobody@example.com", "password": "wrong"})
    problem(wrong, 401, "wrong_password")
    assert wrong.content == unknown.content
    assert set(wrong.headers) == set(unknown.headers)
    assert "Set-Cookie" not in wrong.headers


def test_a_deactivated_account_cannot_sign_in_and_reads_no_other_words(
    client: ApiClient, anonymous: ApiClient, database_url: str
) -> None:
    query(database_url, "UPDATE account SET active = false WHERE email = %s", [client.email])
    right = anonymous.post("/api/auth/login", {"email": client.email, "password": client.password})
    wrong = anonymous.post("/api/auth/login", {"email": client.email, "password": "wrong"})
    problem(right, 401, "wrong_password")
    assert right.content == wrong.content


def test_logging_out_ends_the_tokens_themselves(client: ApiClient) -> None:
    kept, csrf = dict(client.http.cookies), client.cookie("csrf_refresh_token").value
    answer = client.post("/api/auth/logout")
    assert (answer.status_code, answer.content) == (204, b"")
    assert dict(client.http.cookies) == {}
    for name, value in kept.items():
        client.http.cookies.set(name, value)
    problem(client.get("/api/auth/me"), 401, "signed_out")
    headers = {"X-CSRF-TOKEN": csrf}
    problem(client.post("/api/auth/refresh", headers=headers), 401, "signed_out")


def test_one_sign_in_ends_without_the_others(client: ApiClient, new_client: Callable[[], ApiClient]) -> None:
    elsewhere = new_client()
    elsewhere.login(client.email, client.password)
    assert client.post("/api/auth/logout").status_code == 204
    assert elsewhere.get("/api/auth/me").status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Origin": "http://localhost"}, 401),
        ({"Sec-Fetch-Site": "same-origin"}, 401),
        ({"Sec-Fetch-Site": "none"}, 401),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://localhost.evil.example"}, 403),
        ({"Origin": "https://localhost"}, 403),
        ({"Origin": "http://localhost:81"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"}, 403),
        ({"Sec-Fetch-Site": "nonsense"}, 403),
    ],
)
@pytest.mark.parametrize("path", ["/api/auth/login", "/api/auth/register", "/login", "/register"])
def test_a_sign_in_comes_from_this_site_or_from_no_browser(
    anonymous: ApiClient, headers: dict[str, str], status: int, path: str
) -> None:
    wrong = {"email": "nobody@example.com", "password": "wrong"}
    registering = "register" in path
    given = wrong | ({"name": "N"} if registering else {})
    sent = {"json": given} if "/api/" in path else {"data": given}
    answer = anonymous.http.post(path, headers=headers, **sent)  # type: ignore[arg-type]  # httpx's own
    allowed = 422 if registering else 401  # the password is too short to register with
    assert answer.status_code == (allowed if registering else status)
    assert not any(name.endswith("access_token") for name in anonymous.http.cookies)


def test_a_foreign_site_registers_nobody(anonymous: ApiClient, database_url: str) -> None:
    body = {"email": "planted@example.com", "password": PASSWORD, "name": "N"}
    problem(
        anonymous.post("/api/auth/register", body, headers={"Origin": "https://evil.example"}), 403, "foreign_origin"
    )
    assert query(database_url, "SELECT 1 FROM account WHERE email = 'planted@example.com'") == []


@pytest.fixture
def limited(database_url: str, servers: Servers, tmp_path: Path) -> Iterator[Flask]:
    """Another process of the same application, with limits."""
    query(database_url, "DELETE FROM throttle")
    with application.created(application.settings(database_url, servers.redis_url, tmp_path)) as app:
        yield app
    query(database_url, "DELETE FROM throttle")


@pytest.fixture
def visitor(limited: Flask) -> Iterator[ApiClient]:
    one = ApiClient.over_wsgi(limited)
    yield one
    one.close()


def _try(visitor: ApiClient, email: str, password: str = WRONG, **headers: str) -> int:
    answer = visitor.post("/api/auth/login", {"email": email, "password": password}, headers=headers)
    if answer.status_code == 429:
        problem(answer, 429, "too_many")
        assert 1 <= int(answer.headers["Retry-After"]) <= 600
    return answer.status_code


def test_guessing_is_stopped_by_account_and_address(
    visitor: ApiClient, client: ApiClient, anonymous: ApiClient
) -> None:
    assert [_try(visitor, client.email) for _ in range(12)] == [401] * 10 + [429] * 2
    assert _try(visitor, client.email.upper(), client.password) == 429
    assert _try(visitor, "another@example.com") == 401
    assert _try(anonymous, client.email, client.password) == 200  # where RATELIMIT_ENABLED is false


def test_a_forged_address_does_not_help_where_no_proxy_is_trusted(visitor: ApiClient, client: ApiClient) -> None:
    forged = [{"X-Forwarded-For": f"10.0.0.{n}", "Forwarded": f"for=10.0.0.{n}"} for n in range(12)]
    assert [_try(visitor, client.email, **headers) for headers in forged][-2:] == [429, 429]


def test_guessing_many_accounts_is_stopped_by_address(visitor: ApiClient, database_url: str) -> None:
    assert _try(visitor, "someone@example.com") == 401
    query(database_url, "UPDATE throttle SET attempts = 60")
    assert _try(visitor, "someone.else@example.com") == 429


def test_registering_is_limited_by_address(visitor: ApiClient, database_url: str) -> None:
    visitor.register()
    query(database_url, "UPDATE throttle SET attempts = 20")
    answer = visitor.post("/api/auth/register", {"email": "one.more@example.com", "password": PASSWORD, "name": "N"})
    problem(answer, 429, "too_many")
    assert query(database_url, "SELECT 1 FROM account WHERE email = 'one.more@example.com'") == []


def test_what_is_counted_names_nobody(visitor: ApiClient, client: ApiClient, database_url: str) -> None:
    _try(visitor, client.email)
    keys = [str(row[0]) for row in query(database_url, "SELECT key FROM throttle")]
    assert len(keys) == 2
    assert all(set(key) <= set("0123456789abcdef") for key in keys)
