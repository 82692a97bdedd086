"""The tokens behind a session: forged, expired, swapped, stolen, renewed."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import jwt as pyjwt
import pytest

from tests.harness import application
from tests.harness.api import ApiClient
from tests.harness.servers import query
from tests.routes.api.problem import problem
from webapp.domain import Role

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import httpx

    from tests.harness.servers import Servers
    from webapp.settings import Settings

ACCESS, CSRF, REFRESH = "access_token", "csrf_access_token", "refresh_token"
PASSED = datetime.now(UTC) - timedelta(days=1)


def _claims(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = pyjwt.decode(token, options={"verify_signature": False})
    return claims


def _unsigned(claims: dict[str, Any]) -> str:
    parts = ({"alg": "none", "typ": "JWT"}, claims)
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts) + "."


def _forgeries(settings: Settings, client: ApiClient) -> dict[str, str]:
    real = client.cookie(ACCESS).value
    claims, key = _claims(real), settings.secret_key
    head, body, signature = real.split(".")
    other_body = base64.urlsafe_b64encode(json.dumps(claims | {"sid": str(uuid4())}).encode()).decode().rstrip("=")
    return {
        "alg none": _unsigned(claims),
        "other key": pyjwt.encode(claims, "another key of at least thirty-two bytes", "HS256"),
        "empty key": _unsigned(claims | {"alg": "HS256"}),
        "other algorithm": pyjwt.encode(claims, key * 2, "HS512"),
        "same key, other algorithm": pyjwt.encode(claims, key, "HS384"),
        "expired": pyjwt.encode(claims | {"exp": PASSED}, key, "HS256"),
        "not yet": pyjwt.encode(claims | {"nbf": datetime.now(UTC) + timedelta(days=1)}, key, "HS256"),
        "refresh as access": client.cookie(REFRESH).value,
        "changed body": f"{head}.{other_body}.{signature}",
        "no signature": f"{head}.{body}.",
        "nobody's session": pyjwt.encode(claims | {"sid": str(uuid4())}, key, "HS256"),
        "no token at all": "x",
        "empty parts": "..",
        "not base64": "%.%.%",
        "huge": "A" * 7000,
    }


def test_forged_tokens_sign_nobody_in(settings: Settings, client: ApiClient, anonymous: ApiClient) -> None:
    for name, token in _forgeries(settings, client).items():
        cookie = f"{client.cookie(ACCESS).name}={token}; {client.cookie(CSRF).name}={client.csrf_token}"
        headers = {"Cookie": cookie, "X-CSRF-TOKEN": client.csrf_token, "Idempotency-Key": "k"}
        answers = [anonymous.http.get("/api/auth/me", headers=headers)]
        answers.append(anonymous.http.post("/api/chat", json={"message": "M"}, headers=headers))
        for answer in answers:
            assert answer.status_code == 401, name
            problem(answer, 401, "signed_out")
        assert anonymous.http.get("/chat", headers=headers).status_code == 303, name
        assert anonymous.http.get("/login", headers=headers).status_code == 200, name


def test_tokens_travel_in_cookies_alone(client: ApiClient, anonymous: ApiClient) -> None:
    token = client.cookie(ACCESS).value
    for options in (
        {"headers": {"Authorization": f"Bearer {token}"}},
        {"params": {"jwt": token, ACCESS: token}},
    ):
        problem(anonymous.http.get("/api/auth/me", **options), 401)  # type: ignore[arg-type]  # httpx's own
    problem(anonymous.http.post("/api/chat", json={ACCESS: token, "message": "M"}), 401)


def _refresh(client: ApiClient, token: str | None = None) -> httpx.Response:
    csrf = client.cookie("csrf_refresh_token").value
    headers: dict[str, Any] = {"X-CSRF-TOKEN": csrf}
    if token is not None:
        headers["Cookie"] = f"{client.cookie(REFRESH).name}={token}"
    return client.http.post("/api/auth/refresh", headers=headers)


def test_refreshing_renews_both_tokens_and_leaves_open_forms_valid(client: ApiClient) -> None:
    refresh, csrf = client.cookie(REFRESH).value, client.csrf_token
    answer = _refresh(client)
    assert answer.json() == {"user": client.user}
    assert answer.headers["Cache-Control"] == "no-store"
    assert client.cookie(REFRESH).value != refresh
    assert client.csrf_token == csrf
    assert _refresh(client).status_code == 200


def test_two_tabs_may_refresh_at_once(client: ApiClient) -> None:
    kept = client.cookie(REFRESH).value
    first, second = _refresh(client, kept), _refresh(client, kept)
    assert (first.status_code, second.status_code) == (200, 200)
    name = client.cookie(REFRESH).name
    assert _claims(first.cookies[name])["rid"] == _claims(second.cookies[name])["rid"]
    assert _refresh(client, second.cookies[name]).status_code == 200


def test_a_used_refresh_token_ends_the_session_of_whoever_copied_it(client: ApiClient, database_url: str) -> None:
    stolen = client.cookie(REFRESH).value
    assert _refresh(client).status_code == 200
    account = [client.user["id"]]
    query(database_url, "UPDATE sign_in SET refreshed_at = now() - interval '11 s' WHERE account_id = %s", account)
    problem(_refresh(client, stolen), 401, "signed_out")
    problem(_refresh(client), 401, "signed_out")
    problem(client.get("/api/auth/me"), 401, "signed_out")


def test_two_refreshes_ago_is_too_old_however_quick(client: ApiClient) -> None:
    stolen = client.cookie(REFRESH).value
    assert [_refresh(client).status_code for _ in range(2)] == [200, 200]
    problem(_refresh(client, stolen), 401, "signed_out")
    problem(client.get("/api/auth/me"), 401, "signed_out")


def test_a_refresh_needs_a_refresh_token(client: ApiClient, anonymous: ApiClient, settings: Settings) -> None:
    problem(_refresh(client, client.cookie(ACCESS).value), 401, "signed_out")
    problem(_refresh(client, "x"), 401, "signed_out")
    expired = _claims(client.cookie(REFRESH).value) | {"exp": PASSED}
    problem(_refresh(client, pyjwt.encode(expired, settings.secret_key, "HS256")), 401, "signed_out")
    problem(anonymous.post("/api/auth/refresh", headers={"X-CSRF-TOKEN": "x"}), 401, "signed_out")


def test_a_role_taken_away_is_gone_at_once(admin: ApiClient, database_url: str) -> None:
    assert admin.get("/api/knowledge/documents").status_code == 200
    query(database_url, "UPDATE account SET role = 'client' WHERE email = %s", [admin.email])
    problem(admin.get("/api/knowledge/documents"), 403, "forbidden")
    assert admin.get("/api/conversations").json()["items"] == []
    assert admin.get("/api/auth/me").json()["user"]["role"] == Role.CLIENT


def test_a_deactivated_account_is_out_at_once(client: ApiClient, database_url: str) -> None:
    query(database_url, "UPDATE account SET active = false WHERE email = %s", [client.email])
    problem(client.get("/api/auth/me"), 401, "signed_out")
    problem(_refresh(client), 401, "signed_out")


def _cookies(answer: httpx.Response) -> dict[str, set[str]]:
    found = {}
    for line in answer.headers.get_list("Set-Cookie"):
        first, *attributes = line.split("; ")
        found[first.partition("=")[0]] = {each for each in attributes if not each.startswith(("Expires", "Max-Age"))}
    return found


BODY = {"email": "cookies@example.com", "password": "un mot de passe", "name": "N"}


def test_cookies_of_development_are_those_of_a_port(anonymous: ApiClient, settings: Settings) -> None:
    """Cookies ignore ports: two copies on one machine would sign each other's people out."""
    cookies = _cookies(anonymous.post("/api/auth/register", BODY))
    port = settings.port
    assert cookies == {
        f"{port}_access_token": {"HttpOnly", "Path=/", "SameSite=Lax"},
        f"{port}_csrf_access_token": {"Path=/", "SameSite=Lax"},
        f"{port}_refresh_token": {"HttpOnly", "Path=/api/auth/refresh", "SameSite=Lax"},
        f"{port}_csrf_refresh_token": {"Path=/", "SameSite=Lax"},
    }


@pytest.fixture
def production(database_url: str, servers: Servers, tmp_path: Path) -> Settings:
    """What production would be with the test's servers, which have short addresses and no TLS in front."""
    of_tests = application.settings(database_url, servers.redis_url, tmp_path, RATELIMIT_ENABLED="false")
    return of_tests.model_copy(
        update={"environment": "production", "public_url": "https://sav.example"}
    ).model_validate(of_tests.model_dump() | {"environment": "production", "public_url": "https://sav.example"})


def test_cookies_of_production_bind_themselves_to_the_host(production: Settings) -> None:
    with application.created(production) as app:
        visitor = ApiClient.over_wsgi(app)
        cookies = _cookies(visitor.post("/api/auth/register", BODY | {"email": "production@example.com"}))
        visitor.close()
    assert cookies == {
        "__Host-access_token": {"HttpOnly", "Secure", "Path=/", "SameSite=Lax"},
        "__Host-csrf_access_token": {"Secure", "Path=/", "SameSite=Lax"},
        "__Secure-refresh_token": {"HttpOnly", "Secure", "Path=/api/auth/refresh", "SameSite=Lax"},
        "__Secure-csrf_refresh_token": {"Secure", "Path=/", "SameSite=Lax"},
    }


def test_the_session_of_one_is_never_that_of_another(new_client: Callable[[], ApiClient]) -> None:
    first, second = new_client(), new_client()
    first.register()
    second.register()
    assert first.get("/api/auth/me").json()["user"]["email"] == first.email
    assert second.get("/api/auth/me").json()["user"]["email"] == second.email
    first.login(second.email, second.password)
    assert first.get("/api/auth/me").json()["user"]["email"] == second.email
