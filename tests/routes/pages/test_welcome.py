from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from tests.harness.servers import query
from tests.routes.pages.forms import fields, soup, submit, text_of

if TYPE_CHECKING:
    from tests.harness.api import ApiClient

NEW = "une autre phrase assez longue"
PATHS = "SELECT request->>'path' FROM job WHERE kind = 'mail' ORDER BY created_at"


def _forget(browser: ApiClient, email: str) -> str:
    answer = submit(browser, browser.get("/forgot"), "/forgot", email=email)
    assert answer.status_code == 200
    return answer.text


def _link(database_url: str) -> str:
    return str(query(database_url, PATHS)[-1][0])


def test_who_forgot_her_password_chooses_another(client: ApiClient, anonymous: ApiClient, database_url: str) -> None:
    assert soup(anonymous.get("/login")).select_one("a[href='/forgot']")
    _forget(anonymous, client.email.upper())
    path = _link(database_url)
    page = anonymous.get(path)
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["Cache-Control"] == "no-store"
    form = soup(page).select_one("main form")
    assert form
    assert "action" not in form.attrs
    answer = anonymous.http.post(path, data={"password": NEW})
    assert answer.headers["Location"] == "/chat"
    assert anonymous.get("/api/auth/me").json()["user"]["email"] == client.email
    assert client.get("/api/auth/me").status_code == 401


def test_a_password_changed_meanwhile_leaves_the_link_opening_nothing(
    client: ApiClient, anonymous: ApiClient, database_url: str
) -> None:
    _forget(anonymous, client.email)
    submit(client, client.get("/account"), "/account/password", current=client.password, password=NEW)
    assert client.get("/account").status_code == 200
    assert anonymous.get(_link(database_url)).status_code == 409
    assert anonymous.http.post(_link(database_url), data={"password": "celui de la boîte mail"}).status_code == 409
    assert anonymous.post("/api/auth/login", {"email": client.email, "password": NEW}).status_code == 200


def test_the_answer_tells_nobody_who_has_an_account(client: ApiClient, anonymous: ApiClient, database_url: str) -> None:
    known, unknown = _forget(anonymous, client.email), _forget(anonymous, "nobody@example.com")
    assert known == unknown
    assert len(query(database_url, PATHS)) == 1


def test_asking_is_limited_alike_for_who_has_an_account_and_who_has_none(
    client: ApiClient, anonymous: ApiClient
) -> None:
    page = anonymous.get("/forgot")
    for email in (client.email, "nobody@example.com"):
        told = [submit(anonymous, page, "/forgot", email=email) for _ in range(6)]
        assert [answer.status_code for answer in told] == [200] * 5 + [429]
        assert int(told[-1].headers["Retry-After"]) > 0
        assert fields(told[-1], "/forgot")["email"] == email


def test_what_is_no_address_is_said(anonymous: ApiClient) -> None:
    page = submit(anonymous, anonymous.get("/forgot"), "/forgot", email="camille")
    assert page.status_code == 422
    assert "complète" in text_of(page, "#email-error")


def test_a_used_link_says_so_and_leads_to_another(client: ApiClient, anonymous: ApiClient, database_url: str) -> None:
    _forget(anonymous, client.email)
    path = _link(database_url)
    anonymous.http.post(path, data={"password": NEW})
    for answer in (client.get(path), client.http.post(path, data={"password": "un voleur passe ici"})):
        assert answer.status_code == 409
        assert text_of(answer, "h1") == "Ce lien ne fonctionne plus"
        assert soup(answer).select_one("main a[href='/forgot']")
        assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert client.get("/welcome/no-such-link").status_code == 409


def test_looking_at_a_link_does_not_use_it_nor_does_a_short_password(
    client: ApiClient, anonymous: ApiClient, database_url: str
) -> None:
    _forget(anonymous, client.email)
    path = _link(database_url)
    anonymous.get(path)
    short = anonymous.http.post(path, data={"password": "court"})
    assert short.status_code == 422
    assert "8 caractères" in text_of(short, "#password-error")
    assert anonymous.http.post(path, data={"password": NEW}).status_code == 303


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Origin": "null"},
        {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
    ],
)
def test_another_site_cannot_send_the_form(
    client: ApiClient, anonymous: ApiClient, database_url: str, headers: dict[str, str]
) -> None:
    _forget(anonymous, client.email)
    path = _link(database_url)
    assert anonymous.http.post(path, data={"password": NEW, "token": "guessed"}, headers=headers).status_code == 403
    assert anonymous.http.post("/forgot", data={"email": client.email}, headers=headers).status_code == 403


def test_a_browser_that_hides_where_it_comes_from_proves_it_by_the_form(
    client: ApiClient, anonymous: ApiClient, database_url: str
) -> None:
    _forget(anonymous, client.email)
    path = _link(database_url)
    token = soup(anonymous.get(path)).select_one("[name=token]")
    assert token
    data = {"password": NEW, "token": str(token["value"])}
    assert client.http.post(path, data=data, headers={"Origin": "null"}).status_code == 403
    assert anonymous.http.post(path, data=data, headers={"Origin": "null"}).status_code == 303


def test_the_secret_is_in_no_log(
    client: ApiClient, anonymous: ApiClient, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    _forget(anonymous, client.email)
    path = _link(database_url)
    ours = logging.getLogger("httpx")
    ours.disabled = True  # the client of these tests names what it asks for
    caplog.clear()
    try:
        anonymous.get(path)
        anonymous.http.post(path, data={"password": "court"})
        anonymous.http.post(path, data={"password": NEW})
        anonymous.get(path)
        anonymous.http.put(path)
    finally:
        ours.disabled = False
    assert path.removeprefix("/welcome/") not in caplog.text
