"""What every answer says to browsers and caches."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.harness import application
from tests.harness.api import ApiClient

if TYPE_CHECKING:
    from flask import Flask

    from webapp.settings import Settings

PATHS = ("/login", "/healthz", "/api/auth/me", "/api/openapi.json", "/nothing", "/api/nothing", "/static/nothing.css")


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_forbids_what_it_does_not_need(anonymous: ApiClient, path: str) -> None:
    headers = anonymous.get(path).headers
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert {policy[f"{kind}-src"] for kind in ("script", "style", "img", "connect")} == {"'self'"}
    assert policy["form-action"] == "'self'"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "Strict-Transport-Security" not in headers
    assert "Access-Control-Allow-Origin" not in headers


def test_what_is_somebodys_is_kept_by_no_cache(client: ApiClient) -> None:
    case = client.chat("Bonjour")
    for path in ("/api/auth/me", "/api/conversations", "/chat", f"/chat/{case['conversation_id']}", "/nothing"):
        assert client.get(path).headers["Cache-Control"] == "no-store", path
    for path in (f"/api/jobs/{case['job']['id']}", f"/api/conversations/{case['conversation_id']}"):
        assert client.get(path).headers["Cache-Control"] == "private, no-cache"


def test_files_of_ours_are_kept_when_their_address_names_their_version(anonymous: ApiClient, app: Flask) -> None:
    assert app.static_folder is not None
    name = next(file.name for file in Path(app.static_folder).iterdir() if file.is_file())
    assert anonymous.get(f"/static/{name}").headers["Cache-Control"] == "no-cache"
    assert "immutable" in anonymous.get(f"/static/{name}?v=1").headers["Cache-Control"]


@pytest.mark.parametrize("method", ["PUT", "TRACE", "MADEUP"])
def test_another_method_is_refused(client: ApiClient, method: str) -> None:
    answer = client.request(method, "/api/conversations")
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("hostile", ["evil.example", "localhost:1@evil.example", "localhost\\@evil.example"])
def test_no_answer_repeats_the_host_it_was_asked_under(client: ApiClient, hostile: str) -> None:
    headers = {"Host": hostile, "X-Forwarded-Host": "evil.example", "X-Original-URL": "/evil.example"}
    for path in ("/", "/chat", "/login", "/api/auth/me", "/nothing"):
        answer = client.get(path, headers=headers)
        assert "evil.example" not in answer.text + str(answer.headers)


@pytest.mark.parametrize(
    "elsewhere",
    [
        *("//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example"),
        *("https://evil.example", "http:evil.example", "javascript:alert(1)", "\n//evil.example", " //evil.example"),
    ],
)
def test_signing_in_leads_to_this_site_only(client: ApiClient, anonymous: ApiClient, elsewhere: str) -> None:
    credentials = {"email": client.email, "password": client.password, "next": elsewhere}
    answer = anonymous.post("/login", data=credentials)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/chat")
    assert anonymous.get("/login", params={"next": elsewhere}).headers["Location"] == "/chat"
    assert anonymous.get("/language/en", params={"next": elsewhere}).headers["Location"] == "/"


def test_a_fault_of_ours_is_told_calmly_and_logged_without_what_was_sent(
    client: ApiClient, app: Flask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from webapp.services import messages  # noqa: PLC0415  only this test breaks it

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the machinery")

    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", 0)
    monkeypatch.setattr(messages, "accept", broken)
    answer = client.post("/api/chat", {"message": "Un secret bien gardé"})
    assert (answer.status_code, answer.json()["type"]) == (500, "/problems/http_500")
    assert "machinery" not in answer.text
    assert "machinery" in caplog.text
    assert "secret" not in caplog.text


def test_behind_a_trusted_proxy_the_address_and_the_lock_are_the_visitors(settings: Settings, tmp_path: Path) -> None:
    behind = settings.model_copy(update={"proxy_hops": 1, "data_dir": tmp_path})
    with application.created(behind) as app:
        browser = ApiClient.over_wsgi(app)
        answer = browser.get("/login", headers={"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.1"})
        browser.close()
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=")
